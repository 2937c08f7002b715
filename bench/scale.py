"""What an hour costs by executor, by number of sources and by age of the lake, in processor time of all processes together.

    python -m bench.scale --executors                     SQLite+Local, PostgreSQL+Local, PostgreSQL+Celery with 1 and 2 workers
    python -m bench.scale --sources 100 1000 5000         an hour of the library with so many sources
    python -m bench.scale --ages 30 365                   the same hour on lakes of so many days

`--executors` runs an hour of `--publishers` sources (40) by hand in each Airflow, then the same hour again, in which nothing is left to be
captured: the fixed cost of a run. `--ages` runs an hour on lakes whose older hours have articles of their own and whose dates are built
(`bench.old_lakes`). Its first line is a lake of 16 days: stories reach a week to both sides of a date, and an hour changes the dates of the
week before it, so that a younger lake has less to cluster, and an older one has the same. Each line is the least of `--repeats` runs,
which take turns. All is generated (`tests.newsroom.histories`), and the time of the newsroom is not counted.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import yaml

from bench.old_lakes import Reporter, build_dates, copy_date, fill, linked_copy, read_pattern
from pipeline.core.catalogue import load_catalogue
from pipeline.core.models import Interval, Part
from pipeline.core.settings import Settings
from pipeline.lake.storage import Lake
from pipeline.operations import stages
from tests.integration.walking import StoppedClock
from tests.newsroom import Newsroom
from tests.newsroom.histories import History, short_news

CATALOGUE = Path(__file__).resolve().parents[1] / "data"
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WINDOW_DAYS = 7
"""Days to both sides of a date whose articles its stories may have (`windowHours` of scoring.yaml)."""
FULL_DAYS = 2 * WINDOW_DAYS + 2
"""Days of a lake on which an hour's dates have as many articles around them as on any older lake."""
PER_HOUR = 0.7
"""Articles of a publisher in an hour."""
NOON = Interval.parse("2026-11-20T12")
BEFORE = Interval.containing(NOON.start - HOUR)
EXECUTORS = {"SQLite+Local": (False, 0), "PostgreSQL+Local": (True, 0), "PostgreSQL+Celery, 1 worker": (True, 1), "2 workers": (True, 2)}
"""For each executor, whether the metadata lie in PostgreSQL, and the number of Celery workers (0: LocalExecutor)."""
Writer = Callable[[random.Random, datetime], tuple[str, str]]
SURE_S = 1800.0
"""Seconds after which a run is given up. A plain choice."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a piece of work took."""

    wall_s: float
    processor_s: float
    articles: int = 0
    peak_mib: float = 0.0

    def line(self, name: str) -> str:
        """One row of the table."""
        rate = f"{self.articles / self.wall_s * 3600:10,.0f}" if self.articles else " " * 10
        memory = f"{self.peak_mib:8.0f}" if self.peak_mib else " " * 8
        return f"{name:36} {self.articles:8,d} {self.wall_s:9.1f} {self.processor_s:11.1f} {rate} {memory}"


HEAD = f"{'':36} {'articles':>8} {'wall s':>9} {'processor s':>11} {'per hour':>10} {'peak MiB':>8}"


@contextmanager
def world(folder: Path, *, publishers: int, now: datetime, write: Writer = short_news) -> Iterator[tuple[dict[str, str], History]]:
    """A newsroom with so many publishers, whose feeds show up to three articles of the last hours; gives the variables that lead to it."""
    with Newsroom() as room:
        history = History(
            room,
            seed=1,
            count=publishers,
            start=now - 5 * HOUR,
            now=now,
            per_hour=PER_HOUR,
            keepers=("sitemap",),
            in_feed=3,
            write=write,
        )
        catalogue = folder / "catalogue"
        catalogue.mkdir()
        for name in ("topics.yaml", "providers.yaml", "scoring.yaml"):
            shutil.copy(CATALOGUE / name, catalogue / name)
        (catalogue / "sources.yaml").write_text(yaml.safe_dump({"sources": history.sources}), encoding="utf-8")
        yield {**room.environment, "NEWS_CONFIG": str(catalogue)}, history


