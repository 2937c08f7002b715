"""A real scheduler over the sample world: PostgreSQL, API server, scheduler and DAG processor, each a process of its own."""

from __future__ import annotations

import importlib.util
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from deploy import postgres
from deploy.local_airflow import LocalAirflow
from deploy.processes import services
from pipeline.core.catalogue import load_catalogue
from pipeline.core.models import Interval
from pipeline.core.settings import Settings
from pipeline.operations import stages
from tests.integration.walking import StoppedClock
from tests.newsroom import Newsroom, Status, World

pytestmark = pytest.mark.live

SAMPLE_HOUR = datetime(2026, 11, 20, 12, tzinfo=UTC)
PATIENCE_S = 300.0
PROMPT = {
    "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.5",
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "600",
}
"""The scheduler looks for what is due more often, and DAG files that nobody changes are read once."""


@dataclass(frozen=True)
class Live:
    """Airflow with the sample world behind it, its first scheduled hour done and its dates published."""

    airflow: LocalAirflow
    room: Newsroom
    lake: Path
    yesterday: Interval
    """The hour of a day ago in which one source was captured. Told once: hours and days may turn while the tests run."""

    def runs(self, dag_id: str, **only: str) -> list[dict[str, Any]]:
        found = self.airflow.api("GET", f"/dags/{dag_id}/dagRuns?limit=100")["dag_runs"]
        return [run for run in found if all(run[name] == value for name, value in only.items())]

    def trigger(self, dag_id: str = "news_ingest", **form: Any) -> dict[str, Any]:
        """Run a DAG by hand; returns the run when it has ended."""
        started = self.airflow.api("POST", f"/dags/{dag_id}/dagRuns", {"logical_date": None, "conf": form})
        path = f"/dags/{dag_id}/dagRuns/{quote(started['dag_run_id'])}"
        wait_until(lambda: self.airflow.api("GET", path)["state"] in ("success", "failed"))
        run: dict[str, Any] = self.airflow.api("GET", path)
        return run

    def log(self, run: dict[str, Any], task_id: str) -> list[dict[str, str]]:
        path = f"/dags/{run['dag_id']}/dagRuns/{quote(run['dag_run_id'])}/taskInstances/{task_id}/logs/1?full_content=true"
        lines: list[dict[str, str]] = self.airflow.api("GET", path)["content"]
        return lines

    def result(self, run: dict[str, Any], task_id: str) -> Any:
        path = f"/dags/{run['dag_id']}/dagRuns/{quote(run['dag_run_id'])}/taskInstances/{task_id}/xcomEntries/return_value"
        return self.airflow.api("GET", path)["value"]


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    if importlib.util.find_spec("airflow") is None:
        pytest.skip("Airflow is not installed: pip install -e .[airflow]")
    reason = postgres.why_unavailable()
    if reason:
        pytest.skip(reason)
    with tempfile.TemporaryDirectory(prefix="news-airflow-", ignore_cleanup_errors=True) as folder, Newsroom(World.load()) as room:
        home = Path(folder)
        home.chmod(0o711)  # PostgreSQL's user passes through
        environment = {**room.environment, **PROMPT, "NEWS_LAKE": str(home / "lake"), "NEWS_SOURCES_PER_PART": "5"}
        yesterday = capture_yesterday(Settings.from_environment(environment))
        with LocalAirflow(home / "airflow", database=home / "postgres", environment=environment) as airflow:
            started = Live(airflow, room, home / "lake", yesterday)
            airflow.unpause("news_publish", "news_ingest")
            wait_until(lambda: any(run["state"] in ("success", "failed") for run in started.runs("news_ingest")))
            wait_until(lambda: len(started.runs("news_publish", state="success")) >= 4)
            wait_until(lambda: not [run for run in started.runs("news_publish") if run["state"] in ("queued", "running")])
            airflow.pause("news_publish")  # what follows is about the other DAGs, and each of their runs touches five dates
            yield started
            running = services(airflow.run)
        assert [service.name for service in running] == ["postgres", "api-server", "scheduler", "dag-processor"]
        assert services(airflow.run) == []


def capture_yesterday(settings: Settings) -> Interval:
    """Capture one source as if more than a day ago, when its pages were new, so that a revisit of them is due.

    The sample world's own dates do not move, and articles that were older than a week when they were captured are left alone.
    """
    catalogue, moment = load_catalogue(settings.config), datetime.now(UTC) - timedelta(hours=26)
    interval = Interval.containing(moment)
    for part in stages.plan(settings, catalogue, interval, live=True, sources=[catalogue.enabled_sources[0].id]):
        stages.capture(settings, catalogue, part, live=True, clock=StoppedClock(moment))
        stages.extract(settings, catalogue, part)
    for path in Path(settings.lake).glob(f"extracted/interval={interval.key}/*.parquet"):
        table = pq.read_table(path)
        place = table.schema.get_field_index("publishedDateTime")
        an_hour_before = pa.array([moment - timedelta(hours=1)] * table.num_rows, table.schema.field(place).type)
        pq.write_table(table.set_column(place, table.schema.field(place), an_hour_before), path)
    return interval


