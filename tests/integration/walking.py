"""A walk in a process of its own that can be killed at a chosen point."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline import stages
from pipeline.config import Settings, load_catalogue
from pipeline.fetch import Fetcher
from pipeline.models import Interval

MOMENT = datetime(2026, 11, 20, 13, 0, 5, tzinfo=UTC)


class StoppedClock:
    def now(self) -> datetime:
        return MOMENT

    def sleep(self, seconds: float) -> None:
        """No time passes."""


def walk(settings: dict[str, Any], interval: str, kill_at: int | None, count: Any) -> None:
    """Walk one interval; SIGKILL this process at its `kill_at`-th step.

    A step is a request, or a file just before or after it is renamed into place. `count` (shared memory) is how many there were.
    """

    lock = threading.Lock()  # of this process: one shared with the test would die locked

    def step() -> None:
        with lock:
            count.value += 1
            if count.value == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)

    def stepping(function: Callable[..., Any], *, after: bool) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **options: Any) -> Any:
            step()
            result = function(*arguments, **options)
            if after:
                step()
            return result

        return wrapped

    Path.replace = stepping(Path.replace, after=True)  # type: ignore[method-assign]
    Fetcher.get = stepping(Fetcher.get, after=False)  # type: ignore[method-assign]
    chosen = Settings(**settings)
    stages.run(chosen, load_catalogue(chosen.config), Interval.parse(interval), live=True, clock=StoppedClock())
