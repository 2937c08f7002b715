"""The daily maintenance: ask for recent pages again, delete old captures and unused images, learn what sites repeat, count completeness.

Each function is one task of `dags/news_maintenance.py`; `maintain`, which `news maintain` calls, runs them all. Every one can be repeated.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from pipeline.capture.revisits import revisit_part
from pipeline.core.catalogue import Catalogue
from pipeline.core.models import (
    REVISIT_PART,
    Clock,
    ExtractReport,
    ImagesReport,
    Interval,
    Part,
    PublishReport,
    RetentionReport,
    RevisitReport,
)
from pipeline.core.settings import Settings
from pipeline.lake.replacements import sweep_temporaries
from pipeline.lake.row_marks import sweep_replacing_marks
from pipeline.lake.storage import Lake
from pipeline.operations import stages
from pipeline.operations.completeness import SourceDay
from pipeline.operations.completeness_tables import read_completeness, write_tables
from pipeline.operations.repeated_lines import learn_repeated_lines
from pipeline.operations.retention import delete_old_captures, prune_images
from pipeline.text.counts import counted

log = logging.getLogger(__name__)

ACCOUNT_DAYS = 8
"""Days whose completeness tables are written each day: yesterday, and the week before it, which late captures and rebuilds change."""
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class MaintenanceReport:
    """The reports of one daily maintenance, step by step."""

    revisits: RevisitReport
    extracted: ExtractReport
    publishes: tuple[PublishReport, ...]
    retention: RetentionReport
    images: ImagesReport
    gaps: tuple[str, ...]
    """One sentence for each silent gap of the last `ACCOUNT_DAYS` days."""


def revisit(settings: Settings, catalogue: Catalogue, interval: Interval, *, clock: Clock) -> RevisitReport:
    """Ask by conditional GET for the pages captured a day and a week ago. See `pipeline.capture.revisits`."""
    return revisit_part(Lake(settings.lake), settings, catalogue, interval, clock=clock)


def retain(settings: Settings, *, now: datetime) -> RetentionReport:
    """Delete captures older than `settings.raw_days`. See `pipeline.operations.retention`."""
    return delete_old_captures(Lake(settings.lake), raw_days=settings.raw_days, now=now)


def prune(settings: Settings, *, now: datetime) -> ImagesReport:
    """Delete cached images that no extracted row names, and what killed processes and late writes of an object store left behind."""
    lake = Lake(settings.lake)
    if marks := sweep_replacing_marks(lake, now=now):
        log.info("deleted %s of replaced rows that a late write left", counted(marks, "mark"))
    if lake.is_local and (swept := sweep_temporaries(Path(lake.root))):
        log.info("deleted %s that killed processes left", counted(swept, "temporary file"))
    return prune_images(lake, now=now)


def completeness(settings: Settings, catalogue: Catalogue, *, days: int, now: datetime, is_whole: bool = False) -> tuple[SourceDay, ...]:
    """The completeness rows of the last `days` whole UTC days; `is_whole` as in `completeness_tables.read_completeness`."""
    return read_completeness(Lake(settings.lake), catalogue, last_days(days, now=now), is_whole=is_whole)


def write_completeness(settings: Settings, catalogue: Catalogue, *, now: datetime) -> tuple[SourceDay, ...]:
    """Write the completeness tables of the last `ACCOUNT_DAYS` days and return their rows."""
    rows = completeness(settings, catalogue, days=ACCOUNT_DAYS, now=now, is_whole=True)
    write_tables(Lake(settings.lake), rows)
    return rows


def learn_repeated(settings: Settings, *, now: datetime) -> int:
    """Learn from the last whole UTC day which lines sites repeat; returns the number of lines that are known."""
    return len(learn_repeated_lines(Lake(settings.lake), now.date() - DAY).lines)


def silent_gaps(rows: Sequence[SourceDay]) -> tuple[str, ...]:
    """One sentence for each row of `rows` that is a silent gap."""
    return tuple(gap for row in rows if (gap := row.gap) is not None)


def maintain(settings: Settings, catalogue: Catalogue, interval: Interval, *, clock: Clock) -> MaintenanceReport:
    """Run every step; the revisited pages become a part of `interval`. After a transient error, repeat the call: it continues there."""
    revisits = revisit(settings, catalogue, interval, clock=clock)
    extracted = stages.extract(settings, catalogue, Part(interval, REVISIT_PART))
    publishes = tuple(stages.publish_dates(settings, catalogue, stages.fold(settings, catalogue, extracted.published_dates)))
    retention = retain(settings, now=clock.now())
    images = prune(settings, now=clock.now())
    learn_repeated(settings, now=clock.now())
    found = silent_gaps(write_completeness(settings, catalogue, now=clock.now()))
    for gap in found:
        log.warning("silent source: %s", gap)
    return MaintenanceReport(revisits, extracted, publishes, retention, images, found)


def last_days(days: int, *, now: datetime) -> tuple[date, ...]:
    """The last `days` UTC days that are over at `now`, oldest first."""
    return tuple(now.date() - shift * DAY for shift in range(days, 0, -1))
