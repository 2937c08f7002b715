"""Plan and run a backfill: capture and extract hour by hour, publish the touched dates, compare them with what was published before.

All published dates are built once, after the last hour. The record in the lake (`backfill.records`) holds the finished steps, so that
repeating the command continues a killed backfill. The published files are copied before the first step and kept until the backfill is done:
the differences are against that state, however often the backfill was interrupted and whatever the schedule published in the meantime.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.capture.capture import unserved_warning
from pipeline.capture.part_plans import origins_in_order
from pipeline.core.catalogue import Catalogue, Source
from pipeline.core.errors import ConfigError, PermanentError
from pipeline.core.models import Clock, Interval, Part
from pipeline.core.progress import steps
from pipeline.core.settings import PACKAGE, Settings
from pipeline.extraction.extract import OUT_OF_RANGE
from pipeline.lake import storage
from pipeline.lake.ledgers import newest_ledger_days, parts_by_day, read_ledger, read_manifest
from pipeline.lake.locks import exclusive_lock
from pipeline.lake.removals.erased_providers import without_erased
from pipeline.lake.storage import Lake
from pipeline.operations import stages
from pipeline.operations.backfill.cost_estimates import archive_costs
from pipeline.operations.backfill.plans import (
    COST_COLUMNS,
    HISTORY_DAYS,
    BackfillPlan,
    BackfillRequest,
    PartSize,
    UsualDay,
    count_day,
    make_plan,
    usual_days,
)
from pipeline.operations.backfill.records import BackfillRecord, BackfillStep, from_json, to_json
from pipeline.publishing.date_builds import BuildOptions, DateBuild, build_dates
from pipeline.publishing.differences import describe, difference
from pipeline.text.counts import counted

log = logging.getLogger(__name__)

NO_MARK = "plan"
"""A mark that no part has, so that the plan of a refetch finds no captured part."""
SOURCE_SUFFIXES = frozenset({".py", ".yaml", ".txt", ".tsv"})
"""Suffixes of the files that decide what is extracted and published: source files, and the word lists beside them."""
RED_IN_A_ROW = 3
"""Consecutive hours with too many failed sources after which the backfill stops: the cause then lies in no single hour. A plain choice."""


def plan_backfill(settings: Settings, catalogue: Catalogue, asked: BackfillRequest, *, now: datetime) -> BackfillPlan:
    """Plan the backfill that `asked` describes. Sends no request and writes nothing.

    Raises ConfigError for a source that is not followed, PermanentError when no hour of the range is over at `now`.
    """
    settings, catalogue = settings_for(settings, asked), without_erased(Lake(settings.lake), catalogue)
    intervals = asked.intervals(now=now)
    if not intervals:
        raise PermanentError(f"no hour from {asked.first} to {asked.last} is over yet")
    plan = _plan(settings, catalogue, asked, intervals, _later_parts(Lake(settings.lake), asked, intervals))
    open_hours = len(asked.dates) * 24 - len(intervals)
    note = (f"left out, because not over yet: {counted(open_hours, 'hour')} of the range",) if open_hours else ()
    return replace(plan, notes=(*note, *plan.notes))


def plan_hour(
    settings: Settings,
    catalogue: Catalogue,
    interval: Interval,
    *,
    sources: Collection[str] = (),
    origins: Sequence[str] = (),
    is_refetch: bool,
) -> BackfillPlan:
    """Plan one past hour as a run of `news_ingest` captures it. Sends no request and writes nothing."""
    day = interval.start.date()
    return _plan(settings, catalogue, BackfillRequest(day, day, tuple(sources), tuple(origins), is_refetch), (interval,), ())


def _plan(
    settings: Settings, catalogue: Catalogue, asked: BackfillRequest, intervals: Sequence[Interval], later: Sequence[Part]
) -> BackfillPlan:
    lake = Lake(settings.lake)
    missing: dict[Interval, frozenset[str]] = {}
    held: list[PartSize] = []
    for interval in steps(intervals, "planning hours", total=len(intervals)):
        committed = set(lake.captured_parts(interval.key))
        parts = _parts(settings, catalogue, asked, interval, mark=NO_MARK)
        missing[interval] = frozenset(source for part in parts if part.name not in committed for source in part.source_ids)
        held += [_held(lake, part) for part in parts if part.name in committed]
    sources, origins = _sources(catalogue, asked), _origins(settings, asked)
    usual = _usual(lake, {source.id for source in sources} if asked.sources else None)
    return make_plan(
        asked,
        intervals=intervals,
        sources=sources,
        origins=origins,
        missing=missing,
        held=held,
        later=[_held(lake, part) for part in later],
        usual=usual,
        settings=settings,
        disk_free=lake.free_bytes(),
        archives=archive_costs(lake, settings, asked, origins=origins, sources=sources, missing=missing, usual=usual),
    )


def run_backfill(
    settings: Settings, catalogue: Catalogue, plan: BackfillPlan, *, clock: Clock, allow_shrink: str | None = None
) -> BackfillRecord:
    """Carry out `plan`, continuing where an interrupted call with the same request stopped, and return the backfill's record.

    `allow_shrink` is the operator's reason for letting partitions lose more rows than the settings allow; without it such a date is refused
    and keeps its partition, and the other dates are built. Raises LockedError when another process runs this backfill. After a transient
    error the same call continues.
    """
    with exclusive_lock(Lake(settings.lake), storage.backfill_lock_path(plan.id), what=f"backfill {plan.id}"):
        return _Run(settings_for(settings, plan.asked), without_erased(Lake(settings.lake), catalogue), clock, allow_shrink).run(plan)


def settings_for(settings: Settings, asked: BackfillRequest) -> Settings:
    """`settings` with the WARC files that the request names in place of those of the settings."""
    return settings.model_copy(update={"warc": asked.warc}) if asked.warc else settings


def read_record(settings: Settings, backfill_id: str) -> BackfillRecord | None:
    """The record of the backfill with this id; None when there is none."""
    return _read(Lake(settings.lake), backfill_id)


class _Run:
    """One call of `run_backfill`: the backfill's steps, each followed by a write of the record."""

    def __init__(self, settings: Settings, catalogue: Catalogue, clock: Clock, allow_shrink: str | None) -> None:
        self._settings = settings
        self._catalogue = catalogue
        self._clock = clock
        self._reason = allow_shrink
        self._lake = Lake(settings.lake)

    def run(self, plan: BackfillPlan) -> BackfillRecord:
        stages.start_workers()
        record = self._begin(plan)
        record = self._walk(record)
        if record.state == "stopped":
            return record
        record = self._publish(record)
        if record.refused:
            return self._keep(replace(record, state="refused"))
        self._forget(record.id)
        return self._keep(replace(record, state="done", finished=self._clock.now()))

    def _begin(self, plan: BackfillPlan) -> BackfillRecord:
        code = code_digest(self._catalogue)
        known = _read(self._lake, plan.id)
        if known is not None and known.state != "done":
            log.info("backfill %s: continues after %s", plan.id, counted(len(known.steps), "finished step"))
            return self._keep(known.resumed(code=code, reason=self._reason))
        self._forget(plan.id)
        for day in Lake(self._settings.lake).published_dates():
            if self._is_near(plan.asked, day):
                self._copy_before(plan.id, day)
        started = self._clock.now()
        later = _later_parts(self._lake, plan.asked, plan.asked.intervals(now=started))
        mark = hashlib.sha256(f"{plan.id} {started.isoformat()}".encode()).hexdigest()[:8]
        keys = tuple(f"{part.interval.key}/{part.name}" for part in later)
        planned = replace(plan, disk_free=None)  # the free space is of the moment, not of the backfill
        return self._keep(BackfillRecord(plan.asked, planned, started, code, mark, keys, reason=self._reason))

    def _walk(self, record: BackfillRecord) -> BackfillRecord:
        intervals = record.asked.intervals(now=record.started)
        keys = [interval.key for interval in intervals] + list(record.later)
        began, before, red = self._clock.now(), len(record.steps), 0
        for number, key in enumerate(steps(keys, "walking hours", total=len(keys)), start=1):
            if key in record.steps:
                continue
            interval_key, _, part = key.partition("/")
            interval = Interval.parse(interval_key)
            step = self._extract_again(Part(interval, part)) if part else self._hour(record, interval)
            record = self._keep(record.with_step(key, step))
            left_s = (self._clock.now() - began).total_seconds() / (len(record.steps) - before) * (len(keys) - number)
            articles = counted(step.articles, "article")
            log.info("%s: step %d of %d, %s, about %s left", key, number, len(keys), articles, _duration(left_s))
            red = red + 1 if step.red is not None else 0
            if red >= RED_IN_A_ROW:
                log.error("backfill %s: stopped after %d consecutive hours with too many failed sources: %s", record.id, red, step.red)
                return self._keep(replace(record, state="stopped"))
        return record

    def _hour(self, record: BackfillRecord, interval: Interval) -> BackfillStep:
        asked, own, catalogue = record.asked, self._settings, self._catalogue
        origins, mark = asked.origins or None, record.mark if asked.refetch else None
        planned = _parts(own, catalogue, asked, interval, mark=record.mark)
        found = [
            stages.capture(own, catalogue, part, live=False, clock=self._clock, origins=origins, refetch=mark, taken=asked.range)
            for part in planned
        ]
        archived = stages.capture_archives(
            own, catalogue, interval, clock=self._clock, origins=origins, sources=asked.sources or None, refetch=mark, taken=asked.range
        )
        captures, parts = stages.with_archived(found, planned, archived)
        extracts = [stages.extract(own, catalogue, part) for part in parts]
        assessment = stages.assess_failures(own, captures)
        told = {unserved_warning(source.id, interval.key) for source in catalogue.sources}
        told |= {warning for report in archived.reports for warning in report.warnings}
        return BackfillStep(
            articles=sum(report.articles for report in extracts),
            urls=sum(sum(report.counts.values()) for report in captures),
            dates=tuple(sorted({day for report in extracts for day in report.published_dates})),
            red=assessment.message if assessment.is_red else None,
            warnings=tuple(warning for warning in assessment.warnings if warning in told),
            outside=sum(report.rejected.get(OUT_OF_RANGE, 0) for report in extracts),
        )

    def _extract_again(self, part: Part) -> BackfillStep:
        report = stages.extract(self._settings, self._catalogue, part)
        return BackfillStep(report.articles, 0, report.published_dates, outside=report.rejected.get(OUT_OF_RANGE, 0))

    def _publish(self, record: BackfillRecord) -> BackfillRecord:
        touched = set(stages.touched_dates(self._settings))
        days = sorted({*record.dates, *(touched & set(record.asked.dates))} - record.differences.keys())
        for day in days:  # copies what is published, before any of them is built
            self._before(record, day)
        builds = build_dates(self._settings, self._catalogue, days, BuildOptions(allow_shrink=record.reason is not None))
        for built in steps(builds, "building dates", total=len(days)):
            record = self._keep(self._compared(record, built))
        return record

    def _compared(self, record: BackfillRecord, built: DateBuild) -> BackfillRecord:
        day = built.published_date
        if built.refused is not None:
            log.warning("%s", built.refused)
            return record.with_refusal(day, built.refused.problem)
        found = difference(self._before(record, day), self._lake.read_table(storage.articles_path(day)))
        log.info("%s: %s", day, describe(found))
        return record.with_difference(day, found)

    def _before(self, record: BackfillRecord, day: date) -> pa.Table | None:
        """The records of the date before the backfill began; a date outside the copied range is copied by the first call."""
        kept = storage.backfill_before_path(record.id, day)
        if not self._lake.exists(kept):
            if self._is_near(record.asked, day):
                return None
            self._copy_before(record.id, day)
        return self._lake.read_table(kept) if self._lake.read_bytes(kept) else None

    def _copy_before(self, backfill_id: str, day: date) -> None:
        path = storage.articles_path(day)
        data = self._lake.read_bytes(path) if self._lake.exists(path) else b""
        self._lake.write_bytes(storage.backfill_before_path(backfill_id, day), data)

    def _is_near(self, asked: BackfillRequest, day: date) -> bool:
        """Whether a story of the requested dates can have an article on `day`."""
        window = timedelta(days=-(-self._catalogue.scoring.stories.window_hours // 24))
        return asked.first - window <= day <= asked.last + window

    def _keep(self, record: BackfillRecord) -> BackfillRecord:
        self._lake.write_bytes(storage.backfill_path(record.id), to_json(record))
        return record

    def _forget(self, backfill_id: str) -> None:
        """Delete the copies of the published files from before the backfill."""
        folder = storage.backfill_before_folder(backfill_id)
        for name in self._lake.names(folder):
            self._lake.delete(f"{folder}/{name}")


def _sources(catalogue: Catalogue, asked: BackfillRequest) -> tuple[Source, ...]:
    followed = {source.id: source for source in catalogue.enabled_sources}
    unknown = [source for source in asked.sources if source not in followed]
    if unknown:
        raise ConfigError(f"{unknown[0]!r} is not a followed source; `news sources list` shows them")
    return tuple(source for source in followed.values() if not asked.sources or source.id in asked.sources)


def _origins(settings: Settings, asked: BackfillRequest) -> tuple[str, ...]:
    return origins_in_order(asked.origins or settings.origins, is_refetch=asked.refetch)


def _parts(settings: Settings, catalogue: Catalogue, asked: BackfillRequest, interval: Interval, *, mark: str | None) -> tuple[Part, ...]:
    return stages.plan(
        settings, catalogue, interval, origins=asked.origins or None, sources=asked.sources or None, refetch=mark if asked.refetch else None
    )


def _later_parts(lake: Lake, asked: BackfillRequest, intervals: Sequence[Interval]) -> list[Part]:
    """Captured parts of other intervals with articles of the requested sources that were published on the requested dates."""
    inside = {interval.key for interval in intervals}
    names = sorted({(mark.interval, mark.part) for day in asked.dates for mark in lake.marks(day) if mark.interval not in inside})
    parts = [Part(Interval.parse(interval), name) for interval, name in names]
    return [part for part in parts if _concerns(lake, part, asked)]


def _concerns(lake: Lake, part: Part, asked: BackfillRequest) -> bool:
    if not lake.exists(storage.manifest_path(part)):
        return False
    if not asked.sources:
        return True
    return any(page.entry.source_id in asked.sources for page in read_manifest(lake, part).pages)


def _held(lake: Lake, part: Part) -> PartSize:
    manifest = read_manifest(lake, part)
    return PartSize(pages=len(manifest.pages), bytes=manifest.captures_bytes)


def _usual(lake: Lake, source_ids: Collection[str] | None) -> dict[str, UsualDay]:
    """The median days of these sources (None: of all) over the last `HISTORY_DAYS` days of the ledger."""
    newest = newest_ledger_days(lake, HISTORY_DAYS)
    parts = parts_by_day(lake, first=newest[0]) if newest else {}
    where = None if source_ids is None else pc.field("sourceId").isin(sorted(source_ids))
    return usual_days(count_day(read_ledger(lake, parts.get(day, []), columns=COST_COLUMNS, where=where)) for day in newest)


def _read(lake: Lake, backfill_id: str) -> BackfillRecord | None:
    path = storage.backfill_path(backfill_id)
    return from_json(lake.read_bytes(path), path=path) if lake.exists(path) else None


def code_digest(catalogue: Catalogue, package: Path = PACKAGE) -> str:
    """Digest of the source files and word lists in `package`, and of the catalogue."""
    digest = hashlib.sha256(catalogue.digest.encode())
    for path in sorted(path for path in package.rglob("*") if path.suffix in SOURCE_SUFFIXES):
        digest.update(path.relative_to(package).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5_400 else f"{seconds / 3_600:.1f} h"
