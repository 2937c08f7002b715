"""Maps every kind of DAG run to its data interval; no other module does. Pure: no Airflow, no clock.

============================  ==========================================  =================================
run                           data interval                               looks at the live feeds
============================  ==========================================  =================================
scheduled                     the hour of its logical date                yes
backfill                      the hour of its logical date                never
manual, hour in the form      that hour                                   when it is the newest hour
manual, with a logical date   the hour of its logical date, or the        when it is the newest hour
                              newest hour when that one is not over
manual without; materialised  the newest hour                             yes
partition                     the hour of its partition date              when it is the newest hour
============================  ==========================================  =================================

The *newest hour* is the last one that was over when the run was due. A run that starts more than `FRESH_FOR` after it was due (cleared by
an operator, held in the queue) captures the past, because what feeds list now does not belong to that hour. The choice in the form
overrules both.

Airflow gives a manual run with the logical date X the interval before X, and a backfill that later adopts this run the interval after X.
Here the logical date alone decides, so that the run keeps its hour.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from pipeline.core.errors import ConfigError
from pipeline.core.models import HOUR, Interval

FRESH_FOR = timedelta(hours=2)
"""Longer than the hour between two runs, so that a run that starts just before the next one is still live when its last part starts."""

Looking = Literal["auto", "live", "past"]


@dataclass(frozen=True, slots=True)
class Run:
    """What Airflow and the form say about a run; `hour` is the ISO 8601 text of the form, or None."""

    kind: str
    run_after: datetime
    logical_date: datetime | None = None
    partition_date: datetime | None = None
    hour: str | None = None
    looking: Looking = "auto"

    @property
    def only_due(self) -> bool:
        """Whether only due feeds are asked: in scheduled runs. Manual runs and backfills ask all feeds."""
        return self.kind == "scheduled"

    @property
    def origins(self) -> tuple[str, ...] | None:
        """The origins of a past hour when the form has none; None means those of the settings.

        A late scheduled run asks only the publishers: archives are asked in a backfill, which an operator has planned.
        """
        return ("captures", "sitemap", "pages") if self.kind == "scheduled" else None


def interval_of(run: Run, *, now: datetime) -> tuple[Interval, bool]:
    """The data interval of the run, and whether it captures the live feeds (False: only articles dated inside the interval).

    Raises ConfigError when `hour` of the form is not a full hour, or when the hour is not over.
    """
    if run.hour is not None and run.kind == "backfill":
        raise ConfigError("a backfill takes its hours from its dates: leave the field `hour` empty")
    interval = _hour(run)
    if run.looking != "auto":
        return interval, run.looking == "live"
    if interval.end > max(run.run_after, now):
        raise ConfigError(f"the hour {interval.key} is not over yet")
    is_newest = interval == newest_hour(run.run_after) and now < run.run_after + FRESH_FOR
    return interval, is_newest and run.kind != "backfill"


def newest_hour(moment: datetime) -> Interval:
    """The last whole hour that is over at `moment`."""
    return Interval.containing(moment - HOUR)


def _hour(run: Run) -> Interval:
    newest = newest_hour(run.run_after)
    if run.hour is not None:
        return _parse(run.hour)
    if run.logical_date is not None:
        return min(Interval.containing(run.logical_date), newest)
    if run.partition_date is not None:
        return Interval.containing(run.partition_date)
    return newest


def _parse(text: str) -> Interval:
    try:
        return Interval.parse(text)
    except ValueError as error:
        raise ConfigError(f"hour: {error}") from error