@contextmanager
def silenced(room: Newsroom, sources: int) -> Iterator[list[str]]:
    """While open, all feeds of the first `sources` sources answer 503; gives the sources' ids."""
    chosen = load_catalogue(room.world.catalogue).enabled_sources[:sources]
    feeds = [feed for source in chosen for feed in source.feeds]
    for feed in feeds:
        room.misbehave(feed, Status(503))
    yield [source.id for source in chosen]
    for feed in feeds:
        room.misbehave(feed, None)


def of_three(room: Newsroom) -> list[str]:
    """The ids of the first three sources, which are one part."""
    return [source.id for source in load_catalogue(room.world.catalogue).enabled_sources[:3]]


def wait_until(is_so: Callable[[], bool], *, patience_s: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + patience_s
    while not is_so():
        assert time.monotonic() < deadline, f"nothing happened in {patience_s:.0f} s"
        time.sleep(2)  # each question takes Airflow 0.05 s of processor time


def test_the_scheduled_hour_is_green_and_its_dates_are_published(live: Live) -> None:
    scheduled = sorted(live.runs("news_ingest", run_type="scheduled"), key=lambda run: run["data_interval_start"])
    assert scheduled[0]["state"] == "success"
    assert len({run["data_interval_start"] for run in scheduled}) == len(scheduled), "an hour is scheduled once"
    assert live.runs("news_publish", state="failed") == []
    for day in (17, 18, 19, 20):
        published = live.lake / f"articles/published_date={date(2026, 11, day)}/articles.parquet"
        assert pq.read_table(published).num_rows > 0


def test_a_backfill_over_two_past_hours_keeps_to_its_form(live: Live) -> None:
    last = min(SAMPLE_HOUR, datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=24))
    hours = [last - timedelta(hours=back) for back in (1, 0)]
    source = load_catalogue(live.room.world.catalogue).enabled_sources[1]
    live.room.forget_requests()
    live.airflow.airflow(
        *("backfill", "create", "--dag-id", "news_ingest", "--max-active-runs", "1"),
        *("--from-date", hours[0].isoformat(), "--to-date", hours[-1].isoformat()),
        *("--dag-run-conf", json.dumps({"sources": [source.id], "origins": ["sitemap", "pages"], "refetch": True})),
    )
    wait_until(lambda: len(live.runs("news_ingest", run_type="backfill", state="success")) == 2)
    for run in live.runs("news_ingest", run_type="backfill"):
        said = [line["event"] for line in live.log(run, "plan")]
        assert [line for line in said if source.id in line and line.endswith("to be captured")]
    for hour in hours:
        assert len(list(live.lake.glob(f"raw/interval={hour:%Y-%m-%dT%H}/part=00-r*/manifest.json"))) == 1
    assert urlsplit(source.feeds[0]).hostname in {seen.host for seen in live.room.requests}


def test_the_daily_round_looks_again_at_yesterdays_pages_and_marks_a_vanished_one(live: Live) -> None:
    (known,) = live.lake.glob(f"extracted/interval={live.yesterday.key}/*.parquet")
    gone = min(pq.read_table(known).to_pylist(), key=lambda row: row["webUrl"])
    live.room.misbehave(gone["originalUrl"], Status(410))
    live.airflow.unpause("news_maintenance")
    wait_until(lambda: any(run["state"] in ("success", "failed") for run in live.runs("news_maintenance", run_type="scheduled")))
    (run,) = live.runs("news_maintenance", run_type="scheduled")
    assert run["state"] == "success"
    counts = live.result(run, "revisit")
    assert (counts["asked"], counts["gone"]) == (pq.read_table(known).num_rows, 1)
    assert f"{gone['publishedDateTime']:%Y-%m-%d}" in live.result(run, "announce")
    (revisited,) = live.lake.glob("extracted/interval=*/part-revisit.parquet")
    vanished = [row["webUrl"] for row in pq.read_table(revisited).to_pylist() if row["vanishedAt"] is not None]
    assert vanished == [gone["webUrl"]]
    live.room.misbehave(gone["originalUrl"], None)


def test_one_dead_source_leaves_a_green_run_with_a_warning(live: Live) -> None:
    with silenced(live.room, 1) as dead:
        run = live.trigger(hour="2026-11-18T03:00:00Z", looking="live", sources=of_three(live.room))
    assert run["state"] == "success"
    warnings = [line["event"] for line in live.log(run, "gate") if line.get("level") == "warning"]
    assert any("1 of 3 sources failed" in warning and dead[0] in warning for warning in warnings)


def test_too_many_dead_sources_make_a_red_run(live: Live) -> None:
    with silenced(live.room, 2):
        run = live.trigger(hour="2026-11-18T04:00:00Z", looking="live", sources=of_three(live.room))
    assert run["state"] == "failed"
    assert "2 of 3 sources failed" in str(live.log(run, "gate"))
