"""One pace for a host, whichever process asks: what holds for both shared stores, and what is peculiar to files and to a real Redis."""

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
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.core.errors import ConfigError, TransientError
from pipeline.core.settings import Settings
from pipeline.fetching import paces_in_redis
from pipeline.fetching.fetcher import Fetcher, Target
from pipeline.fetching.pace_stores import pace_store
from pipeline.fetching.paces import PacesInFiles
from pipeline.fetching.paces_in_redis import PacesInRedis
from pipeline.fetching.politeness import HostPace, HostSchedule, PaceStore
from tests.integration.conftest import FrozenClock
from tests.newsroom import Newsroom

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOST = "one.example"
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class SharedPaces:
    """The place where processes share their paces: a folder, or the URL of a Redis."""

    place: str

    def store(self, *, connections: int, slot_s: float = 60) -> PaceStore:
        if self.place.startswith("redis://"):
            return PacesInRedis(self.place, connections=connections, slot_s=slot_s)
        return PacesInFiles(self.place, connections=connections)


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
    """The URL of that Redis, which is empty before and after the test."""
    yield server
    import redis

    with redis.Redis.from_url(server) as client:
        client.flushdb()


@pytest.fixture(params=["files", "redis"])
def paces(request: pytest.FixtureRequest, tmp_path: Path) -> SharedPaces:
    return SharedPaces(str(tmp_path) if request.param == "files" else request.getfixturevalue("url"))


def reserve_some(paces: SharedPaces, waits: multiprocessing.SimpleQueue[float]) -> None:
    schedule = HostSchedule(paces.store(connections=2))
    for _ in range(25):
        waits.put(schedule.reserve(HOST, now=NOW, pace_s=2))


def die_while_changing(paces: SharedPaces) -> None:
    paces.store(connections=1).change(HOST, lambda _: os.kill(os.getpid(), signal.SIGKILL))


def die_with_a_connection(paces: SharedPaces) -> None:
    with paces.store(connections=1, slot_s=2.0).connection(HOST):
        os.kill(os.getpid(), signal.SIGKILL)


def test_processes_get_each_slot_once(paces: SharedPaces) -> None:
    context = multiprocessing.get_context("forkserver")
    waits = context.SimpleQueue()
    processes = [context.Process(target=reserve_some, args=(paces, waits)) for _ in range(4)]
    for process in processes:
        process.start()
    got = sorted(waits.get() for _ in range(100))
    for process in processes:
        process.join(30)
    assert got == [2.0 * number for number in range(100)]


@pytest.mark.parametrize("death", [die_while_changing, die_with_a_connection])
def test_a_process_that_is_killed_holds_nobody_up(paces: SharedPaces, death: Callable[[SharedPaces], None]) -> None:
    process = multiprocessing.get_context("forkserver").Process(target=death, args=(paces,))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    store = paces.store(connections=1, slot_s=2.0)
    assert HostSchedule(store).reserve(HOST, now=NOW, pace_s=2) == 0
    with store.connection(HOST):
        pass


def test_connections_to_a_host_are_bounded(paces: SharedPaces) -> None:
    most, now_open, lock = 0, 0, threading.Lock()

    def hold() -> None:
        nonlocal most, now_open
        with paces.store(connections=3).connection(HOST):
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


def test_a_pause_that_a_host_asked_for_holds_everywhere(paces: SharedPaces) -> None:
    pace = HostPace(NOW, NOW + timedelta(hours=1), 3.2)
    paces.store(connections=1).change(HOST, lambda _: (pace, None))
    elsewhere = paces.store(connections=1)
    assert elsewhere.change(HOST, lambda kept: (kept, kept)) == pace
    assert HostSchedule(elsewhere).held_s(HOST, now=NOW) == 3_600


@pytest.mark.parametrize("left", [b"", b'{"host": "one.ex', b"[]", b'{"free": 3, "held": null, "slowness": 1}', b"\xff" * 9_000])
def test_a_broken_file_is_a_host_never_asked(tmp_path: Path, left: bytes) -> None:
    store = PacesInFiles(tmp_path, connections=1)
    store.change(HOST, lambda pace: (pace.holding(NOW), None))
    (path,) = tmp_path.glob("*.json")
    path.write_bytes(left)
    assert store.change(HOST, lambda pace: (pace, pace)) == HostPace()


def test_a_directory_that_cannot_be_is_a_wrong_setting(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="NEWS_PACE_DIR"):
        PacesInFiles(tmp_path / "file" / "below", connections=1)


def test_two_fetchers_share_the_pace_of_a_host(room: Newsroom, settings: Settings, clock: FrozenClock, tmp_path: Path) -> None:
    room.add_page("https://www.any.example/page", "<html></html>")
    shared = settings.model_copy(update={"pace_dir": str(tmp_path / "paces")})
    with contextlib.ExitStack() as stack:
        for _ in range(2):
            fetcher = stack.enter_context(Fetcher(shared, clock=clock))
            assert fetcher.get(Target("https://www.any.example/page", "page", 2.0)).error is None
    assert clock.slept == [2.0, 4.0, 6.0]  # each asks for robots.txt and the page


def test_redis_forgets_a_host_after_the_longest_pause(url: str) -> None:
    PacesInRedis(url, connections=1, slot_s=60).change(HOST, lambda pace: (pace.holding(NOW), None))
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
