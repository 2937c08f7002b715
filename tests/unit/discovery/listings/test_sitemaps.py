"""Sitemaps, indexes, the news extension, gzip, lists, and what is none of them."""

from __future__ import annotations

import base64
import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.core.errors import FeedError
from pipeline.core.models import Interval, Moment
from pipeline.discovery.listings.sitemaps import (
    MAX_DECODED_BYTES,
    ChildSitemap,
    Sitemap,
    children_for,
    is_older,
    newer_children,
    period_of,
    read_sitemap,
)

URL = "https://site.example/sitemap.xml"
PLAIN = "http://www.sitemaps.org/schemas/sitemap/0.9"
NEWS = "http://www.google.com/schemas/sitemap-news/0.9"


def read(text: str | bytes) -> Sitemap:
    return read_sitemap(text.encode() if isinstance(text, str) else text, url=URL, source_id="one")


def urlset(*urls: str) -> str:
    return f'<?xml version="1.0"?><urlset xmlns="{PLAIN}" xmlns:news="{NEWS}">{"".join(urls)}</urlset>'


def test_a_news_sitemap_tells_title_time_language_and_publisher() -> None:
    (entry,) = read(
        urlset(
            "<url><loc>https://site.example/a</loc><news:news><news:publication><news:name>The Site</news:name>"
            "<news:language>en</news:language></news:publication><news:publication_date>2026-11-20T12:10:00+02:00</news:publication_date>"
            "<news:title>Tin &amp; copper</news:title><news:keywords>metal, trade</news:keywords></news:news></url>"
        )
    ).entries
    assert (entry.url, entry.via, entry.source_id) == ("https://site.example/a", "sitemap", "one")
    assert entry.title == "Tin & copper"
    assert entry.published == Moment(datetime(2026, 11, 20, 10, 10, tzinfo=UTC), "second")
    assert (entry.language, entry.publisher, entry.keywords) == ("en", "The Site", ("metal", "trade"))


def test_an_index_lists_its_sitemaps() -> None:
    index = read(
        f'<sitemapindex xmlns="{PLAIN}"><sitemap><loc>/2026-11.xml</loc><lastmod>2026-11-20</lastmod></sitemap>'
        "<sitemap><loc>https://site.example/old.xml</loc></sitemap></sitemapindex>"
    )
    assert index.children == (
        ChildSitemap("https://site.example/2026-11.xml", datetime(2026, 11, 20, tzinfo=UTC)),
        ChildSitemap("https://site.example/old.xml"),
    )


def test_only_newer_children_are_worth_a_request() -> None:
    def day(number: int) -> datetime:
        return datetime(2026, 11, number, tzinfo=UTC)

    children = (ChildSitemap("a", day(1)), ChildSitemap("b", day(18)), ChildSitemap("c"), ChildSitemap("d", day(20)))
    assert [child.url for child in newer_children(Sitemap(children=children), than=day(18))] == ["d", "b", "c"]


HOUR = Interval.parse("2026-11-18T12")


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("sitemap-2026-11.xml", "2026-11-01", "2026-11-30"),
        ("sitemap-pt-post-p1-2026-11.xml", "2026-11-01", "2026-11-30"),
        ("2026/11/sitemap.xml", "2026-11-01", "2026-11-30"),
        ("202611.xml.gz", "2026-11-01", "2026-11-30"),
        ("news_2026_11-1.xml", "2026-11-01", "2026-11-30"),
        ("sitemap.xml?yyyy=2026&mm=11", "2026-11-01", "2026-11-30"),
        ("sitemap.xml?year=2026&month=2", "2026-02-01", "2026-02-28"),
        ("sitemap-2026-11-18.xml", "2026-11-18", "2026-11-18"),
        ("2026/11/18/sitemap.xml", "2026-11-18", "2026-11-18"),
        ("20261118.xml", "2026-11-18", "2026-11-18"),
        ("sitemap.xml?yyyy=2026&mm=11&dd=18", "2026-11-18", "2026-11-18"),
        ("sitemap_2026-11-01_2026-11-15.xml", "2026-11-01", "2026-11-15"),
        ("sitemap-2026.xml", None, None),
        ("sitemap-2026-1.xml", None, None),
        ("sitemap-12345678.xml", None, None),
        ("sitemap-2026-02-31.xml", None, None),
        ("sitemap-news.xml", None, None),
    ],
)
def test_a_sitemap_s_address_names_months_and_days(name: str, first: str | None, last: str | None) -> None:
    """Of the publisher's own zone: a day begins up to 14 hours before UTC's and ends up to 12 after it."""
    period = period_of(f"https://site.example/{name}")
    if first is None or last is None:
        assert period is None
    else:
        start, end = (datetime.fromisoformat(day).replace(tzinfo=UTC) for day in (first, last))
        assert period == (start - timedelta(hours=14), end + timedelta(hours=36))


