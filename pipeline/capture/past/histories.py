"""A source's own listings of a past interval: its sitemaps, and the further pages of its feeds.

Part of the capture stage. Each function reads the documents it needs through `KeptDocuments` and returns the entries dated inside the
interval. `pipeline.capture.past.origins` decides whether another origin is asked.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache

from pipeline.capture.past.kept_documents import Document, KeptDocuments, OriginListing, content_of
from pipeline.capture.source_sessions import SourceSession
from pipeline.core.models import Entry, Interval, Outcome
from pipeline.core.workers import BoundedReader
from pipeline.discovery.listings.feeds import Feed
from pipeline.discovery.listings.readers import read_feed, read_sitemap
from pipeline.discovery.listings.sitemaps import Sitemap, children_for, is_older
from pipeline.discovery.whole_sites import is_of_whole_site
from pipeline.lake.manifests import FeedState
from pipeline.text.urls import join

MAX_DEPTH = 3
"""Levels of sitemaps that are read: the protocol allows an index and its sitemaps (two), but some sites have indexes of indexes."""
KEPT_FEEDS = 256
"""Parsed pages of feeds in a cache: the hours of a month read the same pages. One takes ten milliseconds to parse and 0.1 MB to keep."""


def from_sitemaps(session: SourceSession, documents: KeptDocuments, interval: Interval) -> OriginListing:
    """The pages that the source's sitemaps date inside `interval`, by publication date, or by lastmod without one.

    A source without sitemaps in the catalogue has those that robots.txt names, unless it is a section of its site. The sitemaps cover the
    interval when each that may list it could be read, and they have both a page older than the interval and one that is not: a sitemap that
    the site no longer updates proves nothing.
    """
    source = session.source
    hosts = dict.fromkeys(join(url, "/") or url for url in source.feeds if is_of_whole_site(url))
    named = source.sitemaps or tuple(url for host in hosts for url in session.fetcher.sitemaps_of(host, pace_s=source.pace_s))
    roots = tuple(dict.fromkeys(named))
    found = _SitemapPages(interval)
    queue = deque((url, 0) for url in roots)
    asked: set[str] = set()
    states: list[FeedState] = []
    while queue:
        url, depth = queue.popleft()
        if url in asked:
            continue
        if len(asked) >= session.settings.history_pages:
            found.is_whole = False
            break
        asked.add(url)
        sitemap = _read_sitemap(session, documents.read(session, url, "sitemap"))
        if url in roots:
            states.append(state_of(session, url))
        queue.extend((child, depth + 1) for child in found.children_after(sitemap, root=url, is_deep=depth + 1 >= MAX_DEPTH))
    covers = bool(roots) and found.is_whole and found.reaches_back and found.reaches_on
    return OriginListing(tuple(found.entries.values()), covers, tuple(states))


@dataclass(slots=True)
class _SitemapPages:
    """The pages of the interval in the sitemaps read so far."""

    interval: Interval
    entries: dict[str, Entry] = field(default_factory=dict)
    reaches_back: bool = False
    """Whether the sitemaps list a page older than the interval."""
    reaches_on: bool = False
    """Whether they list a page that is not older."""
    is_whole: bool = True
    """Whether every sitemap that may list the interval could be read."""

    def children_after(self, sitemap: Sitemap | None, *, root: str, is_deep: bool) -> Sequence[str]:
        """Add the sitemap's pages (None: it could not be read); returns the addresses of the sitemaps to read next."""
        if sitemap is None:
            self.is_whole = False
            return ()
        for entry in sitemap.entries:
            self._take(entry, root)
        wanted = children_for(sitemap, self.interval)
        self.reaches_back |= any(is_older(child, self.interval) for child in sitemap.children)
        self.reaches_on |= any(child.changed is not None for child in wanted)
        self.is_whole &= not (wanted and is_deep)
        return () if is_deep else [child.url for child in wanted]

    def _take(self, entry: Entry, listing: str) -> None:
        dated = entry.published or entry.modified
        if dated is None:
            return
        self.reaches_back |= dated.value < self.interval.start
        self.reaches_on |= dated.value >= self.interval.start
        if self.interval.holds(dated.value):
            self.entries.setdefault(entry.url, with_listing(entry, by=listing))


