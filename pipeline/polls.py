"""Each source asked once, for an operator's eyes: nothing is written to the lake."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from pipeline.config import Catalogue, Settings, Source
from pipeline.errors import FeedError
from pipeline.feeds import read_feed
from pipeline.fetch import Fetcher, Target
from pipeline.models import Clock, Exchange
from pipeline.sitemaps import read_sitemap


@dataclass(frozen=True, slots=True)
class FeedPoll:
    """How one feed answered; `problem` is None when it could be read."""

    source_id: str
    url: str
    problem: str | None
    status: int | None = None
    title: str | None = None
    entries: int = 0
    newest: datetime | None = None
    note: str | None = None
    """What is odd about a feed that can be read: ill-formed XML, entries without a link, another address."""


def poll_sources(settings: Settings, catalogue: Catalogue, *, clock: Clock) -> list[FeedPoll]:
    """The enabled sources' feeds in the catalogue's order."""
    asked = [(source, url) for source in catalogue.enabled_sources for url in source.listings]
    with Fetcher(settings, clock=clock) as fetcher, ThreadPoolExecutor(max_workers=settings.fetch_threads) as pool:
        return list(pool.map(lambda pair: _poll(fetcher, *pair), asked))


def _poll(fetcher: Fetcher, source: Source, url: str) -> FeedPoll:
    is_sitemap = url in source.sitemaps
    answer = fetcher.get(Target(url, "sitemap" if is_sitemap else "feed", source.pace_s))
    final = answer.final
    status = final.status if final is not None else None
    if answer.is_disallowed:
        return FeedPoll(source.id, url, "disallowed by robots.txt", status)
    if answer.error is not None or final is None:
        return FeedPoll(source.id, url, str(answer.error or "no answer"), status)
    if is_sitemap:
        return _sitemap_poll(source, url, final)
    try:
        feed = read_feed(final.body, url=final.url, content_type=final.content_type, source_id=source.id)
    except FeedError as error:
        return FeedPoll(source.id, url, str(error), status)
    notes = []
    if final.url != url:
        notes.append(f"answers from {final.url}")
    if feed.ill_formed is not None:
        notes.append(f"ill-formed: {feed.ill_formed}")
    if feed.unlinked:
        notes.append(f"{feed.unlinked} entries without a link")
    newest = max((entry.published.value for entry in feed.entries if entry.published is not None), default=None)
    return FeedPoll(source.id, url, None, status, feed.title, len(feed.entries), newest, "; ".join(notes) or None)


def _sitemap_poll(source: Source, url: str, final: Exchange) -> FeedPoll:
    try:
        sitemap = read_sitemap(final.body, url=final.url, source_id=source.id)
    except FeedError as error:
        return FeedPoll(source.id, url, str(error), final.status)
    moments = [moment.value for entry in sitemap.entries if (moment := entry.published or entry.modified) is not None]
    note = f"an index of {len(sitemap.children)} sitemaps" if sitemap.children else None
    return FeedPoll(source.id, url, None, final.status, None, len(sitemap.entries), max(moments, default=None), note)
