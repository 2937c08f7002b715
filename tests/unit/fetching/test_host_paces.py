"""How a host's pace slows down and recovers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pipeline.fetching.politeness import CALMED_S, SLOWEST, HostPace, HostSchedule

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize("status", [429, 503])
def test_a_complaint_doubles_the_pace_up_to_a_bound(status: int) -> None:
    schedule, gaps, before = HostSchedule(), [], 0.0
    for _ in range(7):
        schedule.note_status("one.example", status=status)
        wait = schedule.reserve("one.example", now=NOON, pace_s=2)
        gaps.append(wait - before)
        before = wait
    assert gaps[1:] == [4, 8, 16, 2 * SLOWEST, 2 * SLOWEST, 2 * SLOWEST]


def test_a_host_without_a_pace_gets_one_by_complaining() -> None:
    pace, _ = HostPace().after(429).reserved(now=NOON, pace_s=0)
    assert pace.free == NOON + timedelta(seconds=2)


def test_good_answers_bring_the_pace_back() -> None:
    pace = HostPace().after(429)
    answers = 0
    while pace.slowness > 1:
        pace, answers = pace.after(200), answers + 1
    assert answers == 7


def test_an_idle_host_calms_down() -> None:
    pace = HostPace(free=NOON, slowness=8.0)
    later, _ = pace.reserved(now=NOON + timedelta(seconds=2 * CALMED_S), pace_s=1)
    assert later.slowness == 2


def test_a_server_error_is_no_complaint() -> None:
    assert HostPace().after(500) == HostPace()
