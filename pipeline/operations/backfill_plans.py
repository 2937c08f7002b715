"""Backfills: what an operator asks for, and what it will cost. Pure: the ledger's history and what the lake holds in, a plan out.

The figures of a plan are medians of what the same sources took on days that the ledger knows, times the hours still to be captured.
A host is asked at its source's pace and hosts are asked side by side, so the slowest host decides how long it takes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from statistics import median
from urllib.parse import urlsplit

import pandas as pd
import pyarrow as pa

from pipeline.core.catalogue import Source
from pipeline.core.models import HOUR, Interval
from pipeline.core.settings import Settings
from pipeline.operations.archive_costs import ArchiveCost

DAY = timedelta(days=1)
HISTORY_DAYS = 28
"""Days of the ledger that figures are medians of: four whole weeks, so that each weekday counts alike."""
PAGE_KINDS = ("page", "image", "amp")
COST_COLUMNS = ("url", "kind", "outcome", "reason", "sourceId", "bytes", "at")
"""The ledger columns that `count_day` reads."""
UNSENT = frozenset({"deferred", "hostDown", "rateLimited", "robotsUnavailable", "forbiddenUrl", "badUrl"})
"""Reasons of outcomes for which nothing was sent."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a backfill is asked for: published dates from `first` to `last`, both inclusive, as whole UTC days.

    No `sources` are all that are followed, no `origins` those of the settings. Raises ValueError when the dates are in the wrong order.
    """

    first: date
    last: date
    sources: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    refetch: bool = False
    warc: tuple[str, ...] = ()
    """Files, folders and patterns for the origin `warc`; none are those of the settings."""

    def __post_init__(self) -> None:
        if self.first > self.last:
            raise ValueError(f"a backfill goes from the earlier date to the later, not from {self.first} to {self.last}")

    @property
    def id(self) -> str:
        """12 hex digits that every call with the same wishes shares, so that the same command goes on with a killed one."""
        wishes = [self.first.isoformat(), self.last.isoformat(), sorted(self.sources), list(self.origins), self.refetch, *self.warc]
        return hashlib.sha256(json.dumps(wishes).encode()).hexdigest()[:12]

    @property
    def range(self) -> tuple[datetime, datetime]:
        """[start, end) of the published dates."""
        return datetime.combine(self.first, time(), UTC), datetime.combine(self.last, time(), UTC) + DAY

    @property
    def dates(self) -> tuple[date, ...]:
        return tuple(self.first + number * DAY for number in range((self.last - self.first).days + 1))

    def intervals(self, *, now: datetime) -> tuple[Interval, ...]:
        """The hours of the range that are over at `now`."""
        start, end = self.range
        hours = int((min(end, now) - start) / HOUR) if now > start else 0
        return tuple(Interval(start + number * HOUR, start + (number + 1) * HOUR) for number in range(hours))


@dataclass(frozen=True, slots=True)
class Held:
    """What one part of the lake holds: captured pages, and the size of its captures."""

    pages: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class DayCount:
    """What a source took on one day: requests by host, bytes over the wire, pages asked for, pages that robots.txt closes to us."""

    requests: Mapping[str, int] = field(default_factory=dict)
    bytes: int = 0
    pages: int = 0
    disallowed: int = 0


@dataclass(frozen=True, slots=True)
class Usual:
    """A source's usual day: medians over `days` days with data."""

    days: int
    requests: Mapping[str, float]
    """By host."""
    bytes: float
    pages: float
    disallowed: float


@dataclass(frozen=True, slots=True)
class SourcePlan:
    """One source's share of a plan; the figures are None where the ledger has no history of it."""

    source_id: str
    hours: int
    """Hours to capture."""
    hours_captured: int
    requests: int | None
    bytes: int | None
    disallowed_share: float | None
    """Share of its pages that robots.txt closes to us."""
    days: int
    """Days of the ledger's history behind the figures."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a backfill will do and cost, before anything is done."""

    id: str
    asked: Asked
    origins: tuple[str, ...]
    intervals: int
    captured: int
    """Intervals for which nothing is asked: what they have is extracted again."""
    to_capture: int
    pages: int
    """Captured pages that are extracted again."""
    captures_bytes: int
    """Size of these captures."""
    later_parts: int
    """Parts of other intervals that hold articles of these dates; they are extracted again too."""
    sources: tuple[SourcePlan, ...]
    requests: int
    bytes: int
    hours: float
    """At the polite pace of the slowest host."""
    slowest_host: str | None
    disallowed_share: float | None
    without_history: tuple[str, ...]
    """Sources to capture that the figures leave out, because the ledger knows no day of them."""
    disk_free: int | None
    """Bytes free where the lake is; None where the store does not tell."""
    notes: tuple[str, ...] = ()
    archives: tuple[ArchiveCost, ...] = ()
    """What archives of others will be asked for, beside the other figures."""

    @property
    def is_known(self) -> bool:
        """False where the ledger has no history of any source that is to be captured: the figures are of nothing then."""
        return not self.without_history or any(one.hours and one.requests is not None for one in self.sources)


