"""Runs a walk, a backfill or an erasure in a process of its own that kills itself at a chosen step."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from multiprocessing import util
from pathlib import Path
from typing import Any

from pipeline.core import workers
from pipeline.core.catalogue import load_catalogue
from pipeline.core.models import Interval
from pipeline.core.settings import Settings
from pipeline.fetching.fetcher import Fetcher
from pipeline.operations import stages
from pipeline.operations.backfill.planning import plan_backfill
from pipeline.operations.backfill.plans import BackfillRequest
from pipeline.operations.backfill.runs import run_backfill
from pipeline.operations.erasure_runs import plan_erasure, run_erasure

MOMENT = datetime(2026, 11, 20, 13, 0, 5, tzinfo=UTC)


class StoppedClock:
    def __init__(self, moment: datetime = MOMENT) -> None:
        self._moment = moment

    def now(self) -> datetime:
        return self._moment

    def sleep(self, seconds: float) -> None:
        """No time passes."""


def carry_out(work: Callable[..., None], *arguments: Any, kill_at: int | None = None, patience_s: float = 120) -> tuple[int, int]:
    """Call `work`, one of the functions below, in a process of its own; returns its exit code and the number of its steps.

    Raises TimeoutError, and kills the process, when it runs longer than `patience_s`.
    """
    context = multiprocessing.get_context("forkserver")
    count = context.RawValue("i", 0)
    process = context.Process(target=on_its_own, args=(work, *arguments, kill_at, count))
    process.start()
    process.join(patience_s)
    if process.exitcode is None:
        process.kill()
        raise TimeoutError(f"{work.__name__} was not over after {patience_s} s")
    return process.exitcode, count.value


def on_its_own(work: Callable[..., None], *arguments: Any) -> None:
    """Call `work` in this process, with a fork server of its own for its worker processes.

    The server starts as a fork of this process, which has imported everything; a new interpreter would take seconds to import it.
    """
    util.spawnv_passfds = _forked  # type: ignore[assignment]
    workers.start_fork_server(workers.READING, workers.LISTING, workers.PUBLISHING)
    work(*arguments)


def _forked(_path: bytes, argv: Sequence[str], passed: Sequence[int]) -> int:
    """Replaces `multiprocessing.util.spawnv_passfds`: runs the code of `python -c CODE` in a fork of this process.

    Forking is safe, because this process has no second thread yet.
    """
    child = os.fork()
    if child == 0:
        kept = sorted({0, 1, 2, *passed})
        for before, after in zip(kept, [*kept[1:], os.sysconf("SC_OPEN_MAX")], strict=True):
            os.closerange(before + 1, after)
        exec(argv[-1], {})
        os._exit(0)
    return child


def walk(settings: dict[str, Any], interval: str, kill_at: int | None, count: Any) -> None:
    """Walk one interval; SIGKILL this process at its `kill_at`-th step."""
    kill_this_process(kill_at, count)
    chosen = Settings(**settings)
    stages.run(chosen, load_catalogue(chosen.config), Interval.parse(interval), live=True, clock=StoppedClock())


def walk_back(settings: dict[str, Any], interval: str, kill_at: int | None, count: Any) -> None:
    """Walk one past interval, from the origins that the settings name; SIGKILL this process at its `kill_at`-th step."""
    kill_this_process(kill_at, count)
    chosen = Settings(**settings)
    stages.run(chosen, load_catalogue(chosen.config), Interval.parse(interval), live=False, clock=StoppedClock())


def backfill(settings: dict[str, Any], asked: BackfillRequest, now: datetime, kill_at: int | None, count: Any) -> None:
    """Plan and run a backfill; SIGKILL this process at its `kill_at`-th step."""
    kill_this_process(kill_at, count)
    chosen = Settings(**settings)
    catalogue = load_catalogue(chosen.config)
    run_backfill(chosen, catalogue, plan_backfill(chosen, catalogue, asked, now=now), clock=StoppedClock(now))


def kill_this_process(kill_at: int | None, count: Any, last_words: Any = None) -> None:
    """SIGKILL this process at the `kill_at`-th step from now on.

    A step is a request, and the moments just before and just after a file is renamed to its final name. Steps are counted in `count`,
    which lies in shared memory; so does `last_words`, which gets the URL or the target path of the step that kills.
    """
    lock = threading.Lock()  # of this process: one shared with the test would die locked

    def step(arguments: tuple[Any, ...]) -> None:
        with lock:
            count.value += 1
            if count.value == kill_at:
                if last_words is not None:
                    last_words.value = str(arguments[1])[:200].encode(errors="replace")
                os.kill(os.getpid(), signal.SIGKILL)

    def stepping(function: Callable[..., Any], *, after: bool) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **options: Any) -> Any:
            step(arguments)
            result = function(*arguments, **options)
            if after:
                step(arguments)
            return result

        return wrapped

    Path.replace = stepping(Path.replace, after=True)  # type: ignore[method-assign]
    Fetcher.get = stepping(Fetcher.get, after=False)  # type: ignore[method-assign]


def erase(settings: dict[str, Any], domain: str, kill_at: int | None, count: Any) -> None:
    """Erase a provider; SIGKILL this process at its `kill_at`-th step."""
    kill_this_process(kill_at, count)
    chosen = Settings(**settings)
    catalogue = load_catalogue(chosen.config)
    run_erasure(chosen, catalogue, plan_erasure(chosen, catalogue, domain), reason="asked by letter", clock=StoppedClock())
