"""Sitemaps, OPML, addresses and headers with 100 kB of one character or word in a field: each is read in bounded time.

Each day of the week tries a seventh of the table. Feeds have theirs in test_hostile_feeds.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from xml.sax.saxutils import escape, quoteattr

import pytest

from pipeline.core.errors import PipelineError
from pipeline.discovery import autodiscovery, broken_xml, opml, polling, whole_sites
from pipeline.discovery.health import repairs
from pipeline.discovery.listings import entry_aliases, sitemaps
from pipeline.extraction.pages import read_page
from tests.hostile import DAY, grows_at_most_in_proportion, texts_of_the_day

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SITE = "https://one.example/"
SITEMAP = (
    "<?xml version='1.0'?><urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9' "
    "xmlns:news='http://www.google.com/schemas/sitemap-news/0.9' "
    "xmlns:image='http://www.google.com/schemas/sitemap-image/1.1'><url><loc>https://one.example/a</loc>@</url></urlset>"
)
Reader = Callable[[str], object]


def clean(text: str) -> str:
    """`text` without surrogates, which no XML document can hold."""
    return text.encode("utf-8", "ignore").decode()


def in_sitemap(tag: str) -> Reader:
    def read(text: str) -> object:
        body = SITEMAP.replace("@", f"<{tag}>{escape(clean(text))}</{tag}>")
        return sitemaps.read_sitemap(body.encode(), url=f"{SITE}s.xml", source_id="one")

    return read


def in_outline(attribute: str) -> Reader:
    def read(text: str) -> object:
        others = " xmlUrl='https://one.example/f'" if attribute != "xmlUrl" else ""
        outline = f"<opml><body><outline{others} {attribute}={quoteattr(clean(text))}/></body></opml>"
        return opml.read_opml(outline.encode(), path="f.opml")

    return read


def in_page(element: str) -> Reader:
    def read(text: str) -> object:
        html = f"<html><head><title>a</title></head><body>{element.replace('@', text)}<p>a</p></body></html>"
        page = read_page(html.encode("utf-8", "replace"), url=SITE, content_type="text/html")
        return autodiscovery.feed_links(page), autodiscovery.site_links(page)

    return read


FIELDS: dict[str, Reader] = {
    **{
        f"sitemap {tag}": in_sitemap(tag) for tag in ("loc", "lastmod", "news:title", "news:publication_date", "news:keywords", "image:loc")
    },
    **{f"outline {name}": in_outline(name) for name in ("text", "title", "xmlUrl", "htmlUrl")},
    "sitemap": lambda text: sitemaps.read_sitemap(text.encode("utf-8", "replace"), url=f"{SITE}s.xml", source_id="one"),
    "OPML": lambda text: opml.read_opml(text.encode("utf-8", "replace"), path="f.opml"),
    "feed link": in_page("<link rel=alternate type='application/rss+xml' href='@' title='@'>"),
    "link": in_page("<a href='@'>@</a>"),
    "references": lambda text: broken_xml.repair_references(text.encode("utf-8", "replace")),
    "half characters": lambda text: broken_xml.without_half_characters(text.encode("utf-8", "replace")),
    "prefixes": lambda text: broken_xml.declare_prefixes(text.encode("utf-8", "replace"), {}),
    "guid": lambda text: entry_aliases.entry_alias(text, f"{SITE}a"),
    "entry's address": lambda text: entry_aliases.entry_alias("guid", SITE + text),
    "section": lambda text: repairs.section_words(SITE + text),
    "period": lambda text: sitemaps.period_of(SITE + text),
    "feed of a site": lambda text: whole_sites.is_of_whole_site(SITE + text),
    "address of an outline": opml.feed_address,
    "Cache-Control": lambda text: polling.freshness_s({"cache-control": text}, now=NOW),
    "Expires": lambda text: polling.freshness_s({"expires": text}, now=NOW),
    "ttl": lambda text: polling.period_s(text, update_period=text, update_frequency=text),
    "Retry-After": lambda text: polling.retry_after({"retry-after": text}, now=NOW),
}


@pytest.mark.parametrize(("number", "name"), [pytest.param(*field, id=f"{field[1]}-{DAY}") for field in enumerate(FIELDS)])
def test_a_field_of_a_hundred_kilobytes_is_read_in_bounded_time(number: int, name: str) -> None:
    def read(text: str) -> None:
        try:
            FIELDS[name](text.replace("'", ""))
        except PipelineError:
            return  # refused in bounded time as well

    read("word")
    for text in texts_of_the_day(number):
        grows_at_most_in_proportion(read, text, ends=("~x",))
