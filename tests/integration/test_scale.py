"""The Airflow of many machines, all its parts real processes on loopback: what is killed in the middle of the work loses nothing.

`make test-scale` runs it; `SCALE=long make test-scale` with 200 sources, a day of backfill and every kind of failure.
"""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from deploy import scaled_airflow
from deploy.scaled_airflow import ScaledAirflow
from pipeline.core.catalogue import load_catalogue
from pipeline.core.models import Interval, Part
from pipeline.core.settings import Settings
from pipeline.lake.storage import Lake, articles_path
from pipeline.operations import stages
from tests.integration.conftest import KEY, catalogue_with
from tests.newsroom import Newsroom
from tests.newsroom.histories import History
from tests.object_store import ACCESS_KEY, SECRET_KEY, Fault, ObjectStore, object_store

pytestmark = [pytest.mark.live, pytest.mark.scale]

HOUR = timedelta(hours=1)
FINISHED = ("success", "failed")
DERIVED = ("extracted", "ledger", "touched", "articles", "explain", "stories")
"""The folders whose files follow from the captures alone."""
SOON = {
    "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.5",
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "600",
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "10",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_SEC": "5",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
    "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT": "60",
    "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT_CHECK_INTERVAL": "10",
}
"""Airflow takes a task for lost after half a minute without a heartbeat, or after a minute in a queue, instead of five and ten minutes."""


@dataclass(frozen=True)
class Size:
    """How much runs, and what fails meanwhile, in this order."""

    sources: int
    per_part: int
    hours: int
    per_hour: float
    failures: tuple[str, ...]
    outage_s: float
    patience_s: float


SHORT = Size(sources=24, per_part=6, hours=2, per_hour=1.0, failures=("worker-1", "redis", "s3"), outage_s=10, patience_s=600)
LONG = Size(
    sources=200,
    per_part=25,
    hours=24,
    per_hour=0.3,
    failures=("worker-1", "redis", "scheduler", "postgres", "s3", "worker-2"),
    outage_s=60,
    patience_s=3600,
)
SIZE = LONG if os.environ.get("SCALE") == "long" else SHORT


