"""What archives of others will be asked for: figures for a backfill's plan, each with what it rests on. Pure.

An archive serves what the origins before it lack, and how much that is nobody knows before they are asked: where it is not the first, its
figures are for the case that they have nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.core.settings import Settings

NEWS_FILE_BYTES = 2**30
"""Of a file of the news crawl whose size is not at hand: its crawler begins a new one when a file has reached 1 GiB."""
REQUESTS_PER_PAGE = 2
"""Of an archive of the web: its first snapshot is looked for, then taken."""


@dataclass(frozen=True, slots=True)
class ArchiveCost:
    """What an origin will be asked for; None where nobody knows before it is asked."""

    origin: str
    requests: int | None
    bytes: int | None
    hours: float | None
    """At the archive's pace, `archive_pace_s`."""
    basis: str
    """What the figures rest on."""
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WaybackShare:
    """What is known of a source's hours to capture before an archive of the web is asked.

    `listed` are the pages that kept listings name for these days, `snapshots` those of its feeds; None where no listing was kept.
    `usual_pages` and `usual_bytes` (of one page) are the ledger's, None without history.
    """

    source_id: str
    hours: int
    days: int
    feeds: int
    listed: int | None = None
    snapshots: int | None = None
    usual_pages: float | None = None
    usual_bytes: float | None = None


def wayback_cost(shares: Sequence[WaybackShare], settings: Settings) -> ArchiveCost:
    """Figures for the sources of which something is known; the others are named with the bound that the settings set."""
    requests, size, known = 0.0, 0.0, {"a kept listing": 0, "the source's rhythm": 0}
    unknown = []
    for share in shares:
        pages = share.listed if share.listed is not None else _by_rhythm(share)
        if pages is None:
            unknown.append(share)
            continue
        known["a kept listing" if share.listed is not None else "the source's rhythm"] += 1
        pages = min(pages, settings.max_entries_per_source * share.hours)
        documents = share.snapshots if share.snapshots is not None else share.hours * share.feeds
        listings = 0 if share.snapshots is not None else (share.days + 1) * share.feeds
        requests += listings + documents + pages * (1 if share.listed is not None else REQUESTS_PER_PAGE)
        size += pages * (share.usual_bytes or 0.0)
    basis = ", ".join(f"{count} source{'s' * (count > 1)} by {how}" for how, count in known.items() if count)
    if unknown:
        bound = sum(_bound(share, settings) for share in unknown)
        names = ", ".join(share.source_id for share in unknown)
        basis += f"{'; ' if basis else ''}unknown until asked: {names}, at most {bound} requests by the settings"
    if len(unknown) == len(shares):
        return ArchiveCost("wayback", None, None, None, basis)
    asked = math.ceil(requests)
    return ArchiveCost("wayback", asked, round(size) or None, _hours(asked, settings), basis)


def _by_rhythm(share: WaybackShare) -> float | None:
    return share.usual_pages * share.hours / 24 if share.usual_pages is not None else None


def _bound(share: WaybackShare, settings: Settings) -> int:
    """Per hour and feed two days' listings and as many feed documents as are read, and every page that may be taken."""
    documents = share.feeds * (2 * settings.history_pages + settings.history_pages)
    return share.hours * (documents + REQUESTS_PER_PAGE * settings.max_entries_per_source)


@dataclass(frozen=True, slots=True)
class NewsShare:
    """The news files of a plan's hours: `sizes` by path, None where a size is not at hand; hours of months without a listing."""

    sizes: dict[str, int | None]
    unlisted_hours: int = 0


def ccnews_cost(share: NewsShare, settings: Settings, *, is_remote: bool, block_bytes: int) -> ArchiveCost:
    """Files of the range by the months' listings at hand; a month without one counts as a file for each hour."""
    guessed = [path for path, size in share.sizes.items() if size is None]
    sizes = [NEWS_FILE_BYTES if size is None else size for size in share.sizes.values()] + [NEWS_FILE_BYTES] * share.unlisted_hours
    requests = sum(max(1, math.ceil(size / block_bytes)) for size in sizes) if is_remote else 0
    basis = f"{len(share.sizes)} files by the listing"
    if guessed:
        basis += ", 1 GiB taken for each, at which the crawler begins a new one"
    if share.unlisted_hours:
        unlisted = f"{share.unlisted_hours} hours without a listing at hand, taken as a file of 1 GiB each"
        basis = f"{basis}; {unlisted}" if share.sizes else unlisted
    return ArchiveCost("ccnews", requests, sum(sizes), _hours(requests, settings), basis, tuple(share.sizes))


@dataclass(frozen=True, slots=True)
class GivenShare:
    """A given file: its size, and, where it was looked through before, the records of the sources and those of the range."""

    path: str
    size: int
    records: int | None = None
    inside: int | None = None


def warc_cost(shares: Sequence[GivenShare]) -> ArchiveCost:
    """Given files cost no request: each is read through once, then only at the records of the range."""
    told = [
        f"{one.path}: {one.inside} of {one.records} records of these sources are in the range" for one in shares if one.inside is not None
    ]
    new = sum(1 for one in shares if one.inside is None)
    basis = "; ".join([*told, *([f"{new} files are looked through first, their dates are not known yet"] if new else [])])
    return ArchiveCost("warc", 0, sum(one.size for one in shares), 0.0, basis, tuple(one.path for one in shares))


def _hours(requests: int, settings: Settings) -> float:
    return round(requests * settings.archive_pace_s / 3_600, 2)
