"""Which files of the lake a page reads: those of some hours, of some published dates, of some days of completeness.

Lists folders and opens no file. The results are `paths` for `publishing.sql.database.open_tables`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from pipeline.core.models import HOUR, Interval
from pipeline.lake import storage
from pipeline.lake.storage import Lake

LOOKED_BACK = 6
"""Hours that are tried by name: news_ingest writes one an hour."""
Paths = dict[str, list[str]]
"""Name of a table to paths of its files."""


def newest_hours(lake: Lake, hours: int, *, now: datetime) -> tuple[Interval, ...]:
    """The last `hours` hours up to the newest that has a ledger, oldest first, with or without a ledger; none for a lake without any."""
    newest = _newest(lake, now)
    if newest is None:
        return ()
    return tuple(Interval(newest.start - back * HOUR, newest.end - back * HOUR) for back in reversed(range(hours)))


def _newest(lake: Lake, now: datetime) -> Interval | None:
    """The newest hour that has a ledger. The last hours are tried by name first: a lake of years takes long to list."""
    this_hour = Interval.containing(now)
    for back in range(LOOKED_BACK):
        hour = Interval(this_hour.start - back * HOUR, this_hour.end - back * HOUR)
        if lake.names(f"ledger/interval={hour.key}"):
            return hour
    names = [name for name in lake.names("ledger") if name.startswith("interval=")]
    return Interval.parse(names[-1].removeprefix("interval=")) if names else None


def hours_of_day(day: date) -> tuple[Interval, ...]:
    """The 24 hours of a UTC day."""
    first = Interval.parse(f"{day.isoformat()}T00")
    return tuple(Interval(first.start + number * HOUR, first.end + number * HOUR) for number in range(24))


def paths_of_hours(lake: Lake, table: str, hours: Iterable[Interval]) -> list[str]:
    """The files of `ledger` or `extracted` of these hours."""
    folders = [f"{table}/interval={hour.key}" for hour in hours]
    return [f"{folder}/{name}" for folder in folders for name in lake.names(folder) if name.endswith(".parquet")]


def paths_of_dates(lake: Lake, days: Iterable[date]) -> Paths:
    """The files of `articles` and `explain` of these published dates."""
    known = sorted(set(days) & set(lake.published_dates()))
    return {"articles": [storage.articles_path(day) for day in known], "explain": [storage.explain_path(day) for day in known]}


def dates_around(day: date, *, before: int, after: int) -> list[date]:
    """The dates from `before` days before `day` to `after` days after it."""
    return [day + timedelta(days=shift) for shift in range(-before, after + 1)]


def completeness_days(lake: Lake) -> list[date]:
    """The days that have a completeness table, oldest first."""
    return [date.fromisoformat(name.removesuffix(".parquet")) for name in lake.names("completeness") if name.endswith(".parquet")]


def completeness_paths(days: Sequence[date]) -> list[str]:
    """The completeness tables of these days, each of which must have one."""
    return [storage.completeness_path(day) for day in days]
