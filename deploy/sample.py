"""`make run`: run news_ingest and news_publish on the sample news world, in this process, without a scheduler.

Airflow's output goes to a log file; the terminal shows one line for each task. SQLite is enough, because nothing runs in parallel.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout

from deploy.local_airflow import PROJECT, offline_settings

HOUR = "2026-11-20T12:00:00Z"
"""Start of the data interval that the run captures."""
HOME = PROJECT / ".airflow"
LOG = HOME / "run.log"


def main(arguments: Sequence[str]) -> int:
    """Run both DAGs, print the hottest records; returns 0 when both succeeded, 1 when one failed, 2 for a wrong command line."""
    if arguments:
        print("usage: python -m deploy sample", file=sys.stderr)
        return 2
    started = time.monotonic()
    lake = os.environ.setdefault("NEWS_LAKE", "data/lake")
    HOME.mkdir(exist_ok=True)
    os.environ.update(offline_settings(HOME), AIRFLOW__LOGGING__LOGGING_LEVEL="WARNING")
    from tests.newsroom import Newsroom, World

    print("Starting the sample news world on loopback and Airflow in this process.", flush=True)
    with Newsroom(World.load()) as room, LOG.open("w", buffering=1) as log:
        os.environ.update(room.environment)
        terminal = sys.stdout
        with redirect_stdout(log), redirect_stderr(log):
            is_green = _both_dags(lambda line: print(line, file=terminal, flush=True))
        if not is_green:
            print(f"\nThe run failed. The log is {LOG.relative_to(PROJECT)}; it ends with:\n", file=sys.stderr)
            print("\n".join(LOG.read_text().splitlines()[-25:]), file=sys.stderr)
            return 1
        print(f"\nBoth DAGs succeeded after {time.monotonic() - started:.0f} s. The hottest records:\n", flush=True)
        done = subprocess.run([sys.executable, "-m", "pipeline", "--lake", lake, "top"], cwd=PROJECT, check=False)
    print(
        f"""
The records are Parquet files in {lake}/articles/; {lake}/explain/ has the reasons for each number.

  .venv/bin/news --lake {lake} show {_hottest()}
                  explain the hottest record: where each field came from, each point of its quality, its story
  NEWS_LAKE=data/live .venv/bin/news run
                  the same for the real feeds of data/sources.yaml, now, in a lake of their own
  make up         start Airflow's web interface with this sample world"""
    )
    return done.returncode


def _hottest() -> str:
    from pipeline.core.settings import Settings
    from pipeline.operations import lookups

    return next((str(row["webUrl"]) for row in lookups.top(Settings.from_environment(), limit=1)), "URL")


def _both_dags(say: Callable[[str], None]) -> bool:
    from deploy import dag_runs

    dag_runs.prepare(say)
    say(f"\nnews_ingest, the hour {HOUR}")
    ingest = dag_runs.run("news_ingest", {"hour": HOUR, "looking": "live"})
    dates: list[str] = ingest.result("announce") or []
    publishes = []
    for published_date in dates:
        say(f"\nnews_publish, {published_date}")
        publishes.append(dag_runs.run("news_publish", {"published_date": published_date}))
    return all(done.state == "success" for done in (ingest, *publishes))
