"""What counts as late."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pipeline.operations.pages.today import HourOutcomes, late_hours

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def hours(*pages: int) -> list[HourOutcomes]:
    first = NOON - timedelta(hours=len(pages) - 1)
    return [HourOutcomes(first + timedelta(hours=place), {"captured": number} if number else {}) for place, number in enumerate(pages)]


def test_an_hour_that_ended_lately_is_not_late() -> None:
    assert late_hours(hours(3, 4), now=NOON + timedelta(hours=2, minutes=50)) == ()
    assert late_hours([], now=NOON) == ()


def test_a_newest_hour_of_long_ago_and_hours_without_pages_are_named() -> None:
    (late, missing) = late_hours(hours(3, 0, 4), now=NOON + timedelta(hours=6))
    assert late.startswith("The newest hour is 2026-11-20 12:00 UTC, which ended 5 hours ago")
    assert missing == "1 hour of these 3 have no pages, the last at 2026-11-20 11:00 UTC."
    (late,) = late_hours(hours(3, 4), now=NOON + timedelta(days=10))
    assert "ended 9 days ago" in late
