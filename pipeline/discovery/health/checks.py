"""Checks each followed source: fetches and describes its feeds, sitemaps and section pages once. Writes nothing to the lake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime

from pipeline.core.catalogue import Catalogue, Source
from pipeline.core.errors import FeedError, FetchError
from pipeline.core.models import Answer, Clock, Entry, Exchange
from pipeline.core.settings import Settings
from pipeline.core.workers import BoundedReader
from pipeline.discovery.entries import digest_of
from pipeline.discovery.health.findings import UNREACHED, feed_findings
from pipeline.discovery.listings.partial_documents import partial_listing
from pipeline.discovery.listings.readers import listing_reader, read_feed, read_section, read_sitemap
from pipeline.discovery.listings.sections import likely_articles
from pipeline.fetching.fetcher import Fetcher, Target
from pipeline.lake.manifests import FeedState
from pipeline.text.counts import counted


@dataclass(frozen=True, slots=True)
class FeedCheck:
    """The result of checking one feed, sitemap or section page; `problem` is None when it could be read."""

    source_id: str
    url: str
    problem: str | None
    status: int | None = None
    title: str | None = None
    entries: int = 0
    newest: datetime | None = None
    note: str | None = None
    """What is unusual about a readable feed: ill-formed XML, entries without a link, a redirect."""
    moved_to: str | None = None
    seen: tuple[str, ...] = ()
    """Digests of the entries' URLs."""
    unreached: str | None = None
    """Why no request came to the host (`dns`, `connection`, `timeout`); None where it answered."""


def check_sources(settings: Settings, catalogue: Catalogue, *, clock: Clock) -> list[FeedCheck]:
    """Fetch the feeds, sitemaps and section pages of the enabled sources; returns one check for each, in the catalogue's order."""
    asked = [(source, url) for source in catalogue.enabled_sources for url in source.listings]
    with (
        Fetcher(settings, clock=clock) as fetcher,
        listing_reader(settings) as reader,
        ThreadPoolExecutor(max_workers=settings.fetch_threads) as pool,
    ):
        return list(pool.map(lambda pair: _poll(fetcher, reader, *pair), asked))


def _poll(fetcher: Fetcher, reader: BoundedReader, source: Source, url: str) -> FeedCheck:
    kind = source.kind_of(url)
    answer = fetcher.get(Target(url, kind, source.pace_s))
    final = answer.final
    status = final.status if final is not None else None
    if answer.is_disallowed:
        return FeedCheck(source.id, url, "disallowed by robots.txt", status)
    partial = partial_listing(answer)
    final = partial or final
    if (answer.error is not None and partial is None) or final is None:
        return FeedCheck(source.id, url, str(answer.error or "no answer"), status, unreached=_unreached(answer))
    if kind == "section":
        return _section_poll(reader, source, url, final, moved_to=answer.moved_to)
    if kind == "sitemap":
        return _sitemap_poll(reader, source, url, final, is_partial=partial is not None)
    try:
        feed = read_feed(reader, final.body, url=final.url, content_type=final.content_type, source_id=source.id)
    except FeedError as error:
        return FeedCheck(source.id, url, str(error), status)
    notes = ["the answer broke off; its complete entries were read"] if partial is not None else []
    if final.url != url:
        notes.append(f"redirects to {final.url}")
    if feed.ill_formed is not None:
        notes.append(f"ill-formed: {feed.ill_formed}")
    if feed.unlinked:
        notes.append(f"{counted(feed.unlinked, 'entry', 'entries')} without a link")
    newest = max((entry.published.value for entry in feed.entries if entry.published is not None), default=None)
    return FeedCheck(
        source.id, url, None, status, feed.title, len(feed.entries), newest, "; ".join(notes) or None, answer.moved_to, _seen(feed.entries)
    )


def _unreached(answer: Answer) -> str | None:
    """The reason for which neither the listing nor its host's robots.txt was answered."""
    cause = answer.error.__cause__ if answer.error is not None and answer.error.reason == "robotsUnavailable" else answer.error
    return cause.reason if isinstance(cause, FetchError) and cause.reason in UNREACHED and not answer.exchanges else None


def with_findings(
    polls: Sequence[FeedCheck], known: Mapping[str, FeedState], news: Mapping[str, Sequence[datetime]], *, now: datetime
) -> list[FeedCheck]:
    """The checks with the findings of `discovery.health.findings` added to their notes.

    `known` holds the feed states of earlier runs and `news` the times of new entries, both by the feed's URL.
    """
    states = []
    for poll in polls:
        before = known.get(poll.url, FeedState(poll.source_id, poll.url, "failed"))
        if poll.problem is None:
            schedule = replace(before.schedule, failures=0)
            before = replace(before, verdict="captured", moved_to=poll.moved_to, seen=poll.seen, schedule=schedule)
        states.append(before)
    found = feed_findings(states, now=now, news=news)
    notes = {poll.url: "; ".join(one.text for one in found if (one.source_id, one.url) == (poll.source_id, poll.url)) for poll in polls}
    return [replace(poll, seen=(), note="; ".join(filter(None, (poll.note, notes[poll.url]))) or None) for poll in polls]


def _seen(entries: Sequence[Entry]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(digest for entry in entries if (digest := digest_of(entry))))


def _section_poll(reader: BoundedReader, source: Source, url: str, final: Exchange, *, moved_to: str | None) -> FeedCheck:
    try:
        links = read_section(reader, final.body, url=final.url, content_type=final.content_type)
    except FeedError as error:
        return FeedCheck(source.id, url, str(error), final.status)
    entries = likely_articles(links, source_id=source.id)
    note = "a section page: what of these links appears between two polls is an article"
    return FeedCheck(source.id, url, None, final.status, None, len(entries), note=note, moved_to=moved_to, seen=_seen(entries))


def _sitemap_poll(reader: BoundedReader, source: Source, url: str, final: Exchange, *, is_partial: bool) -> FeedCheck:
    try:
        sitemap = read_sitemap(reader, final.body, url=final.url, source_id=source.id)
    except FeedError as error:
        return FeedCheck(source.id, url, str(error), final.status)
    moments = [moment.value for entry in sitemap.entries if (moment := entry.published or entry.modified) is not None]
    notes = ["the answer broke off; its complete entries were read"] if is_partial else []
    notes += [f"an index of {counted(len(sitemap.children), 'sitemap')}"] if sitemap.children else []
    note = "; ".join(notes) or None
    return FeedCheck(
        source.id, url, None, final.status, None, len(sitemap.entries), max(moments, default=None), note, seen=_seen(sitemap.entries)
    )
