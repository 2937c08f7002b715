"""One pace for a host, whichever machine asks: processes that share no disk, against a real Redis."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pipeline.core.errors import ConfigError, TransientError
from pipeline.core.settings import Settings
from pipeline.fetching import paces_in_redis
from pipeline.fetching.pace_stores import pace_store
from pipeline.fetching.paces_in_redis import PacesInRedis
from pipeline.fetching.politeness import HostPace, HostSchedule

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOST = "one.example"
LOOPBACK = "127.0.0.1"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The URL of a Redis that keeps nothing on disk."""
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed; apt-get install redis-server")
    pytest.importorskip("redis", reason="the extra `redis` installs redis-py")
    with socket.socket() as free:
        free.bind((LOOPBACK, 0))
        port = free.getsockname()[1]
    argv = ["redis-server", "--bind", LOOPBACK, "--port", str(port), "--save", "", "--appendonly", "no", "--requirepass", "opensesame"]
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 30
        while True:
            with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=1):
                break
            assert time.monotonic() < until
        yield f"redis://:opensesame@{LOOPBACK}:{port}/0"
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def url(server: str) -> Iterator[str]:
    yield server
    import redis

    with redis.Redis.from_url(server) as client:
        client.flushdb()


def reserve_some(url: str, waits: multiprocessing.SimpleQueue[float]) -> None:
    schedule = HostSchedule(PacesInRedis(url, connections=2, slot_s=60))
    for _ in range(25):
        waits.put(schedule.reserve(HOST, now=NOW, pace_s=2))


def hold_until_killed(url: str, held: Any) -> None:
    with PacesInRedis(url, connections=1, slot_s=2.0).connection(HOST):
        held.set()
        signal.pause()


def test_four_processes_that_share_no_disk_get_each_slot_once(url: str) -> None:
    context = multiprocessing.get_context("forkserver")
    waits = context.SimpleQueue()
    processes = [context.Process(target=reserve_some, args=(url, waits)) for _ in range(4)]
    for process in processes:
        process.start()
    got = sorted(waits.get() for _ in range(100))
    for process in processes:
        process.join(30)
    assert got == [2.0 * number for number in range(100)]


def test_a_worker_that_is_killed_frees_its_share(url: str) -> None:
    context = multiprocessing.get_context("forkserver")
    held = context.Event()
    process = context.Process(target=hold_until_killed, args=(url, held))
    process.start()
    assert held.wait(60)
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join(30)
    store = PacesInRedis(url, connections=1, slot_s=2.0)
    assert HostSchedule(store).reserve(HOST, now=NOW, pace_s=2) == 0
    with store.connection(HOST):
        pass


def test_connections_to_a_host_are_bounded(url: str) -> None:
    most, now_open, lock = 0, 0, threading.Lock()

    def hold() -> None:
        nonlocal most, now_open
        with PacesInRedis(url, connections=3, slot_s=60).connection(HOST):
            with lock:
                now_open += 1
                most = max(most, now_open)
            threading.Event().wait(0.02)
            with lock:
                now_open -= 1

    threads = [threading.Thread(target=hold) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 0 < most <= 3


def test_a_pause_that_a_host_asked_for_holds_everywhere_and_is_forgotten_after_it(url: str) -> None:
    pace = HostPace(NOW, NOW + timedelta(hours=1), 3.2)
    PacesInRedis(url, connections=1, slot_s=60).change(HOST, lambda _: (pace, None))
    elsewhere = HostSchedule(PacesInRedis(url, connections=1, slot_s=60))
    assert elsewhere.held_s(HOST, now=NOW) == 3_600
    import redis

    with redis.Redis.from_url(url) as client:
        (key,) = client.keys()
        assert paces_in_redis.KEPT_S - 60 < client.ttl(key) <= paces_in_redis.KEPT_S


def test_a_redis_that_is_away_is_a_transient_error_that_hides_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("redis", reason="the extra `redis` installs redis-py")
    monkeypatch.setattr(paces_in_redis, "ATTEMPTS", 1)
    with socket.socket() as nobody:
        nobody.bind((LOOPBACK, 0))
        store = PacesInRedis(f"redis://:opensesame@{LOOPBACK}:{nobody.getsockname()[1]}/0", connections=1, slot_s=60)
        with pytest.raises(TransientError, match=r"the paces of hosts at redis://127\.0\.0\.1:\d+/0 did not answer") as caught:
            store.change(HOST, lambda pace: (pace, None))
    assert "opensesame" not in str(caught.value)


def test_the_setting_chooses_redis_and_is_shown_nowhere(url: str) -> None:
    settings = Settings.from_environment({"NEWS_PACE_URL": url, "HOME": "/home/ada"})
    assert isinstance(pace_store(settings), PacesInRedis)
    assert "opensesame" not in repr(settings)
    with pytest.raises(ConfigError, match="NEWS_PACE_URL: 'ftp://host' is not redis://HOST:PORT/NUMBER"):
        pace_store(Settings.from_environment({"NEWS_PACE_URL": "ftp://:opensesame@host"}))
