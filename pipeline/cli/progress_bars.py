"""Bars on the terminal for the steps of long work (`pipeline.core.progress`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

MANY_STEPS = 3
"""Below this number of steps there is no bar: they are done before it could be read. A plain choice."""


class ProgressBars:
    """A listener of `progress.steps` that shows a bar for each running loop, with the time that is left; finished bars disappear."""

    def __init__(self, console: Console) -> None:
        """`console` is the one that the log writes to, so that its lines stand above the bars."""
        self._console = console
        self._progress: Progress | None = None

    def __call__(self, items: Iterable[Any], what: str, total: int | None) -> Iterator[Any]:
        """Pass on `items`, and show how many of `total` are done; without a total, only that work is under way."""
        if total is not None and total < MANY_STEPS:
            yield from items
            return
        progress = self._started()
        task = progress.add_task(what, total=total, steps=_count(0, total))
        try:
            for number, item in enumerate(items, start=1):
                yield item
                progress.update(task, completed=number, steps=_count(number, total))
        finally:
            progress.remove_task(task)
            if not progress.tasks:
                self.close()

    def close(self) -> None:
        """Remove all bars from the terminal."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    def _started(self) -> Progress:
        if self._progress is None:
            from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

            columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[steps]}"), TimeRemainingColumn())
            self._progress = Progress(*columns, console=self._console, transient=True)
            self._progress.start()
        return self._progress


def _count(number: int, total: int | None) -> str:
    return f"{number} of {total}" if total is not None else ""
