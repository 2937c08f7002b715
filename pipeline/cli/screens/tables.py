"""Tables and moments as the screens show them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from datetime import UTC, datetime

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Column, Table

NARROW = 100
"""Width of the terminal in characters below which dispensable columns are left out. A plain choice."""
SHORT = frozenset({"when (UTC)", "captured (UTC)", "published (UTC)", "day", "date", "hour", "field"})
"""Columns whose values are never wrapped."""


class FittingTable(Table):
    """A table that leaves out dispensable columns on a narrow terminal; the JSON of a command has all of them."""

    spare: Sequence[int] = ()
    """Indexes of the dispensable columns."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if options.max_width >= NARROW or not self.spare:
            return super().__rich_console__(console, options)
        narrow = copy(self)
        narrow.spare = ()
        kept = [column for place, column in enumerate(self.columns) if place not in self.spare]
        narrow.columns = [_renumbered(column, place) for place, column in enumerate(kept)]
        return narrow.__rich_console__(console, options)


def _renumbered(column: Column, place: int) -> Column:
    other = copy(column)
    other._index = place
    return other


def make_table(*columns: str, numbers: Sequence[int] = (), spare: Sequence[int] = ()) -> Table:
    """An empty table with these columns; those at `numbers` are aligned to the right, those at `spare` left out on a narrow terminal."""
    table = FittingTable(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True, header_style="bold")
    table.spare = spare
    for number, column in enumerate(columns):
        is_short = number in numbers or column in SHORT
        table.add_column(column, justify="right" if number in numbers else "left", overflow="fold", no_wrap=is_short)
    return table


def minute(moment: datetime) -> str:
    """The moment in UTC to the minute: `2026-11-20 12:34`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M")


def second(moment: datetime) -> str:
    """The moment in UTC to the second, as ISO 8601: `2026-11-20T12:34:56Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