def walk(environment: dict[str, str], hour: Interval, pipe: Any) -> None:
    """Run the hour once in this process; sends what it cost, with the worker processes."""
    settings = Settings.from_environment(environment)
    catalogue = load_catalogue(settings.config)
    began = time.perf_counter()
    report = stages.run(settings, catalogue, hour, live=True, clock=StoppedClock(hour.end))
    wall_s = time.perf_counter() - began
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    articles = sum(one.articles for one in report.extracts)
    pipe.send(Cost(wall_s, sum(one.ru_utime + one.ru_stime for one in used), articles, max(one.ru_maxrss for one in used) / 1024))


def walk_alone(environment: Mapping[str, str], hour: Interval = NOON) -> Cost:
    """`walk` in a new process."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=walk, args=(dict(environment), hour, there))
    process.start()
    there.close()
    cost: Cost = here.recv()
    process.join()
    return cost


def by_sources(counts: Sequence[int]) -> None:
    """Print what an hour costs with each number of sources."""
    for count in counts:
        with tempfile.TemporaryDirectory(prefix="news-scale-") as folder, world(Path(folder), publishers=count, now=NOON.end) as (where, _):
            print(walk_alone({**where, "NEWS_LAKE": f"{folder}/lake"}).line(f"{count:,} sources"), flush=True)


def by_ages(days: Sequence[int], *, publishers: int, repeats: int) -> None:
    """Print what the same hour costs on a lake that fills the windows of its dates, and on older ones."""
    reporter = Reporter(per_hour=publishers * PER_HOUR)
    with (
        tempfile.TemporaryDirectory(prefix="news-scale-") as folder,
        world(Path(folder), publishers=publishers, now=NOON.start, write=reporter.write) as (where, history),
    ):
        lake = Path(folder) / "lake"
        settings = Settings.from_environment({**where, "NEWS_LAKE": str(lake)})
        walk_alone({**where, "NEWS_LAKE": str(lake)}, BEFORE)
        patterns = [read_pattern(Lake(str(lake)), Part(BEFORE, name)) for name in Lake(str(lake)).captured_parts(BEFORE.key)]
        history.publish(NOON.start)
        lakes, filled = {}, 0
        for count in (FULL_DAYS, *days):
            for pattern in patterns:
                fill(lake, pattern, reporter, hours_back=range(filled * 24 + 1, count * 24 + 1))
            if not filled:
                build_dates(settings, BEFORE.start.date(), days=WINDOW_DAYS + 1)
            oldest = BEFORE.start.date() - WINDOW_DAYS * DAY
            copy_date(lake, oldest, (BEFORE.start.date() - back * DAY for back in range(max(filled, WINDOW_DAYS) + 1, count + 1)))
            filled = count
            lakes[count] = lake.with_name(f"lake-{count}")
            linked_copy(lake, lakes[count])
        costs = [{count: on_copy(one, where) for count, one in lakes.items()} for _ in range(repeats)]
        for count in lakes:
            print(min((each[count] for each in costs), key=lambda one: one.processor_s).line(f"a lake of {count} days"), flush=True)


def on_copy(lake: Path, where: Mapping[str, str]) -> Cost:
    """What the hour costs on a copy of the lake."""
    copy = lake.with_name("copy")
    linked_copy(lake, copy)
    try:
        return walk_alone({**where, "NEWS_LAKE": str(copy)})
    finally:
        shutil.rmtree(copy)


def by_executors(names: Sequence[str], *, publishers: int) -> None:
    """Print what an hour and the fixed part of a run cost in each Airflow."""
    for name in names:
        with_postgres, workers = EXECUTORS[name]
        with tempfile.TemporaryDirectory(prefix="news-scale-", ignore_cleanup_errors=True) as folder:
            home = Path(folder)
            home.chmod(0o711)  # PostgreSQL's user passes through
            with world(home, publishers=publishers, now=datetime.now(UTC)) as (where, _):
                for what, cost in in_airflow(home, where, with_postgres=with_postgres, workers=workers):
                    print(cost.line(f"{name}: {what}"), flush=True)


def in_airflow(home: Path, environment: Mapping[str, str], *, with_postgres: bool, workers: int) -> Iterator[tuple[str, Cost]]:
    """What a run over all sources and a run with nothing to capture cost; the lake is local."""
    from deploy.local_airflow import LocalAirflow
    from deploy.scaled_airflow import ScaledAirflow

    variables = {
        **environment,
        "NEWS_LAKE": f"{home}/lake",
        "NEWS_SOURCES_PER_PART": "10",
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.5",
    }
    database = home / "postgres"
    airflow = (
        ScaledAirflow(home / "airflow", database=database, environment=variables, workers=workers)
        if workers
        else LocalAirflow(home / "airflow", database=database if with_postgres else None, environment=variables)
    )
    newest = Interval.containing(datetime.now(UTC) - HOUR)
    with airflow:
        airflow.wait_for_dags("news_ingest", "news_publish")
        airflow.api("PATCH", "/dags/news_ingest", {"is_paused": False})
        settle(airflow)
        for what, hour in (("an hour", newest.start - 24 * HOUR), ("fixed cost of a run", newest.start - 24 * HOUR)):
            before, began = processor_s(airflow), time.monotonic()
            articles = one_run(airflow, hour)
            yield what, Cost(time.monotonic() - began, processor_s(airflow) - before, articles if what == "an hour" else 0)


def settle(airflow: Any) -> None:
    """Wait until the scheduled run, which Airflow starts by itself, is over: the measured one must not run beside it."""
    until = time.monotonic() + SURE_S
    while not any(run["state"] in ("success", "failed") for run in airflow.api("GET", "/dags/news_ingest/dagRuns")["dag_runs"]):
        if time.monotonic() > until:
            sys.exit("the scheduled run did not end")
        time.sleep(1)


def one_run(airflow: Any, hour: datetime) -> int:
    """Run the hour by hand from the live feeds; returns the number of its articles."""
    form = {"hour": hour.isoformat(), "looking": "live"}
    run = airflow.api("POST", "/dags/news_ingest/dagRuns", {"logical_date": None, "conf": form})
    path = f"/dags/news_ingest/dagRuns/{quote(run['dag_run_id'])}"
    until = time.monotonic() + SURE_S
    while (state := airflow.api("GET", path)["state"]) not in ("success", "failed"):
        if time.monotonic() > until:
            sys.exit("the run did not end")
        time.sleep(0.5)
    if state == "failed":
        sys.exit("the run failed")
    tasks = airflow.api("GET", f"{path}/taskInstances?limit=200")["task_instances"]
    extracts = [task["map_index"] for task in tasks if task["task_id"] == "parts.extract"]
    results = [airflow.api("GET", f"{path}/taskInstances/parts.extract/xcomEntries/return_value?map_index={index}") for index in extracts]
    return sum(result["value"]["extracted"]["articles"] for result in results)


def processor_s(airflow: Any) -> float:
    """Processor time of all services so far, with that of their ended children."""
    import psutil

    from deploy.processes import services

    leaders = {service.pid for service in services(airflow.run)}
    total = 0.0
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) in leaders:
                total += sum(process.cpu_times()[:4])  # own and of ended children, user and system
        except (psutil.NoSuchProcess, ProcessLookupError):
            continue
    return total


def main() -> int:
    """Run the measurements that the options choose."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--executors", nargs="*", choices=EXECUTORS, metavar="NAME", help=f"all, or some of: {', '.join(EXECUTORS)}")
    parser.add_argument("--sources", nargs="+", type=int, metavar="NUMBER", default=[])
    parser.add_argument("--ages", nargs="+", type=int, metavar="DAYS", default=[])
    parser.add_argument("--repeats", type=int, default=3, help="runs of the hour on each lake")
    parser.add_argument("--publishers", type=int, default=40, help="sources of the other two measurements")
    options = parser.parse_args()
    if any(days <= FULL_DAYS for days in options.ages):
        parser.error(f"--ages: a lake of {FULL_DAYS} days is measured anyway, and a younger one has less to cluster")
    print(HEAD, flush=True)
    if options.executors is not None:
        by_executors(options.executors or list(EXECUTORS), publishers=options.publishers)
    if options.sources:
        by_sources(options.sources)
    if options.ages:
        by_ages(sorted(options.ages), publishers=options.publishers, repeats=options.repeats)
    return 0


if __name__ == "__main__":
    sys.exit(main())
