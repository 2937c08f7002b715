"""The feeds that a page declares or links to. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from pipeline.extraction.pages import Page
from pipeline.text.urls import join, registered_domain

FEED_TYPES = {
    "application/rss+xml": "rss",
    "application/atom+xml": "atom",
    "application/rdf+xml": "rss",
    "application/feed+json": "json",
    "application/json": "json",
    "text/xml": "rss",
    "application/xml": "rss",
}
COMMON_PATHS = ("/feed", "/rss", "/rss.xml", "/feed.xml", "/atom.xml", "/index.xml", "/feed.json", "/feeds/posts/default")
"""Paths of feeds that a site may have without declaring them: the defaults of WordPress, Drupal, Jekyll, Hugo, Ghost and Blogger."""
FEED_PATH = re.compile(r"(?:^|[/._-])(?:rss|feeds?|atom|rdf)(?:[/._-]|$)|\.(?:rss|rdf|atom)$", re.IGNORECASE)
"""A path that contains a word for feed as a word of its own: `/rss.xml`, `/feed/`, `/news-feed`."""
FEED_TEXT = re.compile(r"(?:RSS|Atom|Feed)(?:[ -]?feeds?)?$", re.IGNORECASE)
"""The text of a link to a feed."""


@dataclass(frozen=True, slots=True)
class FeedLink:
    """A feed that a page declares with `<link rel="alternate">` (RSS Advisory Board, "RSS Autodiscovery")."""

    url: str
    type: str
    title: str | None


def feed_links(page: Page) -> tuple[FeedLink, ...]:
    """The feeds that a page declares in document order, but comment feeds and feeds of this page alone last."""
    if page.tree is None:
        return ()
    found: dict[str, FeedLink] = {}
    for element in page.tree.iter("link"):
        relations = (element.get("rel") or "").lower().split()
        kind = FEED_TYPES.get((element.get("type") or "").partition(";")[0].strip().lower())
        address = join(page.base, element.get("href") or "")
        if kind is None or address is None or not {"alternate", "feed"} & set(relations):
            continue
        if kind == "json" and "json" in (element.get("type") or "") and "oembed" in address.lower() + (element.get("type") or "").lower():
            continue
        if "/wp-json/" in address:  # WordPress declares its API the same way
            continue
        found.setdefault(address, FeedLink(address, kind, " ".join((element.get("title") or "").split()) or None))
    return tuple(sorted(found.values(), key=lambda link: _rank(link, page.url)))


@dataclass(frozen=True, slots=True)
class SiteLinks:
    """What a page shows of its site: `declared` feeds, links (`anchors`) that look like feeds, and the registered domains it links to."""

    declared: tuple[FeedLink, ...] = ()
    anchors: tuple[str, ...] = ()
    domains: frozenset[str] = frozenset()


def site_links(page: Page) -> SiteLinks:
    """The declared feeds, the links whose URL or text names a feed (each once, in document order), and all linked domains."""
    if page.tree is None:
        return SiteLinks()
    anchors: dict[str, None] = {}
    domains: set[str] = set()
    for element in page.tree.iter("a", "link"):
        address = join(page.base, element.get("href") or "")
        if address is None:
            continue
        domains.add(registered_domain(address))
        if element.tag == "a" and (FEED_PATH.search(urlsplit(address).path) or FEED_TEXT.match(element.text_content().strip())):
            anchors.setdefault(address)
    return SiteLinks(feed_links(page), tuple(anchors), frozenset(domains - {""}))


def _rank(link: FeedLink, url: str) -> tuple[bool, bool, bool]:
    words = f"{link.url} {link.title or ''}".lower()
    is_comments = "comment" in words or "kommentar" in words
    is_of_page = link.url.startswith(url.rstrip("/") + "/") and url.count("/") > 3
    return is_comments, is_of_page, registered_domain(link.url) != registered_domain(url)
