"""Pools whose worker processes die through no fault of their work: the work raises an error and may be tried again."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pebble import ProcessPool
from pebble.pool.process import WORKERS_NAME

from pipeline.core import workers
from pipeline.core.errors import OverrunError, TransientError


@pytest.fixture
def pool() -> Iterator[ProcessPool]:
    """A pool whose one worker waits for work."""
    with workers.pool(1, workers.READING, prepare=workers.bound_memory, arguments=(workers.MAX_BYTES,)) as one:
        assert length(one, "abc") == 3
        yield one


def length(pool: ProcessPool, text: str) -> int:
    return workers.result_of(pool, workers.schedule(pool, len, text, timeout_s=20))


def kill_workers() -> None:
    for child in multiprocessing.active_children():
        if child.name == WORKERS_NAME:
            child.kill()


def ask_on(ask: Callable[[], object]) -> None:
    """Call `ask` until it raises because the pool has noticed that its workers are dead."""
    for _ in range(1_000):
        ask()


def test_work_of_a_pool_whose_workers_died_may_be_tried_again(pool: ProcessPool) -> None:
    kill_workers()
    with pytest.raises(TransientError, match="the worker processes died"):
        ask_on(lambda: length(pool, "abc"))
    with pytest.raises(TransientError, match="the worker processes died"):
        length(pool, "abc")


def test_work_that_comes_in_the_moment_in_which_the_workers_die_is_not_waited_for(
    pool: ProcessPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks = pool._context.task_queue
    put = tasks.put

    def put_late(task: Any) -> None:
        if task is not None:
            kill_workers()
            while pool.active:
                time.sleep(0.01)
        put(task)

    monkeypatch.setattr(tasks, "put", put_late)
    with pytest.raises(TransientError, match="the worker processes died"):
        length(pool, "abc")


def fail(kind: str) -> None:
    raise {"MemoryError": MemoryError, "KeyError": KeyError}[kind]


@pytest.mark.parametrize(
    ("work", "arguments", "bound"), [(time.sleep, (60,), "Timeout"), (os._exit, (1,), "Crash"), (fail, ("MemoryError",), "Memory")]
)
def test_a_document_that_overruns_a_bound_says_which_and_the_next_one_is_read(
    work: Callable[..., None], arguments: tuple[Any, ...], bound: str
) -> None:
    with workers.BoundedReader(processes=1, timeout_s=2) as reader:
        with pytest.raises(OverrunError) as raised:
            reader.read(work, *arguments)
        assert raised.value.bound == bound
        assert reader.read(len, "abc") == 3


def test_what_the_work_raises_comes_to_who_asked() -> None:
    with workers.BoundedReader(processes=1, timeout_s=20) as reader, pytest.raises(KeyError):
        reader.read(fail, "KeyError")


class BilliardsKey(bytes):
    def __reduce__(self) -> Any:
        raise TypeError("Pickling an AuthenticationString object is disallowed for security reasons")


def test_a_task_that_celery_runs_in_a_daemon_may_have_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    config = multiprocessing.current_process()._config  # type: ignore[attr-defined]
    monkeypatch.setitem(config, "daemon", True)
    monkeypatch.setitem(config, "authkey", BilliardsKey(config["authkey"]))
    with workers.BoundedReader(processes=1, timeout_s=20) as reader:
        assert reader.read(len, "abc") == 3
