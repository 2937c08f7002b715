"""Worker processes: forked from a server that has imported what they need, so that a new one costs milliseconds and not seconds."""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import sys
from collections.abc import Callable, Iterator
from multiprocessing import forkserver
from typing import Any

from pebble import CONSTS, ProcessPool

READING = "pipeline.readings"
PUBLISHING = "pipeline.builds"
"""What the workers of either stage import; both are given by name, so that a process that only extracts imports nothing of publish."""

CONSTS.sleep_unit = (
    0.02  # seconds between two looks of a pool at its processes: it ends only after the next one, and a part has its own pool
)


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
