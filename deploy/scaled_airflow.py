"""The Airflow of many machines, each of its parts a process on loopback: Celery workers over Redis, metadata in PostgreSQL, lake in S3.

It is compose.yaml without containers. What ends is started again, so that the tests can kill anything.
"""

from __future__ import annotations

import importlib.util
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from deploy import postgres, processes, redis
from deploy.keeper import Keeper
from deploy.local_airflow import HEALTHY_S, LocalAirflow
from deploy.processes import Service, ServiceError

WORKER_SLOTS = 2
"""Tasks that a worker runs at once: two workers on two processors then have one task that computes and one that waits for each."""
WORKER_BYTES = 4 * 2**30
"""Most private memory of a process of a worker: as the limit of a worker's pod in helm-values.yaml. With two workers of two tasks each, all
of them together stay below 16 GiB."""
QUIET = ("--skip-serve-logs", "--without-mingle", "--without-gossip")
"""Logs lie in a folder that all share, and workers have nothing to tell each other."""


def why_unavailable() -> str | None:
    """Why this topology cannot be started on this machine, or None when it can."""
    modules = {
        "airflow": "airflow",
        "airflow.providers.celery": "celery",
        "redis": "redis",
        "boto3": "s3",
        "moto": "dev",
    }
    missing = next((extra for module, extra in modules.items() if not _has(module)), None)
    if missing:
        return f"an extra is not installed: pip install -e .[{missing}]"
    return postgres.why_unavailable() or redis.why_unavailable()


class ScaledAirflow(LocalAirflow):
    """A running Airflow with `workers` Celery workers; otherwise as `LocalAirflow`. `environment` has to name a lake that all can reach."""

    forks_tasks = "celery"

    def __init__(self, home: Path, *, database: Path, environment: Mapping[str, str], workers: int = 2, **options: Any) -> None:
        super().__init__(home, database=database, environment=environment, triggering=True, **options)
        self.keeper = Keeper()
        self.fetch_slots = workers * WORKER_SLOTS
        self._workers = [f"worker-{number}" for number in range(1, workers + 1)]

    def start(self) -> None:
        """Start all services, wait until they are healthy, and keep them running until `stop`. Raises ServiceError."""
        super().start()
        self.keeper.keep()

    def stop(self) -> None:
        """Stop all services and the guard."""
        self.keeper.release()
        super().stop()

    def _launch(self, name: str, argv: Sequence[str], **options: Any) -> Service:
        if name in self._workers:  # SIGQUIT ends a worker at once, SIGTERM only after its tasks
            return self.keeper.start(name, argv, most_bytes=WORKER_BYTES, stop_signal=signal.SIGQUIT, **options)
        return self.keeper.start(name, argv, **options)

    def _start_services(self, database: str) -> dict[str, str]:
        server = redis.start_redis(self._secrets()["redis"], run=self.run, start=self._launch)
        return {
            "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
            # As many as the workers run at once: a task is queued only when one of them is free, so that none is taken for lost.
            "AIRFLOW__CORE__PARALLELISM": str(len(self._workers) * WORKER_SLOTS),
            "AIRFLOW__CELERY__BROKER_URL": f"{server}/0",
            "AIRFLOW__CELERY__RESULT_BACKEND": f"db+{database}",
            "AIRFLOW__CELERY__WORKER_CONCURRENCY": str(WORKER_SLOTS),
            "AIRFLOW__CELERY__OPERATION_TIMEOUT": "10",
            "AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__VISIBILITY_TIMEOUT": "86400",
            "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "30",
            # A minute in which the API server does not answer ends no task (default: 3 heartbeats).
            "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "2",
            "AIRFLOW__WORKERS__MAX_FAILED_HEARTBEATS": "30",
            "NEWS_PACE_URL": f"{server}/1",
        }

    def _start_workers(self) -> None:
        for name in self._workers:
            (self.run / f"{name}.log").unlink(missing_ok=True)
        started = [self._serve("celery", "worker", "--celery-hostname", f"{name}@%h", *QUIET, name=name) for name in self._workers]
        deadline = time.monotonic() + HEALTHY_S
        for service in started:
            while " ready." not in Path(service.log).read_text(errors="replace"):
                if not processes.is_alive(service) or time.monotonic() > deadline:
                    raise ServiceError(f"{service.name} did not become ready:\n{processes.tail(service)}")
                time.sleep(0.3)


def _has(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False
