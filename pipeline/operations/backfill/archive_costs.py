"""Estimates of what a backfill asks of Wayback, Common Crawl and given WARC files, each with its basis. Pure.

An archive is asked only for what the origins before it lack, and that is unknown until they are asked. The estimate of an archive therefore
assumes that the origins before it have nothing: it is an upper bound.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.core.settings import Settings
from pipeline.text.counts import counted

NEWS_FILE_BYTES = 2**30
"""Assumed size of a Common Crawl news file whose size is unknown: the crawler begins a new file when one has reached 1 GiB."""
REQUESTS_PER_PAGE = 2
"""Requests to Wayback for a page: one finds its first snapshot, one fetches it."""


@dataclass(frozen=True, slots=True)
class ArchiveCost:
    """The estimated cost of one origin; a figure is None when it is unknown until the origin is asked."""

    origin: str
    requests: int | None
    bytes: int | None
    hours: float | None
    """Duration of the requests at the setting `archive_pace_s`."""
    basis: str
    """What the figures were computed from, as a clause for the operator."""
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceEvidence:
    """What the lake knows of one source's hours to capture before Wayback is asked.

    `listed` is the number of pages that kept index answers name for these days, `snapshots` the number of snapshots of its feeds; None when
    an answer is missing. `usual_pages` (a day) and `usual_bytes` (a page) are medians of the ledger, None without history.
    """

    source_id: str
    hours: int
    days: int
    feeds: int
    listed: int | None = None
    snapshots: int | None = None
    usual_pages: float | None = None
    usual_bytes: float | None = None


def wayback_cost(sources: Sequence[SourceEvidence], settings: Settings) -> ArchiveCost:
    """The estimate for Wayback over the sources with evidence; `basis` names the others with the bound that the settings set."""
    requests, size, known = 0.0, 0.0, {"a kept listing": 0, "the source's rhythm": 0}
    unknown = []
    for evidence in sources:
        pages = evidence.listed if evidence.listed is not None else _by_rhythm(evidence)
        if pages is None:
            unknown.append(evidence)
            continue
        known["a kept listing" if evidence.listed is not None else "the source's rhythm"] += 1
        pages = min(pages, settings.max_entries_per_source * evidence.hours)
        documents = evidence.snapshots if evidence.snapshots is not None else evidence.hours * evidence.feeds
        listings = 0 if evidence.snapshots is not None else (evidence.days + 1) * evidence.feeds
        requests += listings + documents + pages * (1 if evidence.listed is not None else REQUESTS_PER_PAGE)
        size += pages * (evidence.usual_bytes or 0.0)
    basis = ", ".join(f"{counted(count, 'source')} by {source}" for source, count in known.items() if count)
    if unknown:
        bound = sum(_bound(evidence, settings) for evidence in unknown)
        names = ", ".join(evidence.source_id for evidence in unknown)
        basis += f"{'; ' if basis else ''}unknown until asked: {names}, at most {counted(bound, 'request')} by the settings"
    if len(unknown) == len(sources):
        return ArchiveCost("wayback", None, None, None, basis)
    asked = math.ceil(requests)
    return ArchiveCost("wayback", asked, round(size) or None, _hours(asked, settings), basis)


def _by_rhythm(evidence: SourceEvidence) -> float | None:
    return evidence.usual_pages * evidence.hours / 24 if evidence.usual_pages is not None else None


def _bound(evidence: SourceEvidence, settings: Settings) -> int:
    """Upper bound of requests: per hour and feed the index pages of two days and as many feeds as may be read, and every page allowed."""
    documents = evidence.feeds * (2 * settings.history_pages + settings.history_pages)
    return evidence.hours * (documents + REQUESTS_PER_PAGE * settings.max_entries_per_source)


@dataclass(frozen=True, slots=True)
class NewsFilesEvidence:
    """The Common Crawl files of a plan's hours: `sizes` in bytes by path (None: unknown), and hours of months without a kept listing."""

    sizes: dict[str, int | None]
    unlisted_hours: int = 0


def ccnews_cost(evidence: NewsFilesEvidence, settings: Settings, *, is_remote: bool, block_bytes: int) -> ArchiveCost:
    """The estimate for Common Crawl from the kept listings of the months; without a listing, one file of 1 GiB is assumed for each hour."""
    guessed = [path for path, size in evidence.sizes.items() if size is None]
    sizes = [NEWS_FILE_BYTES if size is None else size for size in evidence.sizes.values()] + [NEWS_FILE_BYTES] * evidence.unlisted_hours
    requests = sum(max(1, math.ceil(size / block_bytes)) for size in sizes) if is_remote else 0
    basis = f"{counted(len(evidence.sizes), 'file')} by the listing"
    if guessed:
        basis += ", 1 GiB assumed for each file of unknown size, at which the crawler begins a new one"
    if evidence.unlisted_hours:
        unlisted = f"{counted(evidence.unlisted_hours, 'hour')} without a kept listing, one file of 1 GiB assumed for each"
        basis = f"{basis}; {unlisted}" if evidence.sizes else unlisted
    return ArchiveCost("ccnews", requests, sum(sizes), _hours(requests, settings), basis, tuple(evidence.sizes))


@dataclass(frozen=True, slots=True)
class GivenFileEvidence:
    """A given WARC file: its size in bytes and, once it was scanned, the number of records of the sources and of those in the range."""

    path: str
    size: int
    records: int | None = None
    inside: int | None = None


def warc_cost(files: Sequence[GivenFileEvidence]) -> ArchiveCost:
    """The estimate for given WARC files: no request; each file is scanned once, later calls read only the records of the range."""
    known = [
        f"{one.path}: {one.inside} of {counted(one.records or 0, 'record')} of these sources in the range"
        for one in files
        if one.inside is not None
    ]
    new = sum(1 for one in files if one.inside is None)
    basis = "; ".join([*known, *([f"{counted(new, 'file')} to scan first, the dates inside are unknown"] if new else [])])
    return ArchiveCost("warc", 0, sum(one.size for one in files), 0.0, basis, tuple(one.path for one in files))


def _hours(requests: int, settings: Settings) -> float:
    return round(requests * settings.archive_pace_s / 3_600, 2)
