"""A simulated week over 300 feeds: the polling rules against servers that keep count. No socket, no clock, no chance (a fixed seed).

Rhythms: a third of the feeds publish hourly or more by day and little at night, a third some times a day, a third some times a week. The
minutes follow what 58,000 real articles state: one in seven on the full hour, one in seven just after it, some on the half hour.
"""

from __future__ import annotations

import bisect
import itertools
import random
import statistics
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from pipeline.discovery.polling import EARLY_S, PollBounds, after_document, after_failure, after_not_modified, sends_validators, wait_s
from pipeline.lake.schedules import Schedule

START = datetime(2026, 11, 16, tzinfo=UTC)
WEEK_H = 7 * 24
FEEDS, SHOWN = 300, 25
PATIENCE_S = 300.0
RETRY_AFTER_S = 10_800


@dataclass
class Server:
    """A feed's server: lists the newest entries, answers conditional requests, and counts the polls that it had forbidden."""

    published: list[datetime]
    per_day: float
    max_age_s: int
    ttl_s: int
    has_validators: bool
    limits: list[datetime]
    """When it complains, with a Retry-After."""
    closed_until: datetime = START
    violations: int = 0
    unconditional: int = 0
    polls: list[datetime] = field(default_factory=list)

    def newest(self, at: datetime) -> int:
        """The number of entries published up to `at`, which also serves as the ETag."""
        return bisect.bisect_right(self.published, at)


@dataclass
class Follower:
    """Our state of a feed: the number of entries seen, and its poll schedule."""

    server: Server
    known: int | None = None
    schedule: Schedule = field(default_factory=Schedule)
    delays_min: list[float] = field(default_factory=list)
    verdicts: Counter[str] = field(default_factory=Counter)

    def poll(self, at: datetime) -> None:
        server = self.server
        server.polls.append(at)
        server.violations += at < server.closed_until
        if server.limits and at >= server.limits[0]:
            server.limits.pop(0)
            server.closed_until = at + timedelta(seconds=RETRY_AFTER_S)
            self.verdicts["429"] += 1
            self.schedule = after_failure(
                self.schedule, now=at, bounds=PollBounds(), reason="status", status=429, retry_after_s=RETRY_AFTER_S
            )
            return
        headers = {"cache-control": f"max-age={server.max_age_s}"} if server.max_age_s else {}
        server.closed_until = at + timedelta(seconds=max(server.max_age_s, server.ttl_s))
        is_checked = self.schedule.unchanged > 0 and not sends_validators(self.schedule, now=at)
        is_conditional = server.has_validators and self.known is not None and sends_validators(self.schedule, now=at)
        server.unconditional += server.has_validators and self.known is not None and not is_conditional and not is_checked
        newest = server.newest(at)
        if is_conditional and newest == self.known:
            self.verdicts["304"] += 1
            self.schedule = after_not_modified(self.schedule, now=at, bounds=PollBounds(), headers=headers)
            return
        shown = range(max(0, newest - SHOWN), newest)
        new = [number for number in shown if self.known is None or number >= self.known]
        if self.known is not None:
            self.delays_min += [(at - server.published[number]) / timedelta(minutes=1) for number in new]
            self.verdicts["missed"] += newest - self.known - len(new)
        self.known = newest
        self.verdicts["200"] += 1
        self.schedule = after_document(
            self.schedule, now=at, bounds=PollBounds(), new=len(new), total=len(shown), headers=headers, document_s=server.ttl_s
        )


def minute(chance: random.Random) -> float:
    """A minute of the hour as publishers state it."""
    kind = chance.random()
    if kind < 0.14:
        return 0.0
    if kind < 0.27:
        return chance.uniform(1, 6)
    return 30.0 if kind < 0.32 else chance.uniform(6, 60)


def rhythm(chance: random.Random, per_day: float) -> list[datetime]:
    moments = []
    for hour in range(-48, WEEK_H):
        is_day = 6 <= hour % 24 < 22
        rate = per_day / 24 * (1.35 if is_day else 0.3)
        count = int(rate) + (chance.random() < rate % 1)
        moments += [START + timedelta(hours=hour, minutes=minute(chance), seconds=chance.uniform(0, 20)) for _ in range(count)]
    return sorted(moments)


