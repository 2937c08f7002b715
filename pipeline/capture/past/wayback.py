"""The Wayback Machine, or another archive with the same CDX and snapshot interfaces, as an origin of a past interval.

Part of the capture stage. Snapshots of the source's feeds list what was published; of each page the first snapshot after its publication is
captured. When no snapshot of a feed reaches back over the whole interval, pages of the feed's host that were archived in the interval are
captured too, unless the feed is a section's; their publication dates come from the pages.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from pipeline.capture.cdx import HTML, CdxAnswer, Snapshot, day_span, query_address, read_rows, snapshot_address
from pipeline.capture.past.histories import reaches_behind, read_feed_document, with_listing
from pipeline.capture.past.kept_documents import KeptDocuments, OriginListing, content_of
from pipeline.capture.source_sessions import SourceSession
from pipeline.core.models import Entry, Interval
from pipeline.discovery.entries import digest_of
from pipeline.discovery.whole_sites import is_of_whole_site
from pipeline.text.urls import host_of

LOOK_AHEAD = timedelta(hours=24)
"""Time after an hour within which the first snapshot of a feed still lists most entries of that hour. A plain choice."""


def from_wayback(session: SourceSession, documents: KeptDocuments, interval: Interval) -> OriginListing:
    """The pages that the archive lists as published in `interval`, each with the URL of its snapshot, None when the archive has none.

    A page without a snapshot is fetched from its publisher. The archive covers the interval when a later snapshot of each feed reaches
    back beyond the interval, or when the archive has a page of the feed's host from that day.
    """
    entries: dict[str, Entry] = {}
    covers: list[bool] = []
    for url in session.source.feeds:
        shown, reaches_back = _feed_entries(session, documents, interval, url)
        for entry in shown:
            entries.setdefault(digest_of(entry), entry)
        covers.append(reaches_back)
    if covers and all(covers):
        return OriginListing(_with_snapshots(session, documents, entries.values()), covers=True)
    knows = False
    for host in dict.fromkeys(host_of(url) for url in session.source.listings if url in session.source.sitemaps or is_of_whole_site(url)):
        for snapshot, listing in _pages_of(session, documents, interval, host):
            knows = True
            if interval.holds(snapshot.at) and urlsplit(snapshot.url).path not in ("", "/"):
                page = Entry(
                    snapshot.url,
                    session.source.id,
                    "wayback",
                    listing=listing,
                    snapshot=snapshot_address(session.settings.wayback, snapshot),
                )
                entries.setdefault(digest_of(page), page)
    return OriginListing(_with_snapshots(session, documents, entries.values()), covers=knows)


def _feed_entries(session: SourceSession, documents: KeptDocuments, interval: Interval, url: str) -> tuple[list[Entry], bool]:
    """The entries dated inside the interval in the feed's snapshots, and whether a snapshot taken after it reaches back behind it.

    The first snapshot after the interval is read first; those inside it only where that one does not reach back far enough.
    """
    days = (interval.start.date(), (interval.start + LOOK_AHEAD).date())
    rows = [row for day in days for row, _ in _snapshots(session, documents, url, *day_span(day))]
    later = [row for row in rows if interval.end <= row.at < interval.end + LOOK_AHEAD][:1]
    inside = [row for row in rows if interval.holds(row.at)][: session.settings.history_pages]
    found: list[Entry] = []
    for row in (*later, *inside):
        document = documents.read(session, snapshot_address(session.settings.wayback, row), "feed", pace_s=session.settings.archive_pace_s)
        feed = read_feed_document(session, replace(document, url=row.url))  # links are relative to the original URL of the feed
        if feed is None:
            continue
        dated = (entry for entry in feed.entries if entry.published is not None and interval.holds(entry.published.value))
        found += [replace(with_listing(entry, by=url), via="wayback") for entry in dated]
        if row.at >= interval.end and reaches_behind(feed.entries, interval.start):
            return found, True
    return found, False


def _pages_of(session: SourceSession, documents: KeptDocuments, interval: Interval, host: str) -> Iterator[tuple[Snapshot, str]]:
    """The snapshots of a host's pages from the day of the interval, each with the address of the CDX answer that lists it."""
    start, end = day_span(interval.start.date())
    return _snapshots(session, documents, host, start, end, is_host=True, mime=HTML)


def _snapshots(
    session: SourceSession,
    documents: KeptDocuments,
    url: str,
    start: datetime,
    end: datetime,
    *,
    is_host: bool = False,
    mime: str | None = None,
) -> Iterator[tuple[Snapshot, str]]:
    """The snapshots that answer a query, from at most `history_pages` answers, each with the answer's address."""
    resume_key: str | None = None
    for _ in range(session.settings.history_pages):
        address = query_address(session.settings.wayback_cdx, url, start=start, end=end, is_host=is_host, mime=mime, resume_key=resume_key)
        rows = _read(session, documents, address)
        yield from ((row, address) for row in rows.snapshots)
        if rows.resume_key is None or rows.resume_key == resume_key:
            return
        resume_key = rows.resume_key


def _with_snapshots(session: SourceSession, documents: KeptDocuments, entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """The entries with the address of the first snapshot of each page at or after its publication, where the archive has one."""
    return tuple(
        entry if entry.snapshot is not None else replace(entry, snapshot=_first_of(session, documents, entry)) for entry in entries
    )


def _first_of(session: SourceSession, documents: KeptDocuments, entry: Entry) -> str | None:
    if entry.published is None:
        return None
    rows = _read(session, documents, query_address(session.settings.wayback_cdx, entry.url, start=entry.published.value, limit=1))
    first = next((row for row in rows.snapshots if row.at >= entry.published.value), None)
    return snapshot_address(session.settings.wayback, first) if first is not None else None


def _read(session: SourceSession, documents: KeptDocuments, address: str) -> CdxAnswer:
    document = documents.read(session, address, "listing", pace_s=session.settings.archive_pace_s)
    return content_of(session, document, lambda body: read_rows(body, url=address)) or CdxAnswer(())
