"""The daily round: pages looked at again, old captures deleted, images pruned, the completeness ledger written.

Each function is one task of `dags/news_maintenance.py`; `maintain` does them all, as `news maintain`. Any of them can be called again.
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
from pipeline.lake.storage import Lake
from pipeline.operations import stages
from pipeline.operations.completeness import SourceDay
from pipeline.operations.completeness_tables import account, write_account
from pipeline.operations.retention import delete_old_captures, prune_images
from pipeline.text.counts import counted

log = logging.getLogger(__name__)

ACCOUNT_DAYS = 8
"""Days whose completeness is written anew each day: a week of late captures and rebuilds, and yesterday."""
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Round:
    """What a daily round did."""

    revisits: RevisitReport
    extracted: ExtractReport
    publishes: tuple[PublishReport, ...]
    retention: RetentionReport
    images: ImagesReport
    gaps: tuple[str, ...]
    """Silent gaps of the last days, one sentence each."""


def revisit(settings: Settings, catalogue: Catalogue, interval: Interval, *, clock: Clock) -> RevisitReport:
    """Ask again for the pages captured a day and a week ago. See `pipeline.capture.revisits`."""
    return revisit_part(Lake(settings.lake), settings, catalogue, interval, clock=clock)


def retain(settings: Settings, *, now: datetime) -> RetentionReport:
    """Delete captures older than `settings.raw_days`. See `pipeline.operations.retention`."""
    return delete_old_captures(Lake(settings.lake), raw_days=settings.raw_days, now=now)


def prune(settings: Settings, *, now: datetime) -> ImagesReport:
    """Delete cached images that no row names, and temporary files of killed writers. See `pipeline.operations.retention`."""
    lake = Lake(settings.lake)
    if lake.is_local and (swept := sweep_temporaries(Path(lake.root))):
        log.info("removed %s that killed processes left", counted(swept, "temporary file"))
    return prune_images(lake, now=now)


def completeness(settings: Settings, catalogue: Catalogue, *, days: int, now: datetime, is_whole: bool = False) -> tuple[SourceDay, ...]:
    """The completeness rows of the last `days` whole UTC days, of each source from its first one on. See `completeness_tables`."""
    return account(Lake(settings.lake), catalogue, last_days(days, now=now), is_whole=is_whole)


def keep_accounts(settings: Settings, catalogue: Catalogue, *, now: datetime) -> tuple[SourceDay, ...]:
    """Write the completeness tables of the last days; their rows."""
    rows = completeness(settings, catalogue, days=ACCOUNT_DAYS, now=now, is_whole=True)
    write_account(Lake(settings.lake), rows)
    return rows


def gaps(rows: Sequence[SourceDay]) -> tuple[str, ...]:
    """The silent gaps among `rows`."""
    return tuple(gap for row in rows if (gap := row.gap) is not None)


def maintain(settings: Settings, catalogue: Catalogue, interval: Interval, *, clock: Clock) -> Round:
    """The whole round; its revisits belong to `interval`. Raises StorageError and other transient errors: the same call goes on."""
    revisits = revisit(settings, catalogue, interval, clock=clock)
    extracted = stages.extract(settings, catalogue, Part(interval, REVISIT_PART))
    publishes = tuple(stages.publish_dates(settings, catalogue, extracted.published_dates))
    retention = retain(settings, now=clock.now())
    images = prune(settings, now=clock.now())
    found = gaps(keep_accounts(settings, catalogue, now=clock.now()))
    for gap in found:
        log.warning("silent: %s", gap)
    return Round(revisits, extracted, publishes, retention, images, found)


def last_days(days: int, *, now: datetime) -> tuple[date, ...]:
    """The last `days` UTC days that are over at `now`, oldest first."""
    return tuple(now.date() - shift * DAY for shift in range(days, 0, -1))
