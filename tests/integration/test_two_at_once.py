"""Two processes capture one part: the second waits for the first and reuses its capture, even when one is killed; readers never wait."""

from __future__ import annotations

import contextlib
import hashlib
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.core.catalogue import Catalogue
from pipeline.core.errors import BusyError
from pipeline.core.models import Part
from pipeline.core.settings import Settings
from pipeline.lake import locks, storage
from pipeline.lake.manifests import Manifest, from_json
from pipeline.lake.storage import Lake
from pipeline.operations import stages
from tests.integration import walking
from tests.integration.test_capture import HOUR, ONE, article, feed, source
from tests.newsroom import Newsroom

PART = Part(HOUR, "00", ("one",))
PAGE = f"{ONE}/a"
CONTEXT = multiprocessing.get_context("forkserver")


@pytest.fixture
def world(room: Newsroom) -> Newsroom:
    room.add_page(PAGE, article("The harbour bridge is closed"))
    room.add_page(f"{ONE}/feed", feed(PAGE), content_type="application/rss+xml")
    return room


@pytest.fixture
def options(world: Newsroom, settings: Settings, make_catalogue: Callable[..., Catalogue], tmp_path: Path) -> dict[str, Any]:
    make_catalogue([source(ONE)])
    return {**settings.model_dump(), "config": str(tmp_path / "catalogue")}


class Flags:
    """Events by which the two processes and the test wait for each other."""

    def __init__(self) -> None:
        self.at_commit, self.may_commit, self.settled = CONTEXT.Event(), CONTEXT.Event(), CONTEXT.Event()


def stand_before_commit(options: dict[str, Any], flags: Flags) -> None:
    """Capture the part, but wait for `may_commit` between writing its captures and its manifest."""
    replace = Path.replace

    def late(path: Path, target: Any) -> Path:
        if Path(target).name == "manifest.json":
            flags.at_commit.set()
            assert flags.may_commit.wait(60)
        return replace(path, target)

    Path.replace = late  # type: ignore[method-assign]
    capture(options)


def capture_meanwhile(options: dict[str, Any], flags: Flags) -> None:
    """Capture the part, and set `settled` when the capture is done or waits for the other process."""
    sleep = locks.time.sleep  # type: ignore[attr-defined]

    def told(seconds: float) -> None:
        flags.settled.set()
        sleep(min(seconds, 0.01))

    locks.time.sleep = told  # type: ignore[attr-defined]
    capture(options)
    flags.settled.set()


def capture(options: dict[str, Any]) -> None:
    settings = Settings(**options)
    stages.capture(settings, walking.load_catalogue(settings.config), PART, live=True, clock=walking.StoppedClock())


def asked_for(world: Newsroom, url: str) -> int:
    return sum(f"https://{seen.host}{seen.path}" == url for seen in world.requests)


def committed(options: dict[str, Any]) -> Manifest:
    """The part's manifest. Fails when the WARC file beside it is not the one whose digest it holds."""
    lake = Lake(options["lake"])
    manifest = from_json(lake.read_bytes(storage.manifest_path(PART)), path="manifest")
    assert hashlib.sha256(lake.read_bytes(storage.captures_path(PART))).hexdigest() == manifest.captures_sha256
    return manifest


@contextlib.contextmanager
def running(target: Callable[..., None], *arguments: Any) -> Iterator[Any]:
    process = CONTEXT.Process(target=walking.on_its_own, args=(target, *arguments))
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()


def test_the_second_capture_of_a_part_takes_what_the_first_has(world: Newsroom, options: dict[str, Any]) -> None:
    flags = Flags()
    with running(stand_before_commit, options, flags) as first:
        assert flags.at_commit.wait(60)
        world.add_page(PAGE, article("The harbour bridge is closed until the spring of next year"))
        with running(capture_meanwhile, options, flags) as second:
            assert flags.settled.wait(60)
            flags.may_commit.set()
            first.join()
            second.join()
            assert (first.exitcode, second.exitcode) == (0, 0)
    assert len(committed(options).pages) == 1
    assert asked_for(world, PAGE) == 1


def test_a_capture_that_was_killed_keeps_nobody_waiting(world: Newsroom, options: dict[str, Any]) -> None:
    flags = Flags()
    with running(stand_before_commit, options, flags) as first:
        assert flags.at_commit.wait(60)
        os.kill(first.pid, signal.SIGKILL)
    capture(options)
    assert len(committed(options).pages) == 1
    assert not [path for path in Path(options["lake"]).rglob(".*") if path.suffix == ".lock"]


def test_what_is_committed_is_read_while_somebody_holds_the_part(options: dict[str, Any]) -> None:
    capture(options)
    with locks.exclusive_lock(Lake(options["lake"]), storage.part_lock_path(PART), what="it"):
        capture(options)
        settings = Settings(**options)
        assert stages.extract(settings, walking.load_catalogue(settings.config), PART).articles == 1


def test_whoever_waits_too_long_may_try_again(options: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "PATIENCE_S", 0.0)
    who = rf"the capture of 2026-11-20T12 part 00 is running \(process {os.getpid()} on "
    with locks.exclusive_lock(Lake(options["lake"]), storage.part_lock_path(PART), what="it"), pytest.raises(BusyError, match=who):
        capture(options)


def test_on_an_object_store_whoever_lost_the_lease_does_not_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "SETTLING_S", 0.0)
    store = Lake("mock:///bucket")
    path = storage.part_lock_path(PART)
    store.filesystem.create_dir(f"{store.root}/{path.rpartition('/')[0]}")
    with locks.lock_in_turn(store, path, what="it") as check:
        check()
        store.write_bytes(path, store.read_bytes(path).replace(b'"key": "', b'"key": "not'))
        with pytest.raises(BusyError, match="another process has taken over"):
            check()
