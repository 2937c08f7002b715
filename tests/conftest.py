"""What every test may use. No test reaches the internet: sockets to anything but loopback are refused."""

from __future__ import annotations

import gc
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.days import DAY

TESTS = Path(__file__).resolve().parent
REPOSITORY = TESTS.parent

gc.set_threshold(50_000, 20, 50)
"""Thousands of collected tests and imported modules live until the end: at Python's own thresholds going through them takes a sixth of the
processor time of a collection of all tests."""


def pytest_report_header() -> str:
    """Say which share of the kill points and cut pages this run takes. Importing `DAY` here gives all workers of xdist the same day."""
    return f"share of {DAY} (TEST_DAY) of kill points and cut pages"


def pytest_collection_finish() -> None:
    """Take what exists after the collection of tests out of the garbage collector's sight: it lives until the end."""
    gc.freeze()


def pytest_unconfigure() -> None:
    """Give it back at the end: extension modules report what is never freed as leaks."""
    gc.unfreeze()


LONGEST_FIRST = ("dags", "integration", "unit")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put first the folder that takes longest, so that at the end no worker waits for another."""
    items.sort(key=lambda item: LONGEST_FIRST.index(item.path.relative_to(TESTS).parts[0]))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With `--dist loadfile` a worker takes a file at a time, and one worker all of tests/dags, whose Airflow takes long to start."""
    from xdist.scheduler import LoadFileScheduling

    class OneAirflow(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "tests/dags" if nodeid.startswith("tests/dags/") else str(super()._split_scope(nodeid))

    return OneAirflow(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real test data beside the project (`NEWS_SHARED`, by default `../shared`)."""
    folder = Path(os.environ.get("NEWS_SHARED", REPOSITORY.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"the shared test data is not at {folder}; set NEWS_SHARED to its folder")
    return folder


@pytest.fixture(autouse=True)
def _no_internet(monkeypatch: pytest.MonkeyPatch) -> None:
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not str(address[0]).startswith(("127.", "::1")):
            raise AssertionError(f"a test tried to reach {address}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)
