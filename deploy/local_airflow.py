"""A complete Airflow on loopback: database, API server, scheduler, DAG processor, triggerer, each a service that `stop` is sure to end.

The scheduler is started only when the API server is healthy, because tasks that start while the API server boots are lost.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from deploy import processes
from deploy.postgres import start_postgres
from deploy.processes import Service, ServiceError

PROJECT = Path(__file__).resolve().parent.parent
FETCH_SLOTS = 2
"""Parts that are captured in parallel. A plain choice: inside a part, many threads wait for hosts already."""
HEALTHY_S = 120.0
"""Seconds that a service may take to become healthy. A plain choice, far above what a start takes."""
PRELOAD = """# {command}: imports once what its tasks need; they are forked from it, and each would take 3 s of processor time for it.
import sys

__all__ = []
if "{command}" in sys.argv:
    import pipeline.operations.stages
"""
"""The content of `config/airflow_local_settings.py` in Airflow's home, which every process of Airflow imports."""
COMMAND_ENVIRONMENT = "command.json"
"""The file in Airflow's home with the variables under which `airflow` commands reach this installation."""
ANSWER_S = 30.0
"""Seconds that the API may take to answer. A plain choice."""


def offline_settings(home: Path) -> dict[str, str]:
    """The environment variables that every Airflow process of ours needs, with or without a scheduler."""
    return {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "PYTHONPATH": os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), str(PROJECT)])),
    }


