"""Locks: the second process is told who works, a killed one leaves nothing that holds, on a local lake and on an object store."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.core.errors import LockedError
from pipeline.lake import locks, storage
from pipeline.lake.locks import exclusive_lock
from pipeline.lake.storage import Lake

PATH = storage.backfill_lock_path("0123456789ab")


def hold_until_killed(lake: str, ready: Any) -> None:
    with exclusive_lock(Lake(lake), PATH, what="backfill 0123456789ab"):
        ready.set()
        signal.pause()


def test_the_second_process_is_told_who_works_and_a_killed_one_leaves_nothing_that_holds(tmp_path: Path) -> None:
    context = multiprocessing.get_context("forkserver")
    ready = context.Event()
    process = context.Process(target=hold_until_killed, args=(str(tmp_path), ready))
    process.start()
    try:
        assert ready.wait(30)
        with pytest.raises(LockedError, match=rf"backfill 0123456789ab is running \(process {process.pid} on .*repeat the command"):
            exclusive_lock(Lake(str(tmp_path)), PATH, what="backfill 0123456789ab").__enter__()
    finally:
        os.kill(process.pid or 0, signal.SIGKILL)
        process.join()
    with exclusive_lock(Lake(str(tmp_path)), PATH, what="backfill 0123456789ab"):
        assert json.loads((tmp_path / PATH).read_text())["pid"] == os.getpid()
    assert not (tmp_path / PATH).exists()


def test_a_lock_is_free_again_after_an_error(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), exclusive_lock(Lake(str(tmp_path)), PATH, what="it"):
            raise ZeroDivisionError
    assert list((tmp_path / "backfills").iterdir()) == []


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Lake:
    monkeypatch.setattr(locks, "SETTLING_S", 0.0)
    lake = Lake("mock:///bucket")
    lake.filesystem.create_dir(f"{lake.root}/backfills")  # a bucket needs no folders
    return lake


def test_on_an_object_store_a_lease_is_respected_and_given_back(store: Lake) -> None:
    with (
        exclusive_lock(store, PATH, what="it"),
        pytest.raises(LockedError, match=rf"process {os.getpid()} .* if it was killed, try again after"),
    ):
        exclusive_lock(store, PATH, what="it").__enter__()
    with exclusive_lock(store, PATH, what="it"):
        pass
    assert not store.exists(PATH)


def test_on_an_object_store_a_lease_that_nobody_renews_is_taken_over(store: Lake) -> None:
    old = (datetime.now(UTC) - locks.LEASE - timedelta(seconds=1)).isoformat()
    store.write_bytes(PATH, json.dumps({"host": "gone", "pid": 1, "since": old, "key": "k", "renewed": old}).encode())
    with exclusive_lock(store, PATH, what="it"):
        assert json.loads(store.read_bytes(PATH))["pid"] == os.getpid()


def test_on_an_object_store_a_lease_is_renewed_while_the_work_lasts(store: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "RENEW_S", 0.001)
    renewed = threading.Event()
    write = store.write_bytes
    with exclusive_lock(store, PATH, what="it"):
        first = store.read_bytes(PATH)
        monkeypatch.setattr(store, "write_bytes", lambda path, data: (write(path, data), renewed.set()))
        assert renewed.wait(10)
        assert store.read_bytes(PATH) != first
