"""`make up` and `make down`: a local Airflow with its web interface, fed by the sample news world.

A background process (`serve`) runs the sample world and all services of Airflow; `down` stops it and any service that outlived it. The
metadata lie in PostgreSQL if it is installed, else in SQLite, which loses backfills to locks.

With `--scale` (`make up-scale`, `make down-scale`) it is the Airflow of many machines, in a home of its own: PostgreSQL, Redis, an S3
server that holds the lake in its memory, API server, scheduler, DAG processor, triggerer and two Celery workers.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from deploy import postgres, processes, scaled_airflow
from deploy.local_airflow import COMMAND_ENVIRONMENT, PROJECT, LocalAirflow

HOME = PROJECT / ".airflow" / "local"
SCALE_HOME = PROJECT / ".airflow-scale"
SCALE = "--scale"
READY_S = 240.0
"""Seconds until `up` gives up. A plain choice, far above the half minute that a start takes."""
PORT = 8080
"""Airflow's default port; a free one is taken when it is in use."""
DAGS = ("news_publish", "news_ingest", "news_maintenance", "news_backfill")
"""In the order of unpausing: Airflow drops announcements to a paused DAG, so news_publish is first."""


@dataclass(frozen=True, slots=True)
class Home:
    """The folder of one of the two installations, and what lies in it."""

    folder: Path

    @property
    def serve_folder(self) -> Path:
        """The pid file and the log of `serve`."""
        return self.folder / "holder"

    @property
    def ready(self) -> Path:
        """URL and password; written by `serve` once Airflow answers."""
        return self.folder / "ready.json"


def up(arguments: Sequence[str]) -> int:
    """Start `serve` in the background, wait until it is ready, print URL and password. `--live`: the real catalogue, no sample world."""
    home = _home(arguments)
    if processes.services(home.serve_folder):
        print("Airflow is running already.")
        return _say_where(home)
    if reason := scaled_airflow.why_unavailable() if SCALE in arguments else None:
        print(reason, file=sys.stderr)
        return 1
    if reason := postgres.why_unavailable():
        print(f"The metadata are kept in SQLite, which loses backfills to locks now and then ({reason}).")
    home.ready.unlink(missing_ok=True)
    argv = [sys.executable, "-m", "deploy", "serve", *arguments]
    service = processes.start("serve", argv, folder=home.serve_folder, environment=dict(os.environ), grace_s=60.0)
    print("Starting Airflow; this takes half a minute ...", flush=True)
    deadline = time.monotonic() + READY_S
    while not home.ready.exists():
        if not processes.is_alive(service) or time.monotonic() > deadline:
            print(f"Airflow did not start:\n{processes.tail(service, lines=25)}", file=sys.stderr)
            down(arguments)
            return 1
        time.sleep(0.3)
    return _say_where(home)


def down(arguments: Sequence[str]) -> int:
    """Stop everything that `up` started, even if the start was interrupted."""
    home = _home(arguments)
    stopped = processes.stop_all(home.serve_folder) + processes.stop_all(home.folder / "run")
    home.ready.unlink(missing_ok=True)
    print("Stopped." if stopped else "Nothing was running.")
    return 0


def airflow(arguments: Sequence[str]) -> int:
    """Run an `airflow` command in the Airflow that `up` started last; returns its exit code, or 1 when none was started.

    `--scale` as the first argument means the Airflow of `make up-scale`.
    """
    home = _home(arguments[:1])
    arguments = arguments[1:] if SCALE in arguments[:1] else arguments
    file = home.folder / COMMAND_ENVIRONMENT
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
    home = _home(arguments)
    database = None if postgres.why_unavailable() else _database_folder(home)
    with ExitStack() as stack:
        environment: dict[str, str] = {}
        if "--live" not in arguments:
            from tests.newsroom import Newsroom, World

            environment |= stack.enter_context(Newsroom(World.load())).environment
        local: LocalAirflow
        if SCALE in arguments and database is not None:
            environment |= _lake_in_s3(stack)
            port = processes.free_port()
            local = scaled_airflow.ScaledAirflow(home.folder, database=database, environment=environment, port=port)
        else:
            environment["NEWS_LAKE"] = os.environ.get("NEWS_LAKE", str(PROJECT / "data" / "lake"))
            port = processes.port_near(PORT)
            local = LocalAirflow(home.folder, database=database, environment=environment, port=port, triggering=True)
        started = stack.enter_context(local)
        started.unpause(*DAGS)
        home.ready.write_text(json.dumps({"url": started.url, "password": started.password}))
        stop.wait()
    return 0


def _lake_in_s3(stack: ExitStack) -> dict[str, str]:
    """Start an S3 server with a bucket; returns the variables that lead to it, with a key that is new at each start."""
    from tests.object_store import object_store

    key = {"AWS_ACCESS_KEY_ID": f"AKIA{secrets.token_hex(8).upper()}", "AWS_SECRET_ACCESS_KEY": secrets.token_urlsafe(30)}
    return {**key, "NEWS_LAKE": stack.enter_context(object_store()).new_bucket(with_key=False)}


def _home(arguments: Sequence[str]) -> Home:
    return Home(SCALE_HOME if SCALE in arguments else HOME)


def _say_where(home: Home) -> int:
    where = json.loads(home.ready.read_text())
    is_scaled = home.folder == SCALE_HOME
    print(f"\n  {where['url']}   user admin, password {where['password']}\n")
    print("news_ingest starts now for the last hour, then runs every hour; trigger it for other hours.")
    command, target = ("deploy/airflow --scale", "down-scale") if is_scaled else ("deploy/airflow", "down")
    print(f"`{command} dags list` runs a command of this Airflow, such as `backfill create`; `make {target}` stops everything.")
    return 0


def _database_folder(home: Home) -> Path:
    """A folder that the user of PostgreSQL can reach: below `home`, else in /var/tmp."""
    folder = home.folder / "postgres"
    is_root = os.geteuid() == 0
    if not is_root or all(above.stat().st_mode & stat.S_IXOTH for above in folder.parents if above.exists()):
        return folder
    scale = "-scale" if home.folder == SCALE_HOME else ""
    return Path("/var/tmp") / f"news-airflow-{hashlib.sha256(str(PROJECT).encode()).hexdigest()[:12]}{scale}"
