"""When a feed is asked next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.discovery.polling import (
    CHECK_AFTER,
    EARLY_S,
    LONGEST_ASKED_S,
    LONGEST_S,
    PollBounds,
    after_document,
    after_failure,
    after_not_modified,
    freshness_s,
    period_s,
    sends_validators,
    wait_s,
    were_validators_wrong,
)
from pipeline.lake.manifests import FeedState, Manifest, from_json, to_json
from pipeline.lake.schedules import SHORTEST_S, Schedule

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR_S = 3_600.0
NEVER_ASKED = Schedule()


def document(before: Schedule, at: datetime, new: int, *, total: int = 20, document_s: float = 0, **headers: str) -> Schedule:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return after_document(before, now=at, bounds=PollBounds(), new=new, total=total, headers=named, document_s=document_s)


def unchanged(before: Schedule, at: datetime, **headers: str) -> Schedule:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return after_not_modified(before, now=at, bounds=PollBounds(), headers=named)


def failed(
    before: Schedule, reason: str, status: int | None = None, retry_after_s: float | None = None, *, at: datetime = NOON
) -> Schedule:
    return after_failure(before, now=at, bounds=PollBounds(), reason=reason, status=status, retry_after_s=retry_after_s)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, 0),
        ({"cache-control": "max-age=600"}, 600),
        ({"cache-control": "public, Max-Age=600, s-maxage=9"}, 600),
        ({"cache-control": "s-maxage=600"}, 0),
        ({"cache-control": 'max-age="600"'}, 600),
        ({"cache-control": "max-age=600", "age": "500"}, 100),
        ({"cache-control": "max-age=600", "age": "900"}, 0),
        ({"cache-control": "no-cache, max-age=600"}, 0),
        ({"cache-control": "max-age=-1"}, 0),
        ({"expires": "Fri, 20 Nov 2026 13:00:00 GMT"}, 3600),
        ({"expires": "Fri, 20 Nov 2026 13:00:00 GMT", "date": "Fri, 20 Nov 2026 12:30:00 GMT"}, 1800),
        ({"expires": "0"}, 0),
        ({"expires": "Fri, 20 Nov 2026 13:00:00 GMT", "cache-control": "max-age=60"}, 60),
    ],
)
def test_freshness_is_read_from_the_headers(headers: dict[str, str], expected: float) -> None:
    assert freshness_s(headers, now=NOON) == expected


@pytest.mark.parametrize(
    ("ttl", "period", "frequency", "expected"),
    [
        (None, None, None, 0),
        ("60", None, None, 3600),
        (" 5 ", None, None, 300),
        ("-5", None, None, 0),
        ("soon", None, None, 0),
        (None, "hourly", "2", 1800),
        (None, "Daily", None, 86400),
        (None, "daily", "0", 86400),
        ("120", "hourly", "1", 7200),
        (None, "sometimes", "1", 0),
    ],
)
def test_the_period_is_read_from_the_document(ttl: str | None, period: str | None, frequency: str | None, expected: float) -> None:
    assert period_s(ttl, update_period=period, update_frequency=frequency) == expected


def test_a_feed_never_asked_is_due() -> None:
    assert wait_s(NEVER_ASKED, now=NOON) == 0


def test_our_own_wish_may_be_met_a_little_early_and_the_servers_not() -> None:
    ours = document(NEVER_ASKED, NOON, 20)
    assert wait_s(ours, now=NOON + timedelta(seconds=HOUR_S - EARLY_S)) == 0
    theirs = document(NEVER_ASKED, NOON, 20, cache_control="max-age=3600")
    assert wait_s(theirs, now=NOON + timedelta(seconds=HOUR_S - EARLY_S)) == EARLY_S


def test_a_feed_that_brings_news_is_asked_hourly() -> None:
    schedule, at = NEVER_ASKED, NOON
    for _ in range(24):
        schedule = document(schedule, at, 1)
        assert schedule.next_poll == at + timedelta(hours=1)
        at = schedule.next_poll


def test_a_silent_feed_settles_within_a_day_at_the_longest_interval() -> None:
    schedule, at = document(NEVER_ASKED, NOON, 20), NOON
    while schedule.interval_s < LONGEST_S:
        assert schedule.next_poll is not None
        at = schedule.next_poll
        schedule = unchanged(schedule, at)
    assert at - NOON < timedelta(days=1)


def test_much_news_after_silence_makes_it_hourly_again() -> None:
    silent = Schedule(interval_s=LONGEST_S, new_shares=(0.0,) * 8)
    assert document(silent, NOON, 5).interval_s == SHORTEST_S
    assert document(silent, NOON, 1).interval_s == LONGEST_S / 2


def test_what_a_document_asked_for_holds_through_304s() -> None:
    asked = document(NEVER_ASKED, NOON, 20, document_s=7_200)
    assert unchanged(asked, NOON).closed_until == NOON + timedelta(hours=2)


def test_a_freshness_of_a_year_is_a_day_and_a_retry_after_of_three_days_is_three_days() -> None:
    asked = document(NEVER_ASKED, NOON, 20, cache_control="max-age=31536000")
    assert asked.closed_until == NOON + timedelta(seconds=LONGEST_ASKED_S)
    assert failed(NEVER_ASKED, "status", 429, 3 * 86_400).closed_until == NOON + timedelta(days=3)


def test_failures_back_off_by_their_kind_and_never_for_good() -> None:
    def hours(reason: str, status: int | None = None) -> list[float]:
        schedule, delays = NEVER_ASKED, []
        for _ in range(8):
            schedule = failed(schedule, reason, status)
            assert schedule.next_poll is not None
            delays.append((schedule.next_poll - NOON) / timedelta(hours=1))
        return delays

    assert hours("timeout") == [1, 1, 2, 4, 8, 16, 24, 24]
    assert hours("status", 503) == hours("timeout")
    assert hours("status", 410) == [1, 2, 4, 8, 16, 24, 24, 24]
    assert hours("notAFeed", 200) == hours("status", 404)


def test_a_success_ends_the_back_off() -> None:
    schedule = failed(failed(failed(NEVER_ASKED, "dns"), "dns"), "dns")
    assert document(schedule, NOON, 1).next_poll == NOON + timedelta(hours=1)


def test_after_many_304s_one_poll_is_unconditional() -> None:
    schedule = document(NEVER_ASKED, NOON, 20)
    for _ in range(CHECK_AFTER):
        assert sends_validators(schedule, now=NOON)
        schedule = unchanged(schedule, NOON)
    assert not sends_validators(schedule, now=NOON)
    assert sends_validators(document(schedule, NOON, 0), now=NOON)


def test_304s_have_lied_when_the_validators_stayed_or_the_news_is_older() -> None:
    schedule = Schedule(asked=NOON, unchanged=CHECK_AFTER)
    before, after = NOON - timedelta(hours=1), NOON + timedelta(hours=1)
    assert were_validators_wrong(schedule, same_validators=True, new_dates=[None])
    assert were_validators_wrong(schedule, same_validators=False, new_dates=[before, before, after])
    assert not were_validators_wrong(schedule, same_validators=False, new_dates=[after, after, before])
    assert not were_validators_wrong(schedule, same_validators=True, new_dates=[])


def test_a_schedule_survives_the_manifest() -> None:
    schedule = unchanged(document(NEVER_ASKED, NOON, 3, document_s=60, cache_control="max-age=60"), NOON)
    manifest = Manifest("2026-11-20T12", "00", "x", ("one",), 1, "", {}, (FeedState("one", "https://one.example/f", "captured"),), (), ())
    kept = from_json(to_json(manifest), path="x")
    assert kept.feeds[0].schedule == NEVER_ASKED
    assert b"schedule" not in to_json(manifest)
    full = Manifest("2026-11-20T12", "00", "x", ("one",), 1, "", {}, (FeedState("one", "u", "captured", schedule=schedule),), (), ())
    assert from_json(to_json(full), path="x").feeds[0].schedule == schedule


@given(polls=st.lists(st.tuples(st.sampled_from(["document", "304", "failed"]), st.integers(0, 20), st.integers(0, 100_000)), max_size=30))
def test_whatever_happens_the_server_is_obeyed_and_the_feed_is_asked_again(polls: list[tuple[str, int, int]]) -> None:
    schedule, at = NEVER_ASKED, NOON
    for kind, new, asked_s in polls:
        if kind == "document":
            schedule = document(schedule, at, new, cache_control=f"max-age={asked_s}")
        elif kind == "304":
            schedule = unchanged(schedule, at, cache_control=f"max-age={asked_s}")
        else:
            schedule = failed(schedule, "status", 503, asked_s, at=at)
        wait = wait_s(schedule, now=at)
        assert min(asked_s, LONGEST_ASKED_S) <= wait <= max(LONGEST_ASKED_S, asked_s)
        assert wait >= SHORTEST_S - EARLY_S
        at += timedelta(seconds=wait)
