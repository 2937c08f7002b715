"""Worker processes bounded in time and memory, forked from a server that has imported their modules, so that they start in milliseconds."""

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
from multiprocessing.process import AuthenticationString  # type: ignore[attr-defined]
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from pebble import CONSTS, ProcessExpired, ProcessPool

from pipeline.core.errors import OverrunError, TransientError
from pipeline.core.out_of_memory import is_out_of_memory

Result = TypeVar("Result")

READING = "pipeline.extraction.worker_preload"
LISTING = "pipeline.discovery.listings.readers"
PUBLISHING = "pipeline.publishing.date_builds"
"""Names of the modules that the workers of each stage import: as strings, so that this module imports no stage."""
MAX_BYTES = 1 << 30
"""Bytes that a worker may allocate. A page of 10 MB in one line takes 0.4 GB, ordinary pages less than 0.1."""
MAX_PAGES = 2000
"""Pages after which a worker ends, because parsers never free the memory they took. A plain choice: it bounds the growth."""

POOL_CHECK_S = 1.0
"""Seconds between two checks whether the pool of a pending result is still alive. A plain choice."""

CONSTS.sleep_unit = 0.02
"""Seconds between two checks of a pebble pool on its processes. Closing a pool, which each part does once, waits for such a check."""


def start_fork_server(*modules: str) -> None:
    """Start the fork server, which imports `modules` in the background; does nothing when it runs already.

    A plain fork of the caller would copy locks that its other threads hold.
    """
    multiprocessing.set_forkserver_preload(list(modules))
    forkserver.ensure_running()


@contextlib.contextmanager
def pool(
    processes: int, *modules: str, prepare: Callable[..., None], arguments: tuple[Any, ...] = (), max_tasks: int = 0
) -> Iterator[ProcessPool]:
    """A pool of processes that import `modules`; each calls `prepare` first and ends after `max_tasks` (0: never).

    Work that has not begun is dropped when the caller leaves with an exception.
    """
    start_fork_server(*modules)
    _allow_children()
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
    """Schedule `work` on a worker, which is killed after `timeout_s`. Raises TransientError when the pool's workers died."""
    try:
        future: Future[Result] = pool.schedule(work, args=arguments, timeout=timeout_s)
    except RuntimeError as error:  # a broken pool refuses new work with RuntimeError
        raise _died(error) from error
    return future


def result_of(pool: ProcessPool, future: Future[Result]) -> Result:
    """The result of scheduled work.

    Raises what the work raised, TimeoutError after its timeout, ProcessExpired when the work ended its worker, and TransientError when the
    whole pool died, whatever the reason.
    """
    while not wait([future], POOL_CHECK_S).done:
        if not pool.active:  # a future scheduled while the pool broke is never done
            raise _died("the pool broke")
    try:
        return future.result()
    except BrokenExecutor as error:
        raise _died(error) from error


def _died(why: object) -> TransientError:
    return TransientError(f"the worker processes died: {why}")


class BoundedReader:
    """Worker processes that parse untrusted documents within bounds of time and memory, because some documents take minutes or all memory.

    The workers start with the first document. Any number of threads may call `read`; each waits for its own document.
    """

    def __init__(self, *, processes: int, timeout_s: float, max_bytes: int = MAX_BYTES) -> None:
        self._processes = processes
        self._timeout_s = timeout_s
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._stack = contextlib.ExitStack()
        self._pool: ProcessPool | None = None

    def __enter__(self) -> Self:
        start_fork_server(READING, LISTING)  # its imports run while the first documents are fetched
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.__exit__(kind, error, trace)

    def read(self, work: Callable[..., Result], *arguments: Any) -> Result:
        """The result of `work(*arguments)`. Raises what `work` raised, OverrunError, and TransientError when the workers died."""
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
    """Run `work` in a worker process; every error that means a lack of memory becomes MemoryError."""
    try:
        return work(*arguments)
    except Exception as error:
        if is_out_of_memory(error):
            raise MemoryError from None
        raise


def bound_memory(max_bytes: int) -> None:
    """Let this process allocate at most `max_bytes` more than it holds now; does nothing outside Linux.

    Sets RLIMIT_DATA, not RLIMIT_AS: libraries reserve gigabytes of addresses that they never use.
    """
    with contextlib.suppress(OSError, ValueError, StopIteration):
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        held = next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmData:"))
        resource.setrlimit(resource.RLIMIT_DATA, (held + max_bytes, held + max_bytes))


def _prepared(prepare: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    gc.freeze()  # imported modules are never garbage; without this each collection goes through them
    prepare(*arguments)


def _allow_children() -> None:
    """Let this process start others although Celery runs it, in a process of billiard: a daemon, with a key that cannot be sent.

    Multiprocessing refuses children of daemons because they would outlive a killed one; ours end when their pipe to it breaks.
    """
    config: dict[str, Any] = multiprocessing.current_process()._config  # type: ignore[attr-defined]
    config |= {"daemon": False, "authkey": AuthenticationString(config["authkey"])}


@contextlib.contextmanager
def _main_module_hidden() -> Iterator[None]:
    """A context in which new processes do not import the caller's main module: Airflow's takes seconds, and no worker needs it."""
    main = vars(sys.modules["__main__"])
    hidden: dict[str, object] = {name: main[name] for name in ("__spec__", "__file__") if name in main}
    main["__spec__"] = None
    main.pop("__file__", None)
    try:
        yield
    finally:
        main.update(hidden)
