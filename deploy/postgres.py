"""A private PostgreSQL server on a loopback port for Airflow's metadata, because SQLite loses backfills to locks.

Started by root, the server runs as the user `postgres`, because PostgreSQL refuses to run as root.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from deploy import processes
from deploy.processes import Service, ServiceError, free_port, is_alive, tail

READY_S = 30.0
"""Seconds until the server must accept connections. A plain choice: it takes about one."""


def find_programs() -> Path | None:
    """The folder with the programs of the newest installed PostgreSQL, or None when none is installed."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    on_path = shutil.which("initdb")
    return installed[-1].parent if installed else Path(on_path).resolve().parent if on_path else None


def why_unavailable() -> str | None:
    """Why PostgreSQL cannot be started on this machine, or None when it can."""
    if find_programs() is None:
        return "PostgreSQL is not installed: apt-get install postgresql"
    if os.geteuid() == 0 and "postgres" not in {user.pw_name for user in pwd.getpwall()}:
        return "PostgreSQL does not run as root, and this machine has no user postgres"
    return None


def start_postgres(data: Path, *, run: Path, start: Callable[..., Service] = processes.start) -> str:
    """Start a server on the data folder `data`, initialised if empty, with the role and database `airflow`; returns the SQLAlchemy URL.

    `start` starts its process, as `processes.start` does. For root, the user `postgres` must be able to enter every folder above `data`.

    Raises ServiceError when the server does not start.
    """
    programs = find_programs()
    if programs is None:
        raise ServiceError("PostgreSQL is not installed: apt-get install postgresql")
    user = "postgres" if os.geteuid() == 0 else None
    data.mkdir(parents=True, exist_ok=True)
    if user:
        shutil.chown(data, user)
    if not (data / "PG_VERSION").exists():
        _run([programs / "initdb", "-D", data, "-A", "trust", "-U", "airflow", "-E", "UTF8", "--locale=C"], user=user)
    (data / "postmaster.pid").unlink(missing_ok=True)
    port = free_port()
    options = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off"}
    argv = [str(programs / "postgres"), "-D", str(data), "-p", str(port)]
    argv += [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
    service = start("postgres", argv, folder=run, environment=dict(os.environ), stop_signal=signal.SIGINT, user=user)
    _wait(service, [programs / "pg_isready", "-h", "127.0.0.1", "-p", str(port)])
    psql: list[Path | str] = [programs / "psql", "-h", "127.0.0.1", "-p", str(port), "-U", "airflow", "-d", "postgres", "-tAc"]
    if not _run([*psql, "select 1 from pg_database where datname = 'airflow'"]).strip():
        _run([*psql, "create database airflow"])
    return f"postgresql+psycopg2://airflow@127.0.0.1:{port}/airflow"


def _wait(service: Service, probe: list[Path | str]) -> None:
    deadline = time.monotonic() + READY_S
    while subprocess.run(probe, capture_output=True, check=False).returncode != 0:
        if not is_alive(service) or time.monotonic() > deadline:
            raise ServiceError(f"PostgreSQL did not start:\n{tail(service)}")
        time.sleep(0.1)


def _run(argv: list[Path | str], *, user: str | None = None) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, user=user, check=False, cwd="/")
    if done.returncode != 0:
        raise ServiceError(f"{argv[0]} failed:\n{done.stdout}{done.stderr}")
    return done.stdout
