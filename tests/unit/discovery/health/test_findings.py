"""What is said about feeds that behave oddly."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from pipeline.discovery.health.findings import FeedFinding, feed_findings
from pipeline.lake.manifests import FeedState
from pipeline.lake.schedules import Schedule

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TEN = tuple(f"digest-{number}" for number in range(10))
ONE = FeedState("one", "https://one.example/feed", "captured", seen=TEN)


def kinds(*states: FeedState, news: dict[str, list[datetime]] | None = None) -> list[tuple[str, str]]:
    return [(finding.source_id, finding.kind) for finding in feed_findings(states, now=NOW, news=news)]


def steadily(per_day: float, *, until: datetime) -> dict[str, list[datetime]]:
    days = 5.0
    return {ONE.url: [until - timedelta(days=days * number / (days * per_day)) for number in range(int(days * per_day))]}


def test_a_feed_like_others_is_left_alone() -> None:
    assert kinds(ONE, FeedState("two", "https://two.example/feed", "captured", seen=("another",) * 10)) == []


def test_three_entries_that_are_the_same_feed_are_said_to_be_so() -> None:
    same = replace(ONE, source_id="two", url="https://one.example/rss", seen=TEN[::-1])
    moved = FeedState("three", "http://one.example/feed", "captured", moved_to=ONE.url)
    assert kinds(ONE, same, moved) == [("three", "moved"), ("three", "twin"), ("two", "twin")]


def test_few_entries_in_common_are_no_twins() -> None:
    part = replace(ONE, source_id="two", url="https://two.example/feed", seen=(*TEN[:5], *(f"own-{number}" for number in range(5))))
    assert kinds(ONE, part, replace(ONE, source_id="three", url="https://three.example/feed", seen=TEN[:2])) == []


def test_a_rhythm_that_stopped_is_told_with_its_figures() -> None:
    (finding,) = feed_findings([ONE], now=NOW, news=steadily(12, until=NOW - timedelta(days=2)))
    assert finding == FeedFinding("one", ONE.url, "silent", "usually 12 new entries a day, none for 2.0 days")


def test_a_night_a_slow_feed_and_a_failing_one_are_not_silent() -> None:
    assert kinds(ONE, news=steadily(12, until=NOW - timedelta(hours=30))) == []
    assert kinds(ONE, news=steadily(0.5, until=NOW - timedelta(days=2))) == []
    assert kinds(replace(ONE, verdict="failed"), news=steadily(12, until=NOW - timedelta(days=2))) == []


def test_a_feed_that_is_gone_is_told_with_its_next_poll() -> None:
    schedule = Schedule(failures=3, next_poll=NOW + timedelta(hours=4))
    gone = replace(ONE, verdict="failed", reason="status", status=410, schedule=schedule)
    (finding,) = feed_findings([gone], now=NOW)
    assert finding.text == "gone in its last 3 polls (status 410), next poll at 2026-11-20 16:00 UTC"
    assert kinds(replace(gone, schedule=replace(schedule, failures=2))) == []