def test_an_interval_asks_for_the_children_that_may_list_it_the_likeliest_first() -> None:
    at = datetime(2026, 11, 18, 12, tzinfo=UTC)
    children = [
        ChildSitemap("https://site.example/unknown.xml"),
        ChildSitemap("https://site.example/later.xml", at + timedelta(days=2)),
        ChildSitemap("https://site.example/2026-10.xml", at + timedelta(days=2)),
        ChildSitemap("https://site.example/soon.xml", at + timedelta(minutes=1)),
        ChildSitemap("https://site.example/before.xml", at - timedelta(minutes=1)),
        ChildSitemap("https://site.example/2026-11.xml", at + timedelta(days=2)),
        ChildSitemap("https://site.example/that-day.xml", datetime(2026, 11, 18, tzinfo=UTC)),
        ChildSitemap("https://site.example/2026-12.xml"),
    ]
    asked = children_for(Sitemap(children=tuple(children)), HOUR)
    names = [child.url.rpartition("/")[2] for child in asked]
    assert names == ["2026-11.xml", "that-day.xml", "soon.xml", "later.xml", "unknown.xml"]
    assert [child.url.rpartition("/")[2] for child in children if is_older(child, HOUR)] == ["2026-10.xml", "before.xml"]


def test_gzip_and_lists_of_urls_are_read() -> None:
    text = urlset("<url><loc>https://site.example/a</loc></url>")
    assert read(gzip.compress(text.encode())) == read(text)
    half = len(text) // 2
    assert read(gzip.compress(text[:half].encode()) + gzip.compress(text[half:].encode())) == read(text)
    assert read(gzip.compress(gzip.compress(text.encode()))) == read(text)
    assert read(gzip.compress(text.encode()) + bytes(100)) == read(text)
    assert [entry.url for entry in read("https://site.example/a\nhttps://site.example/b\n").entries] == [
        "https://site.example/a",
        "https://site.example/b",
    ]


def test_one_bad_url_costs_one_url() -> None:
    sitemap = read(urlset("<url><loc>javascript:alert(1)</loc></url>", "<url></url>", "<url><loc>https://site.example/a</loc></url>"))
    assert [entry.url for entry in sitemap.entries] == ["https://site.example/a"]
    assert sitemap.unlinked == 2


def test_a_url_that_stands_twice_counts_once() -> None:
    one = "<url><loc>https://site.example/a</loc></url>"
    assert len(read(urlset(one, one)).entries) == 1


ENTRY = "<url><loc>https://site.example/{}?a=1&amp;b=2</loc></url>"


@pytest.mark.parametrize(
    "document",
    [
        "\n  <?xml version='1.0'?><urlset>{}{}</urlset>",
        "<?xml version='1.0'?>\n<?xml version='1.0' encoding='UTF-8'?><urlset>{}{}</urlset>",
        "<br />\n<b>Warning</b>: include() in <b>x.php</b> on line 3<br />\n<?xml version='1.0'?><urlset>{}{}</urlset>",
        "Notice: Undefined index in x.php\n<urlset>{}{}</urlset>",
        "<urlset>{}</urlset>\n<?xml version='1.0'?><urlset>{}</urlset>",
        "<urlset>\x0b{}<image:image/>{}</urlset>",
        "<html><body><urlset>{}{}</urlset></body></html>",
        "<urlset>{}{}</urlset>\n<!-- cached --><script>var x = 1 && 2</script>",
        "<urlset>{}{}<url><loc>https://site.exam",
    ],
)
def test_what_is_wrong_around_the_urls_costs_none_of_them_its_query(document: str) -> None:
    entries = read(document.format(ENTRY.format("a"), ENTRY.format("b"))).entries
    assert [entry.url for entry in entries] == ["https://site.example/a?a=1&b=2", "https://site.example/b?a=1&b=2"]


def test_a_sitemap_in_utf_16_is_read() -> None:
    assert len(read_sitemap(f"<urlset>{ENTRY.format('a')}</urlset>".encode("utf-16"), url=URL, source_id=None).entries) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>Not found</body></html>",
        b"hello",
        b"\x1f\x8bbroken",
        b'<!DOCTYPE urlset [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><urlset><url><loc>&b;</loc></url></urlset>',
        gzip.compress(b"<urlset>" + b" " * (MAX_DECODED_BYTES + 1)),
        b'{"version": "https://jsonfeed.org/version/1"}',
    ],
    ids=["empty", "html", "text", "broken gzip", "entity bomb", "gzip bomb", "json"],
)
def test_what_is_no_sitemap_is_refused(body: bytes) -> None:
    with pytest.raises(FeedError, match=r"site\.example"):
        read(body)


def test_the_sitemaps_of_other_suites_are_read(shared: Path) -> None:
    read_count = refused = 0
    for name in ("sitemaps_crawler_commons", "trafilatura_resources"):
        with gzip.open(shared / "corpora" / "feeds" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
            for row in map(json.loads, file):
                body = base64.b64decode(row["data_b64"]) if "data_b64" in row else row["data"].encode()
                try:
                    sitemap = read_sitemap(body, url=URL, source_id=None)
                except FeedError:
                    refused += 1
                    assert "sitemap" not in row["file"]
                else:
                    read_count += 1
                    assert sitemap.entries or sitemap.children
    assert (read_count, refused) == (10, 4)