class LocalAirflow:
    """A running Airflow; use it as a context manager, or call `start` and `stop`. It writes only below `home` and `database`.

    `database` is the data folder of its PostgreSQL, or None for SQLite. `environment` is added to the environment of the tasks. A triggerer
    runs only with `triggering`: no task of ours waits in one, but the first page of the web interface shows a missing one in red. Raises
    ServiceError when a service does not become healthy.
    """

    fetch_slots = FETCH_SLOTS
    forks_tasks = "scheduler"
    """The command of Airflow whose process forks one for each task."""

    def __init__(
        self,
        home: Path,
        *,
        database: Path | None,
        environment: Mapping[str, str],
        port: int | None = None,
        guarded: bool = True,
        triggering: bool = False,
    ) -> None:
        self.home = home.resolve()
        self.run = self.home / "run"
        self.url = f"http://127.0.0.1:{port or processes.free_port()}"
        self.password = ""
        self._database = database
        self._extra = dict(environment)
        self._guarded = guarded
        self._triggering = triggering
        self._guard: subprocess.Popen[bytes] | None = None
        self._environment: dict[str, str] = {}
        self._token = ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def start(self) -> None:
        """Start all services and wait until they are healthy. Raises ServiceError, after stopping those that were started."""
        self.run.mkdir(parents=True, exist_ok=True)
        processes.stop_all(self.run)
        config = self.home / "config"
        config.mkdir(exist_ok=True)
        (config / "airflow_local_settings.py").write_text(PRELOAD.format(command=self.forks_tasks))
        if self._guarded:
            self._guard = subprocess.Popen(
                [sys.executable, "-m", "deploy.guard", str(self.run)], stdin=subprocess.PIPE, cwd=PROJECT, start_new_session=True
            )
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop all services and the guard."""
        processes.stop_all(self.run)
        if self._guard:
            self._guard.communicate()
            self._guard = None

    def airflow(self, *arguments: str, check: bool = True) -> str:
        """Run an `airflow` command and return its stdout. With `check`, raises ServiceError when it fails."""
        done = subprocess.run(
            [sys.executable, "-m", "airflow", *arguments],
            env=self._environment,
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=False,
        )
        if check and done.returncode != 0:
            raise ServiceError(f"airflow {' '.join(arguments)} failed:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
        return done.stdout

    def api(self, method: str, path: str, body: object = None) -> Any:
        """Call the REST API below `/api/v2` as the administrator and return the JSON answer. Raises HTTPError."""
        if not self._token:
            login = {"username": "admin", "password": self.password}
            self._token = _call(f"{self.url}/auth/token", "POST", body=login)["access_token"]
        return _call(f"{self.url}/api/v2{path}", method, body=body, token=self._token)

    def unpause(self, *dag_ids: str) -> None:
        """Unpause these DAGs in this order, once the DAG processor has read them. Raises ServiceError when it does not read them."""
        self.wait_for_dags(*dag_ids)
        for dag_id in dag_ids:
            self.api("PATCH", f"/dags/{dag_id}", {"is_paused": False})

    def wait_for_dags(self, *dag_ids: str) -> None:
        """Wait until the DAG processor has read these DAGs. Raises ServiceError when it does not."""
        deadline = time.monotonic() + HEALTHY_S
        while missing := set(dag_ids) - {dag["dag_id"] for dag in self.api("GET", "/dags")["dags"]}:
            if time.monotonic() > deadline:
                raise ServiceError(f"Airflow has not read the DAGs {sorted(missing)}: {self.api('GET', '/importErrors')}")
            time.sleep(0.3)

    def pause(self, dag_id: str) -> None:
        """Pause the DAG: the scheduler starts no more runs of it."""
        self.api("PATCH", f"/dags/{dag_id}", {"is_paused": True})

    def _start(self) -> None:
        database = (
            start_postgres(self._database, run=self.run, start=self._launch) if self._database else f"sqlite:///{self.home}/airflow.db"
        )
        settings = {**self._settings(database), **self._start_services(database), **self._extra}
        self._environment = {**os.environ, **settings}
        _write_private(self.home / COMMAND_ENVIRONMENT, settings)
        self.airflow("db", "migrate")
        api_server = self._serve("api-server", "--host", "127.0.0.1", "--port", self.url.rpartition(":")[2], "--workers", "1")
        self._wait_for(api_server, "metadatabase")
        self._make_pool("fetch", self.fetch_slots, "Parts that are captured in parallel")
        self._start_workers()
        scheduler = self._serve("scheduler", "--skip-serve-logs")
        dag_processor = self._serve("dag-processor")
        triggerer = self._serve("triggerer", "--skip-serve-logs") if self._triggering else None
        self._wait_for(scheduler, "scheduler")
        self._wait_for(dag_processor, "dag_processor")
        if triggerer is not None:
            self._wait_for(triggerer, "triggerer")

    def _start_services(self, database: str) -> dict[str, str]:
        """Start what else Airflow needs before its first command; returns the variables that lead to it."""
        del database
        return {}

    def _start_workers(self) -> None:
        """Start the processes that run tasks, where these are not the scheduler's own."""

    def _launch(self, name: str, argv: Sequence[str], **options: Any) -> Service:
        return processes.start(name, argv, **options)

    def _make_pool(self, name: str, slots: int, description: str) -> None:
        """Create the pool over the API: the command `airflow pools` would take seconds to start."""
        pool = {"slots": slots, "description": description, "include_deferred": False}
        if name in {known["name"] for known in self.api("GET", "/pools")["pools"]}:
            self.api("PATCH", f"/pools/{name}", {"pool": name, **pool})
        else:
            self.api("POST", "/pools", {"name": name, **pool})

    def _serve(self, component: str, *arguments: str, name: str = "") -> Service:
        argv = [sys.executable, "-m", "airflow", component, *arguments]
        return self._launch(name or component, argv, folder=self.run, environment=self._environment)

    def _wait_for(self, service: Service, component: str) -> None:
        deadline = time.monotonic() + HEALTHY_S
        while self._health().get(component, {}).get("status") != "healthy":
            if not processes.is_alive(service) or time.monotonic() > deadline:
                raise ServiceError(f"{service.name} did not become healthy:\n{processes.tail(service)}")
            time.sleep(0.3)

    def _health(self) -> dict[str, Any]:
        try:
            return dict(_call(f"{self.url}/api/v2/monitor/health", "GET"))
        except OSError:
            return {}

    def _settings(self, database: str) -> dict[str, str]:
        kept = self._secrets()
        self.password = kept["password"]
        passwords = self.home / "passwords.json"
        _write_private(passwords, {"admin": self.password})
        return {
            **offline_settings(self.home),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database,
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__PARALLELISM": "4",
            "AIRFLOW__CORE__FERNET_KEY": kept["fernet"],
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "AIRFLOW__API__BASE_URL": self.url,
            "AIRFLOW__API__SECRET_KEY": kept["session"],
            "AIRFLOW__API_AUTH__JWT_SECRET": kept["jwt"],
            # Seconds for which a finished task may still occupy its worker (default 5).
            "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
            "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "60",
            "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "30",
        }

    def _secrets(self) -> dict[str, str]:
        """The keys and the password of this installation, created at the first start and read at later ones."""
        path = self.home / "secrets.json"
        if not path.exists():
            from cryptography.fernet import Fernet

            names = {name: secrets.token_urlsafe(32) for name in ("jwt", "session", "redis", "s3")}
            _write_private(path, {**names, "fernet": Fernet.generate_key().decode(), "password": secrets.token_urlsafe(9)})
        return dict(json.loads(path.read_text()))


def _write_private(path: Path, data: Mapping[str, str]) -> None:
    path.touch(mode=0o600)
    path.write_text(json.dumps(data))


def _call(url: str, method: str, *, body: object = None, token: str = "") -> Any:
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers=headers, method=method)
    with urllib.request.urlopen(request, timeout=ANSWER_S) as answer:
        text = answer.read()
    return json.loads(text) if text else None
