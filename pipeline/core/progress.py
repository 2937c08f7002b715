"""Progress of long work: loops report their steps here, and a listener, if there is one, shows them. Like a log, it changes no result."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

T = TypeVar("T")
Listener = Callable[[Iterable[Any], str, int | None], Iterator[Any]]
"""Passes on items; the other arguments are what is done with them, and their number (None: unknown)."""

_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


def steps(items: Iterable[T], what: str, *, total: int) -> Iterator[T]:
    """The `items`, one for each step of the work that `what` names, in the present participle; `total` is their number."""
    listener = _listener.get()
    yield from items if listener is None else listener(items, what, total)


@contextmanager
def one_step(what: str) -> Iterator[None]:
    """Report the block as work of one step, whose end is unknown, such as a query of the whole lake."""
    listener = _listener.get()
    if listener is None:
        yield
        return
    shown = listener([None], what, None)
    next(shown)
    try:
        yield
    finally:
        next(shown, None)


@contextmanager
def shown_by(listener: Listener) -> Iterator[None]:
    """Let `listener` show the steps that this thread takes inside the block."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)
