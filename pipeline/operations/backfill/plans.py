"""The request for a backfill and its plan with the estimated cost. Pure: history of the ledger and content of the lake in, a plan out.

The estimates are medians of what the same sources took on earlier days of the ledger, times the hours that are still to be captured.
Hosts are asked in parallel, each at the pace of its source, so the slowest host determines the duration.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from statistics import median
from urllib.parse import urlsplit

import pyarrow as pa

from pipeline.core.catalogue import Source
from pipeline.core.models import HOUR, Interval
from pipeline.core.settings import Settings
from pipeline.operations.backfill.archive_costs import ArchiveCost
from pipeline.text.counts import counted

DAY = timedelta(days=1)
HISTORY_DAYS = 29
"""Newest days of the ledger from which the days of the medians are chosen: the newest, which may not be over, and four weeks."""
COUNTED_DAYS = 7
"""Days among them whose ledgers are read, because each day is 24 files for each part: a plan of a page is to be there at once."""
PAGE_KINDS = ("page", "image", "amp")
COST_COLUMNS = ("url", "kind", "outcome", "reason", "sourceId", "bytes", "at")
"""The ledger columns that `count_day` needs."""
UNSENT = frozenset({"deferred", "hostDown", "rateLimited", "robotsUnavailable", "forbiddenUrl", "badUrl"})
"""Reasons of failed outcomes for which no request was sent."""


@dataclass(frozen=True, slots=True)
class BackfillRequest:
    """A backfill as an operator asks for it: the published dates from `first` to `last`, both inclusive, as whole UTC days.

    Empty `sources` means all followed ones, empty `origins` those of the settings. Raises ValueError when `last` is before `first`.
    """

    first: date
    last: date
    sources: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    refetch: bool = False
    warc: tuple[str, ...] = ()
    """Files, folders and patterns for the origin `warc`; empty: those of the settings."""

    def __post_init__(self) -> None:
        if self.first > self.last:
            raise ValueError(f"the last date of a backfill, {self.last}, is before its first, {self.first}")

    @property
    def id(self) -> str:
        """12 hex digits, a digest of the request, so that repeating the command continues a killed backfill."""
        wishes = [self.first.isoformat(), self.last.isoformat(), sorted(self.sources), list(self.origins), self.refetch, *self.warc]
        return hashlib.sha256(json.dumps(wishes).encode()).hexdigest()[:12]

    @property
    def range(self) -> tuple[datetime, datetime]:
        """The published dates as a half-open range of moments."""
        return datetime.combine(self.first, time(), UTC), datetime.combine(self.last, time(), UTC) + DAY

    @property
    def dates(self) -> tuple[date, ...]:
        """Every published date of the range, ascending."""
        return tuple(self.first + number * DAY for number in range((self.last - self.first).days + 1))

    def intervals(self, *, now: datetime) -> tuple[Interval, ...]:
        """The hours of the range that are over at `now`."""
        start, end = self.range
        hours = int((min(end, now) - start) / HOUR) if now > start else 0
        return tuple(Interval(start + number * HOUR, start + (number + 1) * HOUR) for number in range(hours))


@dataclass(frozen=True, slots=True)
class PartSize:
    """The number of captured pages of one part, and the size of its captures in bytes."""

    pages: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class DayCount:
    """What one source cost on one day: requests by host, bytes over the wire, pages requested, pages that robots.txt disallows."""

    requests: Mapping[str, int] = field(default_factory=dict)
    bytes: int = 0
    pages: int = 0
    disallowed: int = 0


@dataclass(frozen=True, slots=True)
class UsualDay:
    """The median day of a source, over `days` days with data."""

    days: int
    requests: Mapping[str, float]
    """Requests by host."""
    bytes: float
    pages: float
    disallowed: float


@dataclass(frozen=True, slots=True)
class SourcePlan:
    """The part of a plan that concerns one source; requests, bytes and share are None when the ledger has no history of it."""

    source_id: str
    hours: int
    """Hours to capture."""
    hours_captured: int
    requests: int | None
    bytes: int | None
    disallowed_share: float | None
    """Share of its pages that robots.txt disallows."""
    days: int
    """Days of the ledger over which the medians were taken, of `COUNTED_DAYS` at most."""


@dataclass(frozen=True, slots=True)
class BackfillPlan:
    """What a backfill will do and its estimated cost, made before any request is sent."""

    id: str
    asked: BackfillRequest
    origins: tuple[str, ...]
    intervals: int
    captured: int
    """Intervals that need no request: their captures are extracted again."""
    to_capture: int
    pages: int
    """Pages in existing captures that are extracted again."""
    captures_bytes: int
    """Size of the existing captures."""
    later_parts: int
    """Parts of other intervals with articles published on these dates; they are extracted again too."""
    sources: tuple[SourcePlan, ...]
    requests: int
    bytes: int
    """Estimated size of the answers."""
    hours: float
    """Duration of the requests to the slowest host at its pace."""
    slowest_host: str | None
    disallowed_share: float | None
    """Share, from 0 to 1, of the pages to capture that robots.txt disallows; None when no page is expected."""
    without_history: tuple[str, ...]
    """Ids of sources to capture that the estimates leave out, because the ledger has no day of them."""
    disk_free: int | None
    """Free bytes where the lake is stored; None when the store does not say."""
    notes: tuple[str, ...] = ()
    archives: tuple[ArchiveCost, ...] = ()
    """The estimated cost of each archive, not included in the other estimates."""

    @property
    def is_known(self) -> bool:
        """False when the ledger has no history of any source to capture, so that there is no estimate at all."""
        return not self.without_history or any(one.hours and one.requests is not None for one in self.sources)


def plan_summary(plan: BackfillPlan) -> str:
    """The plan as one log line."""
    estimate = f"about {counted(plan.requests, 'request')}, {counted(plan.bytes, 'byte')}, {plan.hours:g} h at the polite pace"
    sums = f"{plan.to_capture} of {counted(plan.intervals, 'hour')} to capture, {estimate if plan.is_known else 'at an unknown cost'}"
    unknown = f"; not estimated, for lack of history in the ledger: {', '.join(plan.without_history)}" if plan.without_history else ""
    archives = "".join(f"; {cost.origin}: {_known(cost)}" for cost in plan.archives)
    return f"{sums}{unknown}; {counted(plan.pages, 'captured page')} to extract again{archives}"


def _known(cost: ArchiveCost) -> str:
    figures = [counted(cost.requests, "request")] if cost.requests is not None else []
    figures += [counted(cost.bytes, "byte")] if cost.bytes is not None else []
    return f"at most {', '.join(figures)} ({cost.basis})" if figures else cost.basis


def counted_days(newest: Sequence[date]) -> tuple[date, ...]:
    """`COUNTED_DAYS` of the `newest` days of the ledger, ascending; the last of them, which may not be over, only where there are too few.

    They are spread over all in steps of 1 to 4 days, so that in a ledger without gaps each weekday occurs once.
    """
    days = newest[:-1] if len(newest) > COUNTED_DAYS else newest
    step = max(1, len(days) // COUNTED_DAYS)
    return tuple(days[::-1][::step][:COUNTED_DAYS][::-1])


def count_day(ledger: pa.Table) -> dict[str, DayCount]:
    """Requests, bytes and pages per source id, from the ledger rows of one day (`COST_COLUMNS`)."""
    hosts: dict[str, Counter[str]] = {}
    sizes, pages, closed = Counter[str](), Counter[str](), Counter[str]()
    values = (ledger[name].to_pylist() for name in ("url", "kind", "outcome", "reason", "sourceId", "bytes"))
    for url, kind, outcome, reason, source, size, is_sent in zip(*values, ledger["at"].is_valid().to_pylist(), strict=True):
        if kind not in PAGE_KINDS or source is None:
            continue
        closed[source] += outcome == "disallowed" and kind == "page"
        if is_sent or (outcome == "failed" and reason not in UNSENT):
            hosts.setdefault(source, Counter())[urlsplit(url).netloc.lower()] += 1
            sizes[source] += size
            pages[source] += kind == "page"
    return {
        source: DayCount(dict(sorted(hosts.get(source, {}).items())), bytes=sizes[source], pages=pages[source], disallowed=closed[source])
        for source in sorted({*hosts, *(+closed)})
    }


def usual_days(days: Iterable[Mapping[str, DayCount]]) -> dict[str, UsualDay]:
    """The median day of each source, by source id; days without data of a source do not count for it."""
    by_source: dict[str, list[DayCount]] = {}
    for day in days:
        for source, count in day.items():
            by_source.setdefault(source, []).append(count)
    return {source: _usual(counts) for source, counts in sorted(by_source.items())}


def make_plan(
    asked: BackfillRequest,
    *,
    intervals: Sequence[Interval],
    sources: Sequence[Source],
    origins: Sequence[str],
    missing: Mapping[Interval, Collection[str]],
    held: Sequence[PartSize],
    later: Sequence[PartSize],
    usual: Mapping[str, UsualDay],
    settings: Settings,
    disk_free: int | None,
    archives: Sequence[ArchiveCost] = (),
) -> BackfillPlan:
    """The plan for `asked` over `intervals`, those of its hours that are over, for `sources` from `origins` in their order.

    `missing` maps each interval to the ids of the sources to capture, `held` are the sizes of its captured parts, `later` the sizes of the
    parts of other intervals with articles of the dates, `usual` maps source ids to their median days.
    """
    rows = [_source_plan(source, intervals, missing, usual.get(source.id)) for source in sources]
    seconds = _seconds_by_host(sources, rows, usual, origins=origins, settings=settings)
    slowest = max(sorted(seconds), key=lambda host: seconds[host], default=None)
    there = [*held, *later]
    pages = sum(usual[row.source_id].pages * row.hours for row in rows if row.source_id in usual)
    closed = sum(usual[row.source_id].disallowed * row.hours for row in rows if row.source_id in usual)
    to_capture = sum(1 for hour in intervals if missing[hour])
    return BackfillPlan(
        id=asked.id,
        asked=asked,
        origins=tuple(origins),
        intervals=len(intervals),
        captured=len(intervals) - to_capture,
        to_capture=to_capture,
        pages=sum(one.pages for one in there),
        captures_bytes=sum(one.bytes for one in there),
        later_parts=len(later),
        sources=tuple(rows),
        requests=sum(row.requests or 0 for row in rows),
        bytes=sum(row.bytes or 0 for row in rows),
        hours=round(max(seconds.values(), default=0.0) / 3_600, 2),
        slowest_host=slowest,
        disallowed_share=round(closed / (pages + closed), 3) if pages + closed else None,
        without_history=tuple(row.source_id for row in rows if row.hours and row.requests is None),
        disk_free=disk_free,
        notes=_notes(origins) if archives else (),
        archives=tuple(archives),
    )


def _usual(counts: Sequence[DayCount]) -> UsualDay:
    hosts = sorted({host for count in counts for host in count.requests})
    return UsualDay(
        days=len(counts),
        requests={host: float(median(count.requests.get(host, 0) for count in counts)) for host in hosts},
        bytes=float(median(count.bytes for count in counts)),
        pages=float(median(count.pages for count in counts)),
        disallowed=float(median(count.disallowed for count in counts)),
    )


def _source_plan(
    source: Source, intervals: Sequence[Interval], missing: Mapping[Interval, Collection[str]], usual: UsualDay | None
) -> SourcePlan:
    hours = sum(source.id in missing[hour] for hour in intervals)
    if usual is None:
        known: tuple[int | None, int | None, float | None] = (None, None, None) if hours else (0, 0, None)
        return SourcePlan(source.id, hours, len(intervals) - hours, *known, days=0)
    asked = usual.pages + usual.disallowed
    return SourcePlan(
        source_id=source.id,
        hours=hours,
        hours_captured=len(intervals) - hours,
        requests=round(sum(usual.requests.values()) * hours / 24) + _documents(source, hours),
        bytes=round(usual.bytes * hours / 24),
        disallowed_share=round(usual.disallowed / asked, 3) if asked else None,
        days=usual.days,
    )


def _documents(source: Source, hours: int) -> int:
    """Requests for listings and robots.txt: a fetched listing is kept and serves all hours that ended before."""
    return len(source.listings) + 1 if hours else 0


def _seconds_by_host(
    sources: Sequence[Source], rows: Sequence[SourcePlan], usual: Mapping[str, UsualDay], *, origins: Sequence[str], settings: Settings
) -> dict[str, float]:
    """Seconds of requests by host, at the pace of its source; when Wayback is asked first, all requests go to its host."""
    asked = [origin for origin in origins if origin != "captures"]
    archive = urlsplit(settings.wayback).netloc if asked[:1] == ["wayback"] else None
    seconds: dict[str, float] = {}
    for source, row in zip(sources, rows, strict=True):
        if not row.hours or source.id not in usual:
            continue
        for host, requests in usual[source.id].requests.items():
            pace_s = source.pace_s if archive is None else settings.archive_pace_s
            seconds[archive or host] = seconds.get(archive or host, 0.0) + requests * row.hours / 24 * pace_s
    return seconds


def _notes(origins: Sequence[str]) -> tuple[str, ...]:
    fetched = [origin for origin in origins if origin not in ("captures", "ccnews", "warc")]
    if fetched[:1] == ["wayback"]:
        return ()
    return ("an archive is asked only for what the origins before it lack; its figures assume that they have nothing",)
