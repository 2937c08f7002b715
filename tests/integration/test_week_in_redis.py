"""The simulated week with four workers in four processes that share nothing but a Redis: one pace for a host, and its waits hold for all.

`make test-scale` runs it. Each host has feeds of all workers; the time is simulated, and the workers begin each hour together.
"""

from __future__ import annotations

import itertools
import multiprocessing
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from deploy import processes, redis
from pipeline.discovery.polling import wait_s
from pipeline.fetching.paces_in_redis import PacesInRedis
from pipeline.fetching.politeness import HostSchedule
from tests.integration.test_week import PATIENCE_S, RETRY_AFTER_S, START, WEEK_H, Follower, servers

pytestmark = [pytest.mark.live, pytest.mark.scale]

WORKERS, HOSTS, FEEDS = 4, 10, 40
PACE_S = 2.0


@dataclass
class Diary:
    """What a worker did: hour and time of its requests by host, and the waits that hosts asked for."""

    requests: list[tuple[str, int, datetime]] = field(default_factory=list)
    holds: list[tuple[str, int, datetime]] = field(default_factory=list)
    verdicts: Counter[str] = field(default_factory=Counter)
    longest_polls: int = 0


def work_a_week(url: str, number: int, together: Any, diaries: Any) -> None:
    """Follow the feeds of worker `number` for a week; the paces are in the Redis at `url`."""
    schedule = HostSchedule(PacesInRedis(url, connections=1, slot_s=60))
    feeds = [(f"host{feed % HOSTS:02d}.example", Follower(server)) for feed, server in enumerate(servers()[:FEEDS])]
    mine = [feeds[feed] for feed in range(FEEDS) if feed // HOSTS % WORKERS == number]
    diary = Diary()
    for hour in range(WEEK_H):
        together.wait()
        now = START + timedelta(hours=hour)
        for host, follower in mine:
            if wait_s(follower.schedule, now=now) <= PATIENCE_S and schedule.held_s(host, now=now) == 0:
                due = now + timedelta(seconds=wait_s(follower.schedule, now=now))
                at = due + timedelta(seconds=schedule.reserve(host, now=due, pace_s=PACE_S))
                complaints = follower.verdicts["429"]
                follower.poll(at)
                diary.requests.append((host, hour, at))
                schedule.note_status(host, status=429 if follower.verdicts["429"] > complaints else 200)
                if follower.verdicts["429"] > complaints:
                    until = at + timedelta(seconds=RETRY_AFTER_S)
                    schedule.hold(host, until=until)
                    diary.holds.append((host, hour, until))
    diary.verdicts = sum((follower.verdicts for _, follower in mine), Counter())
    diary.verdicts["found"] = sum(len(follower.delays_min) for _, follower in mine)
    diary.longest_polls = max(len(follower.server.polls) for _, follower in mine)
    diaries.put(diary)


@pytest.fixture
def diaries(tmp_path: Path) -> list[Diary]:
    if reason := redis.why_unavailable():
        pytest.skip(reason)
    pytest.importorskip("redis", reason="the extra `redis` installs redis-py")
    context = multiprocessing.get_context("forkserver")
    together, written = context.Barrier(WORKERS), context.Queue()
    try:
        url = redis.start_redis("opensesame", run=tmp_path) + "/0"
        workers = [context.Process(target=work_a_week, args=(url, number, together, written)) for number in range(WORKERS)]
        for worker in workers:
            worker.start()
        found = [written.get(timeout=300) for _ in workers]
        for worker in workers:
            worker.join()
    finally:
        processes.stop_all(tmp_path)
    return found


def test_the_week_holds_with_four_workers_that_share_no_disk(diaries: list[Diary]) -> None:
    by_host: defaultdict[str, list[tuple[datetime, int]]] = defaultdict(list)
    for host, hour, at in itertools.chain.from_iterable(diary.requests for diary in diaries):
        by_host[host].append((at, hour))
    assert len(by_host) == HOSTS
    for requests in by_host.values():
        gaps = [(after - before).total_seconds() for (before, _), (after, _) in itertools.pairwise(sorted(requests))]
        assert min(gaps) >= PACE_S, "one pace for a host, whichever worker asks"

    holds = [hold for diary in diaries for hold in diary.holds]
    assert len(holds) > 2
    for host, hour, until in holds:  # requests that were scheduled in the hour of the complaint are on their way
        assert [at for at, asked in by_host[host] if asked > hour and at < until] == []

    verdicts = sum((diary.verdicts for diary in diaries), Counter[str]())
    assert verdicts["304"] > 100
    assert verdicts["missed"] <= 0.001 * verdicts["found"]
    assert max(diary.longest_polls for diary in diaries) <= WEEK_H
