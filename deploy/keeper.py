"""Starts services again that end without being told to, as a container runtime does (`restart: unless-stopped` in compose.yaml)."""

from __future__ import annotations

import signal
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from deploy import processes
from deploy.processes import Service

LOOK_S = 0.5
"""Seconds between two looks at the services. A plain choice."""


class Keeper:
    """The services that were started by `start`; a thread looks after them from `keep` to `release`."""

    def __init__(self) -> None:
        self.restarts: Counter[str] = Counter()
        """How often each service was started again."""
        self._starters: dict[str, Callable[[], Service]] = {}
        self._running: dict[str, Service] = {}
        self._lock = threading.Lock()
        self._released = threading.Event()
        self._thread = threading.Thread(target=self._look, name="keeper", daemon=True)

    def start(self, name: str, argv: Sequence[str], *, most_bytes: int | None = None, **options: Any) -> Service:
        """Start a service as `processes.start` does. With `most_bytes`, none of its processes may hold more private memory."""

        def starter() -> Service:
            service = processes.start(name, argv, **options)
            if most_bytes is not None:
                processes.bound_memory(service, most_bytes)
            return service

        with self._lock:
            self._starters[name] = starter
            self._running[name] = starter()
            return self._running[name]

    def keep(self) -> None:
        """From now on start again what ends."""
        self._thread.start()

    def release(self) -> None:
        """Start nothing again."""
        self._released.set()
        if self._thread.is_alive():
            self._thread.join()

    def kill(self, name: str, sent: signal.Signals = signal.SIGKILL) -> None:
        """Send the signal to the service; see `processes.kill`."""
        with self._lock:
            processes.kill(self._running[name], sent)

    def names(self) -> list[str]:
        """The names of the services that run, in the order of their first start."""
        with self._lock:
            return [name for name, service in self._running.items() if processes.is_alive(service)]

    def _look(self) -> None:
        while not self._released.wait(LOOK_S):
            with self._lock:
                for name, service in self._running.items():
                    if not processes.is_alive(service):
                        processes.end_session(service)
                        self._running[name] = self._starters[name]()
                        self.restarts[name] += 1
