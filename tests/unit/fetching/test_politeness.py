"""When a host may be asked again: Retry-After, one pace for all threads, and hosts left alone."""

from __future__ import annotations

import itertools
import random
import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.fetching.politeness import DOWN_AFTER, LONGEST_WAIT_S, SLOW_DOWN_STATUSES, TRANSIENT_STATUSES, HostSchedule, retry_after_s

NOW = datetime(2026, 11, 20, 13, 0, 5, tzinfo=UTC)
HOST = "www.any.example"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("0", 0),
        ("120", 120),
        (" 7 ", 7),
        ("007", 7),
        ("Fri, 20 Nov 2026 13:00:35 GMT", 30),  # IMF-fixdate
        ("Friday, 20-Nov-26 13:00:35 GMT", 30),  # RFC 850
        ("Fri Nov 20 13:00:35 2026", 30),  # asctime
        ("Fri, 20 Nov 2026 14:00:35 +0100", 30),
        ("Fri, 20 Nov 2026 13:00:35 -0000", 30),
        ("Fri, 20 Nov 2026 12:00:00 GMT", 0),  # gone by
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("1e9", None),
        ("²", None),
        ("٣", None),
        ("Fri, 32 Nov 2026 13:00:35 GMT", None),
        ("Fri, 20 Nov 99999 13:00:35 GMT", None),
        ("Fri, 20 Nov 2026 13:00:35 +99999999999999999999", None),
        ("604799", 604_799),
        ("604801", LONGEST_WAIT_S),
        ("9" * 400, LONGEST_WAIT_S),
        ("Fri, 31 Dec 9999 23:59:59 -1200", LONGEST_WAIT_S),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after_s(header, now=NOW) == seconds


def test_the_zone_of_the_clock_does_not_matter() -> None:
    elsewhere = NOW.astimezone(timezone(timedelta(hours=9)))
    assert retry_after_s("Fri, 20 Nov 2026 13:00:35 GMT", now=elsewhere) == 30


@settings(deadline=None)
@given(
    st.text(max_size=40) | st.from_regex(r"[A-Z][a-z]{2}, \d{1,3} [A-Z][a-z]{2} \d{1,5} \d\d:\d\d:\d\d [A-Z+-]{0,3}\d{0,5}", fullmatch=True)
)
def test_whatever_a_server_writes_is_a_wait_or_nothing(header: str) -> None:
    seconds = retry_after_s(header, now=NOW)
    assert seconds is None or seconds >= 0
    if seconds is not None:  # what it gives can be waited for
        HostSchedule().hold(HOST, until=NOW + timedelta(seconds=seconds))


def test_only_what_may_change_is_transient() -> None:
    assert {408, 425, 429, 500, 503, 599} <= TRANSIENT_STATUSES
    assert not {400, 401, 403, 404, 405, 410, 451} & TRANSIENT_STATUSES
    assert SLOW_DOWN_STATUSES <= TRANSIENT_STATUSES


def test_the_first_request_goes_at_once_and_each_other_a_pace_later() -> None:
    schedule = HostSchedule()
    assert [schedule.reserve(HOST, now=NOW, pace_s=2) for _ in range(4)] == [0, 2, 4, 6]


def test_time_that_passed_counts_towards_the_pace() -> None:
    schedule = HostSchedule()
    schedule.reserve(HOST, now=NOW, pace_s=2)
    assert schedule.reserve(HOST, now=NOW + timedelta(seconds=0.5), pace_s=2) == 1.5
    assert schedule.reserve(HOST, now=NOW + timedelta(seconds=60), pace_s=2) == 0


def test_hosts_do_not_wait_for_each_other() -> None:
    schedule = HostSchedule()
    schedule.reserve(HOST, now=NOW, pace_s=60)
    assert schedule.reserve("other.example", now=NOW, pace_s=60) == 0


def test_the_slower_pace_of_two_sources_is_kept_by_both() -> None:
    schedule = HostSchedule()
    schedule.reserve(HOST, now=NOW, pace_s=10)
    assert schedule.reserve(HOST, now=NOW, pace_s=1) == 10


def test_threads_with_their_own_clocks_never_come_closer_than_the_pace() -> None:
    """Each thread lives on a simulated clock: it waits as it is told and goes on from there; together they keep one pace."""
    schedule, pace_s, asked_at, lock = HostSchedule(), 1.5, [], threading.Lock()
    barrier = threading.Barrier(8)

    def work(number: int) -> None:
        chance = random.Random(number)
        now = NOW
        barrier.wait()
        for _ in range(50):
            now += timedelta(seconds=chance.random() * 3)
            now += timedelta(seconds=schedule.reserve(HOST, now=now, pace_s=pace_s))
            with lock:
                asked_at.append(now)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ordered = sorted(asked_at)
    assert len(ordered) == 400
    assert min(later - earlier for earlier, later in itertools.pairwise(ordered)) >= timedelta(seconds=pace_s)


def test_a_held_host_is_not_asked_before_its_time() -> None:
    schedule = HostSchedule()
    schedule.hold(HOST, until=NOW + timedelta(seconds=30))
    assert schedule.held_s(HOST, now=NOW) == 30
    assert schedule.held_s(HOST, now=NOW + timedelta(seconds=31)) == 0
    assert schedule.held_s("other.example", now=NOW) == 0
    assert schedule.reserve(HOST, now=NOW, pace_s=1) == 30
    assert schedule.reserve(HOST, now=NOW, pace_s=1) == 31


def test_a_shorter_hold_does_not_shorten_a_longer_one() -> None:
    schedule = HostSchedule()
    schedule.hold(HOST, until=NOW + timedelta(seconds=30))
    schedule.hold(HOST, until=NOW + timedelta(seconds=5))
    assert schedule.held_s(HOST, now=NOW) == 30
    assert schedule.reserve(HOST, now=NOW, pace_s=0) == 30


def test_a_host_is_down_after_so_many_silences_in_a_row() -> None:
    schedule = HostSchedule()
    for _ in range(DOWN_AFTER - 1):
        schedule.note(HOST, answered=False)
    schedule.note(HOST, answered=True)
    for _ in range(DOWN_AFTER - 1):
        schedule.note(HOST, answered=False)
    assert not schedule.is_down(HOST)
    schedule.note(HOST, answered=False)
    assert schedule.is_down(HOST)
    assert not schedule.is_down("other.example")
