from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.core.errors import ConfigError
from pipeline.core.models import Interval

sys.path.append(str(Path(__file__).parents[2] / "dags"))
from news_intervals import FRESH_FOR, Run, interval_of, newest_hour

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def mapped(run: Run, *, now: datetime | None = None) -> tuple[str, bool]:
    interval, live = interval_of(run, now=run.run_after if now is None else now)
    return interval.key, live


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        (Run("scheduled", NOON, logical_date=NOON - timedelta(hours=1)), ("2026-11-20T11", True)),
        (Run("backfill", NOON, logical_date=NOON - timedelta(hours=1)), ("2026-11-20T11", False)),
        (Run("backfill", NOON, logical_date=datetime(2026, 11, 18, 3, tzinfo=UTC)), ("2026-11-18T03", False)),
        (Run("manual", NOON + timedelta(minutes=25)), ("2026-11-20T11", True)),
        (Run("manual", NOON + timedelta(minutes=25), logical_date=NOON + timedelta(minutes=25)), ("2026-11-20T11", True)),
        (Run("manual", NOON, logical_date=datetime(2026, 11, 20, 8, tzinfo=UTC)), ("2026-11-20T08", False)),
        (Run("manual", NOON, hour="2026-11-20T09:00:00Z"), ("2026-11-20T09", False)),
        (Run("manual", NOON, hour="2026-11-20T11:00:00Z"), ("2026-11-20T11", True)),
        (Run("manual", NOON, hour="2026-11-20T12:00:00+01:00"), ("2026-11-20T11", True)),
        (Run("manual", NOON, hour="2026-11-18T09:00:00Z", looking="live"), ("2026-11-18T09", True)),
        (Run("manual", NOON, looking="past"), ("2026-11-20T11", False)),
        (Run("asset_materialization", NOON), ("2026-11-20T11", True)),
        (Run("asset_triggered", NOON), ("2026-11-20T11", True)),
        (Run("operator_triggered", NOON), ("2026-11-20T11", True)),
        (Run("asset_triggered", NOON, partition_date=datetime(2026, 11, 19, 5, tzinfo=UTC)), ("2026-11-19T05", False)),
    ],
)
def test_every_kind_of_run_has_one_hour(run: Run, expected: tuple[str, bool]) -> None:
    assert mapped(run) == expected


def test_a_manual_run_and_the_backfill_that_adopts_it_have_the_same_hour() -> None:
    logical_date = datetime(2026, 11, 20, 8, tzinfo=UTC)
    assert mapped(Run("manual", NOON, logical_date))[0] == mapped(Run("backfill", NOON, logical_date))[0]


def test_a_run_that_starts_just_before_the_next_hour_stays_live() -> None:
    run = Run("scheduled", NOON, logical_date=NOON - timedelta(hours=1))
    assert mapped(run, now=NOON + timedelta(hours=1, minutes=5)) == ("2026-11-20T11", True)


def test_a_run_that_is_cleared_much_later_looks_at_the_past() -> None:
    run = Run("scheduled", NOON, logical_date=NOON - timedelta(hours=1))
    assert mapped(run, now=NOON + FRESH_FOR) == ("2026-11-20T11", False)


def test_an_hour_that_is_not_over_is_refused() -> None:
    with pytest.raises(ConfigError, match="2026-11-20T12 is not over"):
        mapped(Run("manual", NOON + timedelta(minutes=25), hour="2026-11-20T12:00:00Z"))


@pytest.mark.parametrize("text", ["yesterday", "2026-11-20T09:30:00Z", ""])
def test_what_is_no_hour_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="hour"):
        mapped(Run("manual", NOON, hour=text))


def test_a_backfill_does_not_take_an_hour_from_the_form() -> None:
    with pytest.raises(ConfigError, match="backfill"):
        mapped(Run("backfill", NOON, logical_date=NOON, hour="2026-11-20T09:00:00Z"))


@pytest.mark.parametrize(("moment", "key"), [(NOON, "2026-11-20T11"), (NOON - SECOND, "2026-11-20T10"), (NOON + SECOND, "2026-11-20T11")])
def test_the_newest_hour_is_the_last_one_that_is_over(moment: datetime, key: str) -> None:
    assert newest_hour(moment) == Interval.parse(key)


def test_only_the_schedule_leaves_out_feeds_that_are_not_due() -> None:
    kinds = ("scheduled", "manual", "backfill", "asset_materialization")
    assert [kind for kind in kinds if Run(kind, NOON).only_due] == ["scheduled"]


def test_a_schedule_that_is_late_asks_publishers_and_no_archive() -> None:
    kinds = ("scheduled", "backfill", "manual", "asset_materialization")
    assert {kind: Run(kind, NOON).origins for kind in kinds if Run(kind, NOON).origins} == {"scheduled": ("captures", "sitemap", "pages")}
