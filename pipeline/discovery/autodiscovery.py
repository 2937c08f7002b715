"""The feeds that a page declares in its head, and what the address of a feed says of its scope. Pure."""

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
"""Where a site that declares no feed usually keeps one: the addresses that WordPress, Drupal, Jekyll, Hugo, Ghost and Blogger choose."""


WHOLE_SITE_WORDS = frozenset(
    re.findall(
        r"\S+",
        """
        feed feeds rss rss2 rss_full rssfeed rdf atom xml index default all full main home homepage frontpage front top latest news newsfeed
        headlines stories articles posts blog blogs en de fr es it pt nl ru uk us int
        """,
    )
)
"""Words in feed addresses that name no section of a site: formats, front pages, languages."""


def is_of_whole_site(feed: str) -> bool:
    """Whether a feed's address names no section of its site: then the site's sitemaps and archived pages stand for the feed.

    Both errors cost: a section's feed that is taken for the whole site's brings in articles of other sections; a whole site's feed that is
    taken for a section's loses the sitemaps as an origin. A word that is part of the host's name is no section.
    """
    parts = urlsplit(feed)
    host = (parts.hostname or "").lower()
    words = [word for segment in parts.path.lower().split("/") for word in re.split(r"[.\-~]", segment) if word]
    return not parts.query and all(word in WHOLE_SITE_WORDS or word in host for word in words)


FEED_PATH = re.compile(r"(?:^|[/._-])(?:rss|feeds?|atom|rdf)(?:[/._-]|$)|\.(?:rss|rdf|atom)$", re.IGNORECASE)
"""A URL's path that looks like a feed's, as a word of its own: `/rss.xml`, `/feed/`, `/news-feed`."""
FEED_TEXT = re.compile(r"(?:RSS|Atom|Feed)(?:[ -]?feeds?)?$", re.IGNORECASE)
"""The words of a link that leads to a feed."""


@dataclass(frozen=True, slots=True)
class FeedLink:
    """A feed that a page declares with `<link rel="alternate">` (RSS Advisory Board, "RSS Autodiscovery")."""

    url: str
    type: str
    title: str | None


def feed_links(page: Page) -> tuple[FeedLink, ...]:
    """The feeds that a page declares, best first: the site's own before comment feeds and feeds of this one page, in document order."""
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
    """What a page tells of its site: declared feeds, addresses in its text that look like feeds, and the registered domains it links to."""

    declared: tuple[FeedLink, ...] = ()
    anchors: tuple[str, ...] = ()
    domains: frozenset[str] = frozenset()


def site_links(page: Page) -> SiteLinks:
    """The declared feeds, the links whose address or words say feed (each once, in document order), and all linked domains."""
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
