"""Run a backfill: capture and extract hour by hour, publish the touched dates, compare them with what was published before.

All published dates are built once, after the last hour. The record in the lake (`backfill.records`) holds the finished steps, so that
repeating the command continues a killed backfill. The published files are copied before the first step and kept until the backfill is done:
the differences are against that state, however often the backfill was interrupted and whatever the schedule published in the meantime.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa

from pipeline.capture.capture import unserved_warning
from pipeline.core.catalogue import Catalogue
from pipeline.core.models import Clock, Interval, Part
from pipeline.core.progress import steps
from pipeline.core.settings import PACKAGE, Settings
from pipeline.extraction.extract import OUT_OF_RANGE
from pipeline.lake import storage
from pipeline.lake.locks import exclusive_lock
from pipeline.lake.removals.erased_providers import without_erased
from pipeline.lake.storage import Lake
from pipeline.operations import stages
from pipeline.operations.backfill.planning import later_manifests, settings_for
from pipeline.operations.backfill.plans import BackfillPlan, BackfillRequest
from pipeline.operations.backfill.records import BackfillRecord, BackfillStep, from_json, to_json
from pipeline.publishing.date_builds import BuildOptions, DateBuild, build_dates
from pipeline.publishing.differences import describe, difference
from pipeline.text.counts import counted

log = logging.getLogger(__name__)

SOURCE_SUFFIXES = frozenset({".py", ".yaml", ".txt", ".tsv"})
"""Suffixes of the files that decide what is extracted and published: source files, and the word lists beside them."""
RED_IN_A_ROW = 3
"""Consecutive hours with too many failed sources after which the backfill stops: the cause then lies in no single hour. A plain choice."""


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
        later = later_manifests(self._lake, plan.asked, plan.asked.intervals(now=started))
        mark = hashlib.sha256(f"{plan.id} {started.isoformat()}".encode()).hexdigest()[:8]
        keys = tuple(f"{manifest.interval}/{manifest.part}" for manifest in later)
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
        touched = set(stages.touched_dates(self._settings)) & set(record.asked.dates)
        changed = stages.fold(self._settings, self._catalogue, {*record.dates, *touched})
        days = sorted({*record.dates, *touched, *changed} - record.differences.keys())
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


def _parts(settings: Settings, catalogue: Catalogue, asked: BackfillRequest, interval: Interval, *, mark: str | None) -> tuple[Part, ...]:
    return stages.plan(
        settings, catalogue, interval, origins=asked.origins or None, sources=asked.sources or None, refetch=mark if asked.refetch else None
    )


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