class Topology:
    """The running Airflow with its world and its lake, and what the test asks and does."""

    def __init__(self, airflow: ScaledAirflow, s3: ObjectStore, history: History, settings: Settings) -> None:
        self.airflow, self.s3, self.history, self.settings = airflow, s3, history, settings
        self.failed: list[str] = []

    def runs(self, dag_id: str, **only: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.airflow.api("GET", f"/dags/{dag_id}/dagRuns?limit=100")["dag_runs"]
        return [run for run in found if all(run[name] == value for name, value in only.items())]

    def running_tasks(self) -> int:
        """How many tasks of `news_ingest` run."""
        return int(self.airflow.api("GET", "/dags/news_ingest/dagRuns/~/taskInstances?state=running&limit=1")["total_entries"])

    def is_quiet(self) -> bool:
        """Whether no run is left to do."""
        return all(run["state"] in FINISHED for dag_id in ("news_ingest", "news_publish") for run in self.runs(dag_id))

    def let_fail(self, name: str) -> None:
        """Take S3 away for a while, restart PostgreSQL, or kill a service; each while a task runs."""
        self.wait(lambda: self.running_tasks() > 0)
        if name == "s3":
            self.s3.faults = lambda _: Fault(status=503)
            time.sleep(SIZE.outage_s)
            self.s3.forget()
            return
        before = self.airflow.keeper.restarts[name]
        self.airflow.keeper.kill(name, signal.SIGINT if name == "postgres" else signal.SIGKILL)
        self.wait(lambda: self.airflow.keeper.restarts[name] > before)

    def wait(self, is_so: Callable[[], bool]) -> None:
        """Wait until it is so. A question that finds no answer, because what answers was killed, is asked again."""
        deadline = time.monotonic() + SIZE.patience_s
        while True:
            try:
                if is_so():
                    return
            except OSError as error:
                self.failed.append(str(error))
            assert time.monotonic() < deadline, f"nothing happened in {SIZE.patience_s:.0f} s"
            time.sleep(1)


@pytest.fixture
def topology() -> Iterator[Topology]:
    if reason := scaled_airflow.why_unavailable():
        pytest.skip(reason)
    newest = Interval.containing(datetime.now(UTC) - HOUR)
    with tempfile.TemporaryDirectory(prefix="news-scale-", ignore_cleanup_errors=True) as folder, Newsroom() as room, object_store() as s3:
        home = Path(folder)
        home.chmod(0o711)  # PostgreSQL's user passes through
        history = History(
            room,
            seed=20,
            count=SIZE.sources,
            start=newest.start - SIZE.hours * HOUR,
            now=newest.end,
            per_hour=SIZE.per_hour,
            keepers=("sitemap", "pages"),
            in_feed=3,
        )
        catalogue_with(home / "catalogue", history.sources)
        environment = {
            **room.environment,
            **SOON,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "NEWS_CONFIG": str(home / "catalogue"),
            "NEWS_LAKE": s3.new_bucket(with_key=False),
            "NEWS_SEALING_KEYS": KEY,
            "NEWS_SOURCES_PER_PART": str(SIZE.per_part),
        }
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
            patch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
            with ScaledAirflow(home / "airflow", database=home / "postgres", environment=environment) as airflow:
                yield Topology(airflow, s3, history, Settings.from_environment(environment))


def test_what_is_killed_meanwhile_loses_nothing_and_changes_no_byte(topology: Topology, tmp_path: Path) -> None:
    airflow, newest = topology.airflow, Interval.containing(datetime.now(UTC) - HOUR)
    airflow.unpause("news_publish", "news_ingest")
    first = newest.start - SIZE.hours * HOUR
    ask_for_backfill(airflow, first, newest.start - HOUR)
    for name in SIZE.failures:
        topology.let_fail(name)
    topology.wait(lambda: len(topology.runs("news_ingest", run_type="backfill")) == SIZE.hours and topology.is_quiet())
    time.sleep(10)  # a date that was announced last gets its run in the next round of the scheduler
    topology.wait(topology.is_quiet)

    assert {run["state"] for run in topology.runs("news_ingest")} == {"success"}, errors_of_tasks(airflow.home)
    assert {name for name, times in airflow.keeper.restarts.items() if times} >= set(SIZE.failures) - {"s3"}
    lake = Lake(topology.settings.lake)
    told = topology.history.told_between(first, newest.end)
    assert published(lake) == Counter((one.url, one.title, one.at) for one in told)
    assert found_by_ledger(lake) == {one.url for one in told}
    assert differing(lake, undisturbed(topology.settings, lake, tmp_path / "lake")) == []


def errors_of_tasks(home: Path) -> list[str]:
    """The different errors in the logs of tasks, with the exception that was raised."""
    lines = [
        line for log in (home / "logs").glob("dag_id=*/**/*.log") for line in log.read_text().splitlines() if '"level":"error"' in line
    ]
    return sorted({line.partition('"event":')[2][:600] for line in lines})[:10]


def ask_for_backfill(airflow: ScaledAirflow, first: datetime, last: datetime) -> None:
    """Ask for the hours from the publishers' own lists; two at once, beside the scheduled hour."""
    asked = {
        "dag_id": "news_ingest",
        "from_date": first.isoformat(),
        "to_date": last.isoformat(),
        "max_active_runs": 2,
        "dag_run_conf": {"origins": ["captures", "sitemap", "pages"]},
    }
    airflow.api("POST", "/backfills", asked)


def published(lake: Lake) -> Counter[tuple[str, str, datetime]]:
    """URL, title and time of all records."""
    rows = (row for day in lake.published_dates() for row in lake.read_table(articles_path(day)).to_pylist())
    return Counter((row["webUrl"], row["title"], row["publishedDateTime"]) for row in rows)


def found_by_ledger(lake: Lake) -> set[str]:
    """The pages that some ledger says were captured; none may say that one failed."""
    rows = [row for file in lake.files("ledger") for row in lake.read_table(file.path).to_pylist() if row["kind"] == "page"]
    assert [row for row in rows if row["outcome"] == "failed"] == []
    return {row["url"] for row in rows if row["outcome"] == "captured"}


def undisturbed(settings: Settings, lake: Lake, folder: Path) -> Lake:
    """A local lake with the captures of `lake`, extracted and published by the library without a failure."""
    local = Lake(str(folder))
    for file in lake.files("raw"):
        local.write_bytes(file.path, lake.read_bytes(file.path))
    own = settings.model_copy(update={"lake": str(folder), "pace_url": ""})
    catalogue = load_catalogue(own.config)
    parts = [Part(interval, name) for interval in local.captured_intervals() for name in local.captured_parts(interval.key)]
    dates = {day for part in parts for day in stages.extract(own, catalogue, part).published_dates}
    list(stages.publish_dates(own, catalogue, sorted(dates)))
    return local


def differing(one: Lake, other: Lake) -> list[str]:
    """The derived files that only one of the lakes has, or that are not the same in both."""
    files = [{file.path for folder in DERIVED for file in lake.files(folder)} for lake in (one, other)]
    assert files[0]
    return sorted(files[0] ^ files[1]) + sorted(path for path in files[0] & files[1] if one.read_bytes(path) != other.read_bytes(path))
