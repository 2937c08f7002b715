"""`make up` and `make down`: a local Airflow with its web interface, fed by the sample news world.

A background process (`serve`) runs the sample world and all services of Airflow; `down` stops it and any service that outlived it. The
metadata lie in PostgreSQL if it is installed, else in SQLite, which loses backfills to locks.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from deploy import postgres, processes
from deploy.local_airflow import COMMAND_ENVIRONMENT, PROJECT, LocalAirflow

HOME = PROJECT / ".airflow" / "local"
SERVE_FOLDER = HOME / "holder"
"""Holds the pid file and the log of `serve`."""
READY = HOME / "ready.json"
"""URL and password; written by `serve` once Airflow answers."""
READY_S = 240.0
"""Seconds until `up` gives up. A plain choice, far above the half minute that a start takes."""
PORT = 8080
"""Airflow's default port; a free one is taken when it is in use."""
DAGS = ("news_publish", "news_ingest", "news_maintenance", "news_backfill")
"""In the order of unpausing: Airflow drops announcements to a paused DAG, so news_publish is first."""


def up(arguments: Sequence[str]) -> int:
    """Start `serve` in the background, wait until it is ready, print URL and password. `--live`: the real catalogue, no sample world."""
    if processes.services(SERVE_FOLDER):
        print("Airflow is running already.")
        return _say_where()
    reason = postgres.why_unavailable()
    if reason:
        print(f"The metadata are kept in SQLite, which loses backfills to locks now and then ({reason}).")
    READY.unlink(missing_ok=True)
    argv = [sys.executable, "-m", "deploy", "serve", *arguments]
    service = processes.start("serve", argv, folder=SERVE_FOLDER, environment=dict(os.environ), grace_s=60.0)
    print("Starting Airflow; this takes half a minute ...", flush=True)
    deadline = time.monotonic() + READY_S
    while not READY.exists():
        if not processes.is_alive(service) or time.monotonic() > deadline:
            print(f"Airflow did not start:\n{processes.tail(service, lines=25)}", file=sys.stderr)
            down([])
            return 1
        time.sleep(0.3)
    return _say_where()


def down(_: Sequence[str]) -> int:
    """Stop everything that `up` started, even if the start was interrupted."""
    stopped = processes.stop_all(SERVE_FOLDER) + processes.stop_all(HOME / "run")
    READY.unlink(missing_ok=True)
    print("Stopped." if stopped else "Nothing was running.")
    return 0


def airflow(arguments: Sequence[str]) -> int:
    """Run an `airflow` command in the Airflow that `up` started last; returns its exit code, or 1 when none was started."""
    file = HOME / COMMAND_ENVIRONMENT
    if not file.exists():
        print("No Airflow was started here: `make up` starts one.", file=sys.stderr)
        return 1
    command = [sys.executable, "-m", "airflow", *arguments]
    return subprocess.run(command, env={**os.environ, **json.loads(file.read_text())}, check=False).returncode


def serve(arguments: Sequence[str]) -> int:
    """Run the sample world and Airflow until SIGINT or SIGTERM."""
    stop = threading.Event()
    for interruption in (signal.SIGINT, signal.SIGTERM):
        signal.signal(interruption, lambda *_: stop.set())
    with ExitStack() as stack:
        environment = {"NEWS_LAKE": os.environ.get("NEWS_LAKE", str(PROJECT / "data" / "lake"))}
        if "--live" not in arguments:
            from tests.newsroom import Newsroom, World

            environment |= stack.enter_context(Newsroom(World.load())).environment
        database = None if postgres.why_unavailable() else _database_folder()
        local = LocalAirflow(HOME, database=database, environment=environment, port=processes.port_near(PORT), triggering=True)
        started = stack.enter_context(local)
        started.unpause(*DAGS)
        READY.write_text(json.dumps({"url": started.url, "password": started.password}))
        stop.wait()
    return 0


def _say_where() -> int:
    where = json.loads(READY.read_text())
    print(f"\n  {where['url']}   user admin, password {where['password']}\n")
    print("news_ingest starts now for the last hour, then runs every hour; trigger it for other hours.")
    print("`deploy/airflow dags list` runs a command of this Airflow, such as `backfill create`; `make down` stops everything.")
    return 0


def _database_folder() -> Path:
    """A folder that the user of PostgreSQL can reach: below `HOME`, else in /var/tmp."""
    is_root = os.geteuid() == 0
    if not is_root or all(folder.stat().st_mode & stat.S_IXOTH for folder in HOME.parents if folder.exists()):
        return HOME / "postgres"
    return Path("/var/tmp") / f"news-airflow-{hashlib.sha256(str(PROJECT).encode()).hexdigest()[:12]}"
