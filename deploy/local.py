"""`make up` and `make down`: a local Airflow for looking around, with the sample news world running.

One process in the background (`serve`) holds the sample world and all of Airflow; `down` ends it and whatever it may have left.
PostgreSQL holds the metadata where it is installed. SQLite does for looking around, but loses backfills to locks.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import stat
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from deploy import postgres, processes
from deploy.local_airflow import PROJECT, LocalAirflow

HOME = PROJECT / ".airflow" / "local"
HOLDER = HOME / "holder"
"""Pid file and log of `serve`."""
READY = HOME / "ready.json"
READY_S = 240.0
PORT = 8080
DAGS = ("news_publish", "news_ingest", "news_maintenance")
"""Announcements to a paused DAG are lost, so the listener is unpaused first."""


def up(arguments: Sequence[str]) -> int:
    """Start everything and say where to log in. `--live`: the real catalogue instead of the sample world."""
    if processes.services(HOLDER):
        print("It is up already.")
        return _say_where()
    reason = postgres.missing()
    if reason:
        print(f"Metadata in SQLite, which loses backfills to locks now and then ({reason}).")
    READY.unlink(missing_ok=True)
    argv = [sys.executable, "-m", "deploy", "serve", *arguments]
    service = processes.start("serve", argv, folder=HOLDER, environment=dict(os.environ), grace_s=60.0)
    print("Starting Airflow, half a minute ...", flush=True)
    deadline = time.monotonic() + READY_S
    while not READY.exists():
        if not processes.is_alive(service) or time.monotonic() > deadline:
            print(f"It did not start:\n{processes.tail(service, lines=25)}", file=sys.stderr)
            down([])
            return 1
        time.sleep(0.3)
    return _say_where()


def down(_: Sequence[str]) -> int:
    """Stop everything that `up` started, also when it was left half started."""
    stopped = processes.stop_all(HOLDER) + processes.stop_all(HOME / "run")
    READY.unlink(missing_ok=True)
    print("Stopped." if stopped else "Nothing was running.")
    return 0


def serve(arguments: Sequence[str]) -> int:
    """Hold the sample world and Airflow until a signal comes."""
    stop = threading.Event()
    for interruption in (signal.SIGINT, signal.SIGTERM):
        signal.signal(interruption, lambda *_: stop.set())
    with ExitStack() as stack:
        environment = {"NEWS_LAKE": os.environ.get("NEWS_LAKE", str(PROJECT / "data" / "lake"))}
        if "--live" not in arguments:
            from tests.newsroom import Newsroom, World

            environment |= stack.enter_context(Newsroom(World.load())).environment
        database = None if postgres.missing() else _database_folder()
        airflow = stack.enter_context(LocalAirflow(HOME, database=database, environment=environment, port=processes.port_near(PORT)))
        airflow.unpause(*DAGS)
        READY.write_text(json.dumps({"url": airflow.url, "password": airflow.password}))
        stop.wait()
    return 0


def _say_where() -> int:
    where = json.loads(READY.read_text())
    print(f"\n  {where['url']}   user admin, password {where['password']}\n")
    print("news_ingest runs every hour, and now for the hour that is over; trigger it for any other. `make down` stops all of it.")
    return 0


def _database_folder() -> Path:
    """Where PostgreSQL may write: below `HOME`, or in /var/tmp when its user cannot reach that."""
    is_root = os.geteuid() == 0
    if not is_root or all(folder.stat().st_mode & stat.S_IXOTH for folder in HOME.parents if folder.exists()):
        return HOME / "postgres"
    return Path("/var/tmp") / f"news-airflow-{hashlib.sha256(str(PROJECT).encode()).hexdigest()[:12]}"
