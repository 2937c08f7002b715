"""Worker processes: forked from a server that has imported what they need, so that a new one costs milliseconds and not seconds."""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import resource
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Future, wait
from concurrent.futures import TimeoutError as WorkTimeoutError
from multiprocessing import forkserver
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from pebble import CONSTS, ProcessExpired, ProcessPool

from pipeline.core.errors import OverrunError, TransientError
from pipeline.core.out_of_memory import is_shortage

Result = TypeVar("Result")

READING = "pipeline.extraction.worker_tables"
LISTING = "pipeline.discovery.listing_readers"
PUBLISHING = "pipeline.publishing.date_builds"
"""What the workers of the stages import; all are given by name, so that a process that only extracts imports nothing of publish."""
MAX_BYTES = 1 << 30
"""Bytes that a worker may allocate for the pages that it reads. A page of 10 MB in one line takes 0.4 GB, ordinary pages less than 0.1."""
MAX_PAGES = 2000
"""A worker that reads pages ends after so many: parsers keep what they once took."""

LOOK_S = 1.0
"""Seconds between two looks at whether the pool that is waited for is alive."""

CONSTS.sleep_unit = 0.02
"""Seconds between two looks of a pool at its processes: it ends only after the next one, and each part has a pool of its own."""


def begin(*modules: str) -> None:
    """Start the server that workers are forked from; it imports `modules` while the caller goes on. Nothing where one runs already.

    fork alone would copy the caller's threads in any state.
    """
    multiprocessing.set_forkserver_preload(list(modules))
    forkserver.ensure_running()


@contextlib.contextmanager
def pool(
    processes: int, *modules: str, prepare: Callable[..., None], arguments: tuple[Any, ...] = (), max_tasks: int = 0
) -> Iterator[ProcessPool]:
    """A pool of processes that import `modules`; each calls `prepare` first and ends after `max_tasks` (0: never).

    What was scheduled and not begun is dropped where the caller leaves with an exception.
    """
    begin(*modules)
    with (
        _main_module_hidden(),
        ProcessPool(
            max_workers=processes,
            max_tasks=max_tasks,
            initializer=_prepared,
            initargs=[prepare, arguments],
            context=multiprocessing.get_context("forkserver"),
        ) as workers,
    ):
        try:
            yield workers
        except BaseException:
            workers.stop()  # type: ignore[no-untyped-call]
            raise


def schedule(pool: ProcessPool, work: Callable[..., Result], *arguments: Any, timeout_s: float) -> Future[Result]:
    """Let a worker do it within its time. Raises TransientError when the pool's workers died."""
    try:
        future: Future[Result] = pool.schedule(work, args=arguments, timeout=timeout_s)
    except RuntimeError as error:  # how a pool that broke refuses what comes later
        raise _died(error) from error
    return future


def result_of(pool: ProcessPool, future: Future[Result]) -> Result:
    """What the pool's worker made of it.

    Raises what the work raised, TimeoutError, and ProcessExpired when it ended its worker. TransientError when the workers died through no
    work's fault: nothing can be said of what they were given.
    """
    while not wait([future], LOOK_S).done:
        if not pool.active:  # what a pool takes in the moment in which it breaks has no end
            raise _died("the pool broke")
    try:
        return future.result()
    except BrokenExecutor as error:
        raise _died(error) from error


def _died(why: object) -> TransientError:
    return TransientError(f"the workers died: {why}")


class BoundedReader:
    """Worker processes that read what strangers wrote, each document within bounds: parsers meet some that take them minutes or all memory.

    They begin with the first document. As many threads as like may ask; each waits for its own.
    """

    def __init__(self, *, processes: int, timeout_s: float, max_bytes: int = MAX_BYTES) -> None:
        self._processes = processes
        self._timeout_s = timeout_s
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._stack = contextlib.ExitStack()
        self._pool: ProcessPool | None = None

    def __enter__(self) -> Self:
        begin(READING, LISTING)  # imports while the first documents are asked for
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.__exit__(kind, error, trace)

    def read(self, work: Callable[..., Result], *arguments: Any) -> Result:
        """What `work` makes of a document. Raises what it raised, OverrunError, TransientError when the workers died."""
        pool = self._started()
        try:
            result: Result = result_of(pool, schedule(pool, _within_memory, work, *arguments, timeout_s=self._timeout_s))
        except WorkTimeoutError as error:
            raise OverrunError("Timeout") from error
        except ProcessExpired as error:
            raise OverrunError("Crash") from error
        except MemoryError as error:
            raise OverrunError("Memory") from error
        return result

    def _started(self) -> ProcessPool:
        with self._lock:
            if self._pool is None:
                bounds = (self._max_bytes,)
                begun = pool(self._processes, READING, LISTING, prepare=bound_memory, arguments=bounds, max_tasks=MAX_PAGES)
                self._pool = self._stack.enter_context(begun)
            return self._pool


def _within_memory(work: Callable[..., Result], *arguments: Any) -> Result:
    """The work, in a worker process; MemoryError however it is told that there is none."""
    try:
        return work(*arguments)
    except Exception as error:
        if is_shortage(error):
            raise MemoryError from None
        raise


def bound_memory(max_bytes: int) -> None:
    """Let this process allocate at most `max_bytes` more than it holds now; nothing where the system does not tell (only Linux does).

    RLIMIT_DATA, and not RLIMIT_AS: libraries reserve addresses by the gigabyte and never touch them.
    """
    with contextlib.suppress(OSError, ValueError, StopIteration):
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        held = next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmData:"))
        resource.setrlimit(resource.RLIMIT_DATA, (held + max_bytes, held + max_bytes))


def _prepared(prepare: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    gc.freeze()  # modules are never garbage, and going through them takes time that the pages need
    prepare(*arguments)


@contextlib.contextmanager
def _main_module_hidden() -> Iterator[None]:
    """While open, new processes do not import the caller's main module: Airflow's takes seconds, and no worker needs any of it."""
    main = vars(sys.modules["__main__"])
    hidden: dict[str, object] = {name: main[name] for name in ("__spec__", "__file__") if name in main}
    main["__spec__"] = None
    main.pop("__file__", None)
    try:
        yield
    finally:
        main.update(hidden)
