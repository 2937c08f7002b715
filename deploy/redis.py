"""A private Redis on a loopback port that keeps nothing on disk, for Celery's queue and the paces of hosts."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import time
from collections.abc import Callable
from pathlib import Path

from deploy import processes
from deploy.processes import Service, ServiceError, free_port, is_alive, tail

READY_S = 30.0
"""Seconds until the server must accept connections. A plain choice: it takes less than one."""


def why_unavailable() -> str | None:
    """Why Redis cannot be started on this machine, or None when it can."""
    return None if shutil.which("redis-server") else "Redis is not installed: apt-get install redis-server"


def start_redis(password: str, *, run: Path, start: Callable[..., Service] = processes.start) -> str:
    """Start a server whose pid file and log lie in `run`; returns `redis://:PASSWORD@HOST:PORT`, to which `/NUMBER` of a database is added.

    `start` starts its process. The password is in a file of mode 600, because command lines can be read by everybody. Raises ServiceError.
    """
    if reason := why_unavailable():
        raise ServiceError(reason)
    port = free_port()
    settings = run / "redis.conf"
    settings.touch(mode=0o600)
    lines = ["bind 127.0.0.1", f"port {port}", 'save ""', "appendonly no", f"dir {run}", f"requirepass {password}"]
    settings.write_text("\n".join(lines) + "\n")
    service = start("redis", ["redis-server", str(settings)], folder=run, environment=dict(os.environ))
    deadline = time.monotonic() + READY_S
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return f"redis://:{password}@127.0.0.1:{port}"
        if not is_alive(service) or time.monotonic() > deadline:
            raise ServiceError(f"Redis did not start:\n{tail(service)}")
        time.sleep(0.05)
