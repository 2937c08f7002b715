"""Airflow for the tests of the DAGs: in a process of its own, with a home of its own, driven over a pipe.

Airflow sets up logging, signals and database connections wherever it is imported; in the process of the tests its warnings would fail
other tests. The child keeps one Airflow warm, so that a DAG run takes a second and not fifteen.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from deploy.local_airflow import PROJECT, offline_settings
from tests.dags.children import ChildProcess
from tests.newsroom import Newsroom, World

sys.path.append(str(PROJECT / "dags"))


@dataclass(frozen=True)
class Run:
    state: str
    states: dict[str, str]
    """Task id, with `[index]` when mapped, to its final state."""
    tries: dict[str, int]
    labels: dict[str, str]
    results: dict[str, Any]
    metrics: dict[str, float]
    """Counters and gauges of the run whose names begin with `news.`."""
    events: list[dict[str, Any]]
    """The asset events of the run: asset, partition, extra."""
    asked: dict[str, str]
    """Subject and body of the question that ada answered."""
    note: str | None
    log: str
    """What Airflow wrote while the run lasted."""


class Child(ChildProcess):
    """Airflow in a process; `run` and `describe` wait for the answer."""

    def __init__(self, home: Path) -> None:
        self.home = home
        parsed = {"NEWS_CONTACT": "desk@news.example", "NEWS_LAKE": str(home / "lake")}  # for the DAG files alone
        environment = os.environ | offline_settings(home) | {"AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO"} | parsed
        super().__init__("tests.dags.child", log=home / "child.log", environment=environment)

    def run(self, dag_id: str, form: Mapping[str, Any], *, environment: Mapping[str, str], answer: str | None = None) -> Run:
        """Run a DAG by hand as `dag.test` does, its tasks with these variables; ada chooses `answer` when a task asks a person."""
        before = self.log.stat().st_size
        got = self.ask({"run": dag_id, "form": form, "environment": environment, "answer": answer})
        with self.log.open(errors="replace") as log:
            log.seek(before)
            return Run(**got, log=log.read())

    def tell_late(self, run: Mapping[str, Any], *, environment: Mapping[str, str]) -> None:
        """Call the callback of the deadline of `news_ingest` for this run."""
        self.ask({"late": run, "environment": environment})

    def send_metrics(self, *, environment: Mapping[str, str]) -> None:
        """Send some metrics as tasks do, Airflow's section `metrics` set by these variables."""
        self.ask({"metrics": {f"AIRFLOW__METRICS__{name}": value for name, value in environment.items()}})

    def describe(self) -> dict[str, Any]:
        """What the DAG folder holds, as Airflow sees it."""
        answer: dict[str, Any] = self.ask({"describe": True})
        return answer


@pytest.fixture(scope="session")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Child]:
    if importlib.util.find_spec("airflow") is None:
        pytest.skip("Airflow is not installed: pip install -e .[airflow]")
    child = Child(tmp_path_factory.mktemp("airflow"))
    yield child
    child.close()


@pytest.fixture(scope="session")
def folder(airflow: Child) -> dict[str, Any]:
    return airflow.describe()


@pytest.fixture
def room() -> Iterator[Newsroom]:
    with Newsroom(World.load()) as room:
        yield room


@pytest.fixture
def environment(room: Newsroom, tmp_path: Path) -> dict[str, str]:
    """For tasks: the sample world, a lake of the test's own, and the ten sources in two parts."""
    return task_environment(room, tmp_path / "lake")


def task_environment(room: Newsroom, lake: Path) -> dict[str, str]:
    return {**room.environment, "NEWS_LAKE": str(lake), "NEWS_SOURCES_PER_PART": "5"}
