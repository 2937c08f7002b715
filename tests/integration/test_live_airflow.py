"""A real scheduler over the sample world: PostgreSQL, API server, scheduler and DAG processor, each a process of its own."""

from __future__ import annotations

import importlib.util
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow.parquet as pq
import pytest

from deploy import postgres
from deploy.local_airflow import LocalAirflow
from deploy.processes import services
from pipeline.config import load_catalogue
from tests.newsroom import Newsroom, Status, World

pytestmark = pytest.mark.live

SAMPLE_HOUR = datetime(2026, 11, 20, 12, tzinfo=UTC)
PATIENCE_S = 300.0


@dataclass(frozen=True)
class Live:
    """Airflow with the sample world behind it, its first scheduled hour done."""

    airflow: LocalAirflow
    room: Newsroom
    lake: Path

    def runs(self, dag_id: str, **only: str) -> list[dict[str, Any]]:
        found = self.airflow.api("GET", f"/dags/{dag_id}/dagRuns?limit=100")["dag_runs"]
        return [run for run in found if all(run[name] == value for name, value in only.items())]

    def trigger(self, **form: str) -> dict[str, Any]:
        """Run news_ingest by hand; returns the run when it has ended."""
        started = self.airflow.api("POST", "/dags/news_ingest/dagRuns", {"logical_date": None, "conf": form})
        path = f"/dags/news_ingest/dagRuns/{quote(started['dag_run_id'])}"
        wait_until(lambda: self.airflow.api("GET", path)["state"] in ("success", "failed"))
        run: dict[str, Any] = self.airflow.api("GET", path)
        return run

    def gate_log(self, run: dict[str, Any]) -> list[dict[str, str]]:
        path = f"/dags/news_ingest/dagRuns/{quote(run['dag_run_id'])}/taskInstances/gate/logs/1?full_content=true"
        lines: list[dict[str, str]] = self.airflow.api("GET", path)["content"]
        return lines


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    if importlib.util.find_spec("airflow") is None:
        pytest.skip("Airflow is not installed: pip install -e .[airflow]")
    reason = postgres.missing()
    if reason:
        pytest.skip(reason)
    with tempfile.TemporaryDirectory(prefix="news-airflow-", ignore_cleanup_errors=True) as folder, Newsroom(World.load()) as room:
        home = Path(folder)
        home.chmod(0o711)  # PostgreSQL's user passes through
        environment = {**room.environment, "NEWS_LAKE": str(home / "lake"), "NEWS_SOURCES_PER_PART": "4"}
        with LocalAirflow(home / "airflow", database=home / "postgres", environment=environment) as airflow:
            started = Live(airflow, room, home / "lake")
            airflow.unpause("news_publish", "news_ingest")
            wait_until(lambda: any(run["state"] in ("success", "failed") for run in started.runs("news_ingest")))
            yield started
            running = services(airflow.run)
        assert [service.name for service in running] == ["postgres", "api-server", "scheduler", "dag-processor"]
        assert services(airflow.run) == []


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


def wait_until(is_so: Callable[[], bool], *, patience_s: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + patience_s
    while not is_so():
        assert time.monotonic() < deadline, f"nothing happened in {patience_s:.0f} s"
        time.sleep(0.5)


def test_the_scheduled_hour_is_green_and_its_dates_are_published(live: Live) -> None:
    scheduled = live.runs("news_ingest", run_type="scheduled")
    assert [run["state"] for run in scheduled] == ["success"]
    wait_until(lambda: len(live.runs("news_publish", state="success")) >= 4)
    wait_until(lambda: not [run for run in live.runs("news_publish") if run["state"] in ("queued", "running")])
    assert live.runs("news_publish", state="failed") == []
    for day in (17, 18, 19, 20):
        published = live.lake / f"articles/published_date={date(2026, 11, day)}/articles.parquet"
        assert pq.read_table(published).num_rows > 0


def test_a_backfill_over_three_past_hours_is_green(live: Live) -> None:
    last = min(SAMPLE_HOUR, datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=24))
    hours = [last - timedelta(hours=back) for back in (2, 1, 0)]
    live.airflow.airflow(
        *("backfill", "create", "--dag-id", "news_ingest", "--max-active-runs", "1"),
        *("--from-date", hours[0].isoformat(), "--to-date", hours[-1].isoformat()),
    )
    wait_until(lambda: len(live.runs("news_ingest", run_type="backfill", state="success")) == 3)
    for hour in hours:
        assert list(live.lake.glob(f"raw/interval={hour:%Y-%m-%dT%H}/part=*/manifest.json"))


def test_one_dead_source_leaves_a_green_run_with_a_warning(live: Live) -> None:
    with silenced(live.room, 1) as dead:
        run = live.trigger(hour="2026-11-18T03:00:00Z", looking="live")
    assert run["state"] == "success"
    warnings = [line["event"] for line in live.gate_log(run) if line.get("level") == "warning"]
    assert any("1 of 10 sources failed" in warning and dead[0] in warning for warning in warnings)


def test_too_many_dead_sources_make_a_red_run(live: Live) -> None:
    with silenced(live.room, 7):
        run = live.trigger(hour="2026-11-18T04:00:00Z", looking="live")
    assert run["state"] == "failed"
    assert "7 of 10 sources failed" in str(live.gate_log(run))