def servers() -> list[Server]:
    chance = random.Random(20261116)
    made = []
    for number in range(FEEDS):
        per_day = (chance.uniform(24, 120), chance.uniform(2, 12), chance.uniform(0.1, 1))[number % 3]
        limits = [START + timedelta(hours=chance.uniform(5, WEEK_H)) for _ in range(number % 10 == 0)]
        made.append(
            Server(
                published=rhythm(chance, per_day),
                per_day=per_day,
                max_age_s=chance.choice([0, 0, 0, 60, 300, 900, 1_800, 3_600, 3_600 if per_day > 24 else 14_400]),
                ttl_s=chance.choice([0, 0, 0, 900, 1_800, 3_600]),
                has_validators=chance.random() < 0.8,
                limits=limits,
            )
        )
    return made


@cache
def week(minute_past: int, step_min: int) -> tuple[Follower, ...]:
    """Simulate a week of runs every `step_min` minutes, the first `minute_past` the hour; a run polls its feeds within three minutes."""
    chance = random.Random(7)
    followers = tuple(Follower(server) for server in servers())
    for tick in range(minute_past, WEEK_H * 60, step_min):
        for follower in followers:
            now = START + timedelta(minutes=tick, seconds=chance.uniform(1, 180))
            wait = wait_s(follower.schedule, now=now)
            if wait <= PATIENCE_S:
                follower.poll(now + timedelta(seconds=wait))
    return followers


def median_delay_min(followers: tuple[Follower, ...]) -> float:
    return statistics.median(delay for follower in followers if follower.server.per_day >= 24 for delay in follower.delays_min)


EACH_SCHEDULE = pytest.mark.parametrize(("minute_past", "step_min"), [(0, 60), (7, 60), (0, 10)])


@EACH_SCHEDULE
def test_no_request_enters_a_window_that_the_server_closed(minute_past: int, step_min: int) -> None:
    followers = week(minute_past, step_min)
    assert sum(follower.verdicts["429"] for follower in followers) > 20
    assert sum(follower.server.violations for follower in followers) == 0


@EACH_SCHEDULE
def test_no_feed_with_validators_is_asked_again_without_them(minute_past: int, step_min: int) -> None:
    followers = week(minute_past, step_min)
    assert sum(follower.verdicts["304"] for follower in followers) > 1_000
    assert sum(follower.server.unconditional for follower in followers) == 0


@EACH_SCHEDULE
def test_a_feed_is_asked_at_most_once_an_hour(minute_past: int, step_min: int) -> None:
    for follower in week(minute_past, step_min):
        polls = follower.server.polls
        assert len(polls) <= WEEK_H
        gaps = [(after - before).total_seconds() for before, after in itertools.pairwise(polls)]
        assert min(gaps) >= 3_600 - EARLY_S


@EACH_SCHEDULE
def test_nothing_is_missed(minute_past: int, step_min: int) -> None:
    followers = week(minute_past, step_min)
    found = sum(len(follower.delays_min) for follower in followers)
    assert sum(follower.verdicts["missed"] for follower in followers) <= 0.001 * found


@EACH_SCHEDULE
def test_silent_feeds_are_asked_rarely_within_a_day(minute_past: int, step_min: int) -> None:
    first_day = START + timedelta(days=1)
    for follower in week(minute_past, step_min):
        if follower.server.per_day < 0.3:
            assert sum(at >= first_day for at in follower.server.polls) < 6 * 8


def test_busy_feeds_are_captured_half_an_hour_after_publication_and_sooner_by_runs_behind_the_rush_of_the_full_hour() -> None:
    """An hourly poll finds articles that appear evenly after 30 minutes in the median; only the minute of the poll can improve that."""
    at_the_hour, behind_it, often = (median_delay_min(week(*schedule)) for schedule in [(0, 60), (7, 60), (0, 10)])
    assert at_the_hour < 30
    assert behind_it < 27
    assert often < 30
