"""One pace for a host, whichever process asks."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.core.errors import ConfigError
from pipeline.core.settings import Settings
from pipeline.fetching.fetcher import Fetcher, Target
from pipeline.fetching.paces import PacesInFiles
from pipeline.fetching.politeness import HostPace, HostSchedule
from tests.integration.conftest import FrozenClock
from tests.newsroom import Newsroom

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOST = "one.example"


def reserve_some(folder: str, waits: multiprocessing.SimpleQueue[float]) -> None:
    schedule = HostSchedule(PacesInFiles(folder, connections=2))
    for _ in range(25):
        waits.put(schedule.reserve(HOST, now=NOW, pace_s=2))


def die_while_changing(folder: str) -> None:
    PacesInFiles(folder, connections=1).change(HOST, lambda _: os.kill(os.getpid(), signal.SIGKILL))


def die_with_a_connection(folder: str) -> None:
    with PacesInFiles(folder, connections=1).connection(HOST):
        os.kill(os.getpid(), signal.SIGKILL)


def test_processes_get_each_slot_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("forkserver")
    waits = context.SimpleQueue()
    processes = [context.Process(target=reserve_some, args=(str(tmp_path), waits)) for _ in range(4)]
    for process in processes:
        process.start()
    got = sorted(waits.get() for _ in range(100))
    for process in processes:
        process.join(30)
    assert got == [2.0 * number for number in range(100)]


@pytest.mark.parametrize("death", [die_while_changing, die_with_a_connection])
def test_a_process_that_is_killed_holds_nobody_up(tmp_path: Path, death: object) -> None:
    process = multiprocessing.get_context("forkserver").Process(target=death, args=(str(tmp_path),))
    process.start()
    process.join(30)
    assert process.exitcode == -signal.SIGKILL
    store = PacesInFiles(tmp_path, connections=1)
    assert HostSchedule(store).reserve(HOST, now=NOW, pace_s=2) == 0
    with store.connection(HOST):
        pass


@pytest.mark.parametrize("left", [b"", b'{"host": "one.ex', b"[]", b'{"free": 3, "held": null, "slowness": 1}', b"\xff" * 9_000])
def test_a_broken_file_is_a_host_never_asked(tmp_path: Path, left: bytes) -> None:
    store = PacesInFiles(tmp_path, connections=1)
    store.change(HOST, lambda pace: (pace.holding(NOW), None))
    (path,) = tmp_path.glob("*.json")
    path.write_bytes(left)
    assert store.change(HOST, lambda pace: (pace, pace)) == HostPace()


def test_a_pace_survives_its_file(tmp_path: Path) -> None:
    pace = HostPace(NOW, NOW + timedelta(hours=1), 3.2)
    PacesInFiles(tmp_path, connections=1).change(HOST, lambda _: (pace, None))
    assert PacesInFiles(tmp_path, connections=1).change(HOST, lambda kept: (kept, kept)) == pace


def test_connections_to_a_host_are_bounded(tmp_path: Path) -> None:
    most, now_open, lock = 0, 0, threading.Lock()

    def hold() -> None:
        nonlocal most, now_open
        with PacesInFiles(tmp_path, connections=3).connection(HOST):
            with lock:
                now_open += 1
                most = max(most, now_open)
            threading.Event().wait(0.02)
            with lock:
                now_open -= 1

    threads = [threading.Thread(target=hold) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most <= 3


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
