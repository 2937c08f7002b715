"""How the command line shows a table and a moment. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from datetime import UTC, datetime

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Column, Table

NARROW = 100
"""Columns of the terminal below which the columns of a table that can be spared are left out."""
SHORT = frozenset({"when (UTC)", "captured (UTC)", "published (UTC)", "day", "date", "hour", "field"})
"""Columns whose values are never broken."""


class FittingTable(Table):
    """A table that leaves out the columns which can be spared where the terminal is narrow; JSON has all of them."""

    spare: Sequence[int] = ()
    """Places of these columns."""

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
    """A table with these headings; the columns at `numbers` stand to the right, those at `spare` are left out on a narrow terminal."""
    table = FittingTable(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True, header_style="bold")
    table.spare = spare
    for number, column in enumerate(columns):
        is_short = number in numbers or column in SHORT
        table.add_column(column, justify="right" if number in numbers else "left", overflow="fold", no_wrap=is_short)
    return table


def minute(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M")


def second(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
