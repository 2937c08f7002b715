"""Cost estimates for a backfill's archives from kept listings, local folders and given files. Reads lake and files; sends no request."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path

from pipeline.capture.cdx import HTML, Snapshot, day_span, query_address, read_rows
from pipeline.capture.part_plans import source_by_domain
from pipeline.capture.past.given_files import given_file, given_paths, kept_index
from pipeline.capture.past.kept_bodies import kept_body
from pipeline.capture.past.news_files import NewsFile, files_of, is_remote, listing_address, listing_path
from pipeline.core.catalogue import Source
from pipeline.core.errors import FeedError
from pipeline.core.models import Interval
from pipeline.core.settings import Settings
from pipeline.discovery.whole_sites import is_of_whole_site
from pipeline.lake.storage import Lake
from pipeline.operations.backfill.archive_costs import (
    ArchiveCost,
    GivenFileEvidence,
    NewsFilesEvidence,
    SourceEvidence,
    ccnews_cost,
    warc_cost,
    wayback_cost,
)
from pipeline.operations.backfill.plans import BackfillRequest, UsualDay
from pipeline.text.urls import host_of


def archive_costs(
    lake: Lake,
    settings: Settings,
    asked: BackfillRequest,
    *,
    origins: Sequence[str],
    sources: Sequence[Source],
    missing: Mapping[Interval, Collection[str]],
    usual: Mapping[str, UsualDay],
) -> tuple[ArchiveCost, ...]:
    """The estimated cost of each archive among `origins`, in their order, for the sources that are `missing` in each hour.

    Empty when no source is missing. Raises ConfigError when the origin `warc` has no file.
    """
    hours = sorted(hour for hour, ids in missing.items() if ids)
    if not hours:
        return ()
    needed = [source for source in sources if any(source.id in missing[hour] for hour in hours)]
    costs = []
    for origin in origins:
        if origin == "wayback":
            evidence = [
                _wayback_evidence(lake, settings, one, [hour for hour in hours if one.id in missing[hour]], usual) for one in needed
            ]
            costs.append(wayback_cost(evidence, settings))
        elif origin == "ccnews":
            from pipeline.fetching.ranged_files import BLOCK_BYTES  # imports the fetcher, which plans without news files do not need

            block_bytes = min(BLOCK_BYTES, settings.ccnews_chunk_bytes)
            costs.append(
                ccnews_cost(_news_evidence(lake, settings, hours), settings, is_remote=is_remote(settings), block_bytes=block_bytes)
            )
        elif origin == "warc":
            costs.append(warc_cost(list(_given_evidence(lake, settings, needed, asked))))
    return tuple(costs)


def _wayback_evidence(
    lake: Lake, settings: Settings, source: Source, hours: Sequence[Interval], usual: Mapping[str, UsualDay]
) -> SourceEvidence:
    days = sorted({hour.start.date() for hour in hours})
    feeds = _kept_rows(lake, settings, ((url, False) for url in source.feeds), days)
    hosts = dict.fromkeys(host_of(url) for url in source.listings if url in source.sitemaps or is_of_whole_site(url))
    pages = _kept_rows(lake, settings, ((host, True) for host in hosts), days)
    inside = None if pages is None else sum(any(hour.holds(row.at) for hour in hours) for row in pages)
    known = usual.get(source.id)
    page_bytes = known.bytes / known.pages if known is not None and known.pages else None
    return SourceEvidence(
        source.id,
        len(hours),
        len(days),
        len(source.feeds),
        listed=inside,
        snapshots=None if feeds is None else len(feeds),
        usual_pages=known.pages if known is not None else None,
        usual_bytes=page_bytes,
    )


def _kept_rows(lake: Lake, settings: Settings, asked: Iterable[tuple[str, bool]], days: Sequence[date]) -> list[Snapshot] | None:
    """The snapshots that kept index answers name, for each (address, is_host) and day; None when the answer for one of them is missing."""
    found: list[Snapshot] = []
    is_any = False
    for url, is_host in asked:
        for day in days:
            start, end = day_span(day)
            address = query_address(settings.wayback_cdx, url, start=start, end=end, is_host=is_host, mime=HTML if is_host else None)
            body = kept_body(lake, address, max_bytes=settings.max_feed_bytes)
            if body is None:
                return None
            try:
                found += read_rows(body, url=address).snapshots
            except FeedError:
                return None
            is_any = True
    return found if is_any else None


def _news_evidence(lake: Lake, settings: Settings, hours: Sequence[Interval]) -> NewsFilesEvidence:
    listings: dict[str, bytes | None] = {}
    sizes: dict[str, int | None] = {}
    unlisted = 0
    for hour in hours:
        path = listing_path(hour)
        if path not in listings:
            listings[path] = _listing(lake, settings, hour, path)
        listing = listings[path]
        if listing is None:
            unlisted += 1
            continue
        sizes.update((file.path, _size(settings, file)) for file in _files(listing, hour, path))
    return NewsFilesEvidence(sizes, unlisted)


def _listing(lake: Lake, settings: Settings, hour: Interval, path: str) -> bytes | None:
    if is_remote(settings):
        return kept_body(lake, listing_address(settings, hour), max_bytes=settings.max_feed_bytes)
    local = Path(settings.ccnews, path)
    return local.read_bytes() if local.is_file() else b""  # a local folder stays as it is: without a listing it has no files of that month


def _files(listing: bytes, hour: Interval, path: str) -> tuple[NewsFile, ...]:
    try:
        return files_of(listing, hour, url=path)
    except FeedError:
        return ()


def _size(settings: Settings, file: NewsFile) -> int | None:
    if is_remote(settings):
        return None
    path = Path(settings.ccnews, file.path)
    return path.stat().st_size if path.is_file() else 0


def _given_evidence(lake: Lake, settings: Settings, sources: Sequence[Source], asked: BackfillRequest) -> Iterable[GivenFileEvidence]:
    for path in given_paths(settings.warc):
        file = given_file(path)
        index = kept_index(lake, file)
        records, inside = index.count(set(source_by_domain(sources)), *asked.range) if index is not None else (None, None)
        yield GivenFileEvidence(str(path), file.size, records, inside)