def from_pages(session: SourceSession, documents: KeptDocuments, interval: Interval) -> OriginListing:
    """The entries of the source's feeds dated inside `interval`, from as many pages as are needed to reach it.

    Entries of a feed's first page, the feed itself, that are dated outside the interval are `others`. The feeds cover the interval when
    each of them was read down to an older entry or to its last page.
    """
    feeds = [_read_back(session, documents, interval, url) for url in session.source.feeds]
    return OriginListing(
        entries=tuple(entry for feed in feeds for entry in feed.entries),
        covers=bool(feeds) and all(feed.covers for feed in feeds),
        states=tuple(state for feed in feeds for state in feed.states),
        others=tuple(entry for feed in feeds for entry in feed.others),
    )


def _read_back(session: SourceSession, documents: KeptDocuments, interval: Interval, url: str) -> OriginListing:
    first = documents.read(session, url, "feed")
    feed = read_feed_document(session, first)
    states = (state_of(session, url),)
    if feed is None:
        return OriginListing(states=states)
    seen, asked, page = {entry.url for entry in feed.entries}, {url}, 1
    document, covers = first, reaches_behind(feed.entries, interval.start)
    inside = {entry.url: with_listing(entry, by=url) for entry in feed.entries if _is_inside(entry, interval)}
    others = tuple(with_listing(entry, by=url) for entry in feed.entries if not _is_inside(entry, interval))
    while not covers and page < session.settings.history_pages:
        page += 1
        following = feed.older or _paged(url, session.source.paging, page)
        if following is None or following in asked:
            covers = page > 2 and following is None
            break
        asked.add(following)
        # a kept page that is older than the page before it may lack entries that moved to it later
        document = documents.read(session, following, "feed", since=document.at)
        read = read_feed_document(session, document)
        if read is None:
            covers = document.outcome.status in (404, 410)  # there was no further page
            break
        feed = read
        new = [entry for entry in feed.entries if entry.url not in seen]
        if not new:
            break
        seen.update(entry.url for entry in new)
        inside |= {entry.url: with_listing(entry, by=url) for entry in new if _is_inside(entry, interval)}
        covers = reaches_behind(feed.entries, interval.start)
    return OriginListing(tuple(inside.values()), covers, states, others)


def _paged(url: str, template: str | None, page: int) -> str | None:
    if template is None:
        return None
    addition = template.replace("{page}", str(page))
    if addition.startswith("?") and "?" in url:
        return f"{url}&{addition[1:]}"
    return join(url, addition)


def reaches_behind(entries: Sequence[Entry], moment: datetime) -> bool:
    """Whether the last dated entry is older than `moment`. A feed lists its newest entry first; the first ones may be pinned."""
    dates = [entry.published.value for entry in entries if entry.published is not None]
    return bool(dates) and dates[-1] < moment


def read_feed_document(session: SourceSession, document: Document) -> Feed | None:
    """The feed in `document`, which is the last that the session read; None, with a rejected outcome, when it is not a feed."""
    return content_of(
        session, document, lambda body: _feed(_FeedDocument(body, document.url, document.content_type, session.source.id, session.reader))
    )


@dataclass(frozen=True, slots=True)
class _FeedDocument:
    """A page of a feed as the key of the cache of parsed pages; the worker processes that parse it are not part of the key."""

    body: bytes
    url: str
    content_type: str | None
    source_id: str
    reader: BoundedReader = field(compare=False)


@lru_cache(maxsize=KEPT_FEEDS)
def _feed(page: _FeedDocument) -> Feed:
    return read_feed(page.reader, page.body, url=page.url, content_type=page.content_type, source_id=page.source_id)


def _read_sitemap(session: SourceSession, document: Document) -> Sitemap | None:
    return content_of(session, document, lambda body: read_sitemap(session.reader, body, url=document.url, source_id=session.source.id))


def state_of(session: SourceSession, url: str) -> FeedState:
    """The state of the listing at `url` from the outcome of the last document that the session read."""
    outcome: Outcome = session.outcomes[-1]
    return FeedState(session.source.id, url, outcome.verdict, reason=outcome.reason, status=outcome.status)


def with_listing(entry: Entry, *, by: str) -> Entry:
    """The entry with the address of the feed or sitemap that lists it."""
    return replace(entry, listing=by)


def _is_inside(entry: Entry, interval: Interval) -> bool:
    return entry.published is not None and interval.holds(entry.published.value)
