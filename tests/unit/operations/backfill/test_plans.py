from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core import schema
from pipeline.core.catalogue import Source
from pipeline.core.models import Interval
from pipeline.core.settings import Settings
from pipeline.operations.backfill.archive_costs import ArchiveCost
from pipeline.operations.backfill.plans import (
    HISTORY_DAYS,
    BackfillPlan,
    BackfillRequest,
    DayCount,
    PartSize,
    UsualDay,
    count_day,
    counted_days,
    make_plan,
    plan_summary,
    usual_days,
)

FIRST, LAST = date(2026, 11, 17), date(2026, 11, 18)
NOW = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)
ORIGINS = ("captures", "sitemap", "pages")


def source(name: str, *, pace_s: float = 2.0) -> Source:
    return Source(id=name, name=name, feeds=(f"https://{name}.example/feed",), topic="News", pace_s=pace_s)


def row(url: str, outcome: str = "captured", *, kind: str = "page", **columns: Any) -> dict[str, Any]:
    return {
        "url": url,
        "kind": kind,
        "outcome": outcome,
        "reason": None,
        "sourceId": "one",
        "via": "feed",
        "listedBy": [],
        "status": 200,
        "bytes": 1_000,
        "offset": 0,
        "at": NOW if outcome == "captured" else None,
        **columns,
    }


def ledger(*rows: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=schema.LEDGER)


def test_the_same_wishes_have_the_same_id_whatever_their_order() -> None:
    assert BackfillRequest(FIRST, LAST, ("b", "a")).id == BackfillRequest(FIRST, LAST, ("a", "b")).id
    others = [
        BackfillRequest(FIRST, FIRST),
        BackfillRequest(FIRST, LAST, ("a",)),
        BackfillRequest(FIRST, LAST, origins=("wayback",)),
        BackfillRequest(FIRST, LAST, refetch=True),
    ]
    assert len({BackfillRequest(FIRST, LAST).id, *(other.id for other in others)}) == 5


def test_a_range_holds_whole_days_both_inclusive() -> None:
    asked = BackfillRequest(FIRST, LAST)
    assert asked.range == (datetime(2026, 11, 17, tzinfo=UTC), datetime(2026, 11, 19, tzinfo=UTC))
    assert asked.dates == (FIRST, LAST)
    hours = asked.intervals(now=NOW)
    assert (len(hours), hours[0].key, hours[-1].key) == (48, "2026-11-17T00", "2026-11-18T23")


def test_hours_that_are_not_over_are_left_out() -> None:
    assert [hour.key for hour in BackfillRequest(NOW.date(), NOW.date()).intervals(now=NOW)][-1] == "2026-11-23T11"
    assert BackfillRequest(date(2026, 12, 1), date(2026, 12, 2)).intervals(now=NOW) == ()


def test_dates_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(ValueError, match="is before its first"):
        BackfillRequest(LAST, FIRST)


def test_a_day_counts_requests_by_host_and_what_was_not_sent_is_none() -> None:
    counts = count_day(
        ledger(
            row("https://one.example/a"),
            row("https://cdn.example/a.png", kind="image", bytes=9_000),
            row("https://one.example/b", "failed", reason="timeout", bytes=0),
            row("https://one.example/c", "failed", reason="deferred", bytes=0),
            row("https://one.example/d", "disallowed", bytes=0),
            row("https://one.example/e", "duplicate", bytes=0),
            row("https://one.example/feed", kind="feed"),
            row("https://x.example/", sourceId=None),
        )
    )
    assert counts == {"one": DayCount({"cdn.example": 1, "one.example": 2}, bytes=10_000, pages=2, disallowed=1)}


def test_a_usual_day_is_the_median_of_the_days_that_have_data() -> None:
    days = [{"one": DayCount({"a": number, "b": 1}, bytes=number * 10, pages=number)} for number in (1, 5, 100)]
    usual = usual_days([*days, {}, {"two": DayCount({"c": 1})}])
    assert usual["one"] == UsualDay(days=3, requests={"a": 5.0, "b": 1.0}, bytes=50.0, pages=5.0, disallowed=0.0)
    assert usual["two"].days == 1


USUAL = {
    "one": UsualDay(days=9, requests={"one.example": 240.0, "cdn.example": 48.0}, bytes=24_000.0, pages=48.0, disallowed=12.0),
    "two": UsualDay(days=3, requests={"two.example": 24.0}, bytes=2_400.0, pages=24.0, disallowed=0.0),
}

BOTH_DAYS = BackfillRequest(FIRST, LAST)


def plan(asked: BackfillRequest = BOTH_DAYS, *, missing: Mapping[Interval, Collection[str]] | None = None, **changed: Any) -> BackfillPlan:
    hours = asked.intervals(now=NOW)
    options: dict[str, Any] = {
        "intervals": hours,
        "sources": [source("one"), source("two", pace_s=10), source("three")],
        "origins": ORIGINS,
        "missing": dict.fromkeys(hours, frozenset({"one", "two", "three"})) if missing is None else missing,
        "held": [],
        "later": [],
        "usual": USUAL,
        "settings": Settings(),
        "disk_free": None,
        **changed,
    }
    return make_plan(asked, **options)