def summary(plan: Plan) -> str:
    """A plan's figures in one line of a log."""
    figures = f"about {plan.requests} requests, {plan.bytes} bytes, {plan.hours:g} hours at the polite pace"
    sums = f"{plan.to_capture} of {plan.intervals} hours to capture, {figures if plan.is_known else 'at a cost that is not known'}"
    unknown = f", without {', '.join(plan.without_history)}, of which the ledger knows nothing" if plan.without_history else ""
    archives = "".join(f"; {cost.origin}: {_known(cost)}" for cost in plan.archives)
    return f"{sums}{unknown}; {plan.pages} captured pages are extracted again{archives}"


def _known(cost: ArchiveCost) -> str:
    figures = [f"{cost.requests} requests"] if cost.requests is not None else []
    figures += [f"{cost.bytes} bytes"] if cost.bytes is not None else []
    return f"at most {', '.join(figures)} ({cost.basis})" if figures else cost.basis


def count_day(ledger: pa.Table) -> dict[str, DayCount]:
    """What each source took by one day's ledger rows (`COST_COLUMNS`)."""
    frame: pd.DataFrame = ledger.select(list(COST_COLUMNS)).to_pandas()
    frame = frame[frame["kind"].isin(PAGE_KINDS) & frame["sourceId"].notna()]
    is_failed = (frame["outcome"] == "failed") & ~frame["reason"].isin(UNSENT)
    sent = frame[frame["at"].notna() | is_failed]
    closed = frame[(frame["outcome"] == "disallowed") & (frame["kind"] == "page")]
    counts = {}
    for source in sorted(set(sent["sourceId"]) | set(closed["sourceId"])):
        mine = sent[sent["sourceId"] == source]
        hosts = mine["url"].map(lambda url: urlsplit(url).netloc.lower()).value_counts()
        counts[str(source)] = DayCount(
            requests={str(host): int(number) for host, number in sorted(hosts.items())},
            bytes=int(mine["bytes"].sum()),
            pages=int((mine["kind"] == "page").sum()),
            disallowed=int((closed["sourceId"] == source).sum()),
        )
    return counts


def usual_days(days: Iterable[Mapping[str, DayCount]]) -> dict[str, Usual]:
    """Each source's usual day; days on which it took nothing do not count."""
    by_source: dict[str, list[DayCount]] = {}
    for day in days:
        for source, count in day.items():
            by_source.setdefault(source, []).append(count)
    return {source: _usual(counts) for source, counts in sorted(by_source.items())}


def make_plan(
    asked: Asked,
    *,
    intervals: Sequence[Interval],
    sources: Sequence[Source],
    origins: Sequence[str],
    missing: Mapping[Interval, Collection[str]],
    held: Sequence[Held],
    later: Sequence[Held],
    usual: Mapping[str, Usual],
    settings: Settings,
    disk_free: int | None,
    archives: Sequence[ArchiveCost] = (),
) -> Plan:
    """The plan over `intervals` (those of `asked` that are over) for `sources` (those asked for) from `origins`, in their order.

    `missing` are the ids of the sources that are to be captured in each interval, `held` the intervals' parts that are captured, `later`
    other intervals' parts that hold articles of the dates.
    """
    rows = [_source_plan(source, intervals, missing, usual.get(source.id)) for source in sources]
    seconds = _seconds_by_host(sources, rows, usual, origins=origins, settings=settings)
    slowest = max(sorted(seconds), key=lambda host: seconds[host], default=None)
    there = [*held, *later]
    pages = sum(usual[row.source_id].pages * row.hours for row in rows if row.source_id in usual)
    closed = sum(usual[row.source_id].disallowed * row.hours for row in rows if row.source_id in usual)
    to_capture = sum(1 for hour in intervals if missing[hour])
    return Plan(
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


def _usual(counts: Sequence[DayCount]) -> Usual:
    hosts = sorted({host for count in counts for host in count.requests})
    return Usual(
        days=len(counts),
        requests={host: float(median(count.requests.get(host, 0) for count in counts)) for host in hosts},
        bytes=float(median(count.bytes for count in counts)),
        pages=float(median(count.pages for count in counts)),
        disallowed=float(median(count.disallowed for count in counts)),
    )


def _source_plan(
    source: Source, intervals: Sequence[Interval], missing: Mapping[Interval, Collection[str]], usual: Usual | None
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
    """Requests for listings: each is kept and serves every hour that was over when it came; and one for robots.txt."""
    return len(source.listings) + 1 if hours else 0


def _seconds_by_host(
    sources: Sequence[Source], rows: Sequence[SourcePlan], usual: Mapping[str, Usual], *, origins: Sequence[str], settings: Settings
) -> dict[str, float]:
    """How long each host is asked at its pace. Where an archive is the first origin to ask, it answers for all."""
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
    return ("archives are asked for what the origins before them lack: their figures are for the case that these have nothing",)