def test_the_figures_are_the_usual_day_s_times_the_hours_to_capture() -> None:
    found = plan()
    one, two, three = found.sources
    assert (one.hours, one.requests, one.bytes, one.disallowed_share, one.days) == (48, 2 * 288 + 2, 48_000, 0.2, 9)
    assert (two.requests, two.bytes) == (2 * 24 + 2, 4_800)
    assert (three.requests, three.bytes, three.days) == (None, None, 0)
    assert found.without_history == ("three",)
    assert (found.requests, found.bytes) == (628, 52_800)
    assert found.disallowed_share == round(24 / 168, 3)


def test_the_slowest_host_says_how_long_it_takes() -> None:
    found = plan()
    assert found.slowest_host == "one.example"  # 480 requests, 2 s each, against 48 requests, 10 s each
    assert found.hours == round(480 * 2 / 3_600, 2)


def test_a_host_of_two_sources_is_asked_for_both() -> None:
    usual = {**USUAL, "two": UsualDay(days=3, requests={"one.example": 24.0}, bytes=0.0, pages=24.0, disallowed=0.0)}
    assert plan(usual=usual).hours == round((480 * 2 + 48 * 10) / 3_600, 2)


def test_an_archive_that_is_the_first_to_be_asked_answers_for_all_hosts() -> None:
    found = plan(origins=("captures", "wayback"), settings=Settings(archive_pace_s=3))
    assert found.slowest_host == "web.archive.org"
    assert found.hours == round((576 + 48) * 3 / 3_600, 2)


def test_what_is_captured_costs_no_request() -> None:
    hours = BackfillRequest(FIRST, LAST).intervals(now=NOW)
    missing: dict[Interval, set[str]] = {hour: {"two"} if number < 24 else set() for number, hour in enumerate(hours)}
    found = plan(missing=missing, held=[PartSize(pages=7, bytes=100)] * 3, later=[PartSize(pages=1, bytes=10)])
    assert (found.intervals, found.captured, found.to_capture) == (48, 24, 24)
    assert (found.pages, found.captures_bytes, found.later_parts) == (22, 310, 1)
    one, two, _ = found.sources
    assert (one.hours, one.hours_captured, one.requests) == (0, 48, 0)
    assert (two.hours, two.hours_captured, two.requests) == (24, 24, 26)
    assert found.without_history == ()


def test_everything_captured_takes_no_time_and_has_no_slowest_host() -> None:
    found = plan(missing=dict.fromkeys(BackfillRequest(FIRST, LAST).intervals(now=NOW), frozenset()))
    assert (found.requests, found.bytes, found.hours, found.slowest_host, found.notes) == (0, 0, 0.0, None, ())


def test_a_plan_in_one_line_says_what_it_costs_and_whom_it_leaves_out() -> None:
    line = plan_summary(plan(held=[PartSize(pages=7, bytes=100)]))
    assert line == (
        "48 of 48 hours to capture, about 628 requests, 52800 bytes, 0.27 h at the polite pace; not estimated, for lack of history in the "
        "ledger: three; 7 captured pages to extract again"
    )


def test_a_plan_without_any_history_says_that_it_knows_nothing_instead_of_nought() -> None:
    assert plan().is_known
    assert plan(missing=dict.fromkeys(BackfillRequest(FIRST, LAST).intervals(now=NOW), frozenset())).is_known
    found = plan(usual={})
    assert not found.is_known
    unknown = "48 of 48 hours to capture, at an unknown cost; not estimated, for lack of history in the ledger: one, two, three"
    assert unknown in plan_summary(found)


def test_archives_that_come_after_others_are_said_to_be_asked_for_the_rest() -> None:
    cost = ArchiveCost("ccnews", 64, 2**30, 0.04, "a file")
    found = plan(archives=[cost])
    assert found.archives == (cost,)
    assert [note.partition(" ")[0] for note in found.notes] == ["an"]
    assert plan(origins=("captures", "wayback"), archives=[cost]).notes == ()
    assert "ccnews: at most 64 requests, 1073741824 bytes (a file)" in plan_summary(found)


@given(st.integers(0, 40), st.integers(0, 200))
def test_every_hour_of_a_range_is_either_an_interval_or_not_over(days: int, hours_ago: int) -> None:
    asked = BackfillRequest(FIRST, FIRST + timedelta(days=days))
    now = asked.range[1] - timedelta(hours=hours_ago, minutes=10)
    hours = asked.intervals(now=now)
    assert all(hour.end <= now and asked.range[0] <= hour.start for hour in hours)
    assert len(hours) == max(0, (days + 1) * 24 - hours_ago - 1)


@given(st.integers(0, HISTORY_DAYS))
def test_the_days_that_are_counted_are_spread_over_those_that_are_over_with_each_weekday_once(number: int) -> None:
    newest = [FIRST + timedelta(days=place) for place in range(number)]
    counted = counted_days(newest)
    assert len(counted) == len({day.weekday() for day in counted}) == min(number, 7)
    assert counted[-1:] == tuple(newest[-2:-1] if number > 7 else newest[-1:])
    assert list(counted) == sorted(set(counted) & set(newest))
    assert not counted or (counted[-1] - counted[0]).days >= min(number, 7) - 1
    assert number < HISTORY_DAYS or (counted[-1] - counted[0]).days == 24
