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
LONGEST_WORDS = (32, 28, 24, 20, 18, 16)
"""Characters up to which a word is kept on one line: the first of these numbers with which a table fits. Plain choices."""
SHORT = frozenset({"when (UTC)", "first (UTC)", "last (UTC)", "captured (UTC)", "published (UTC)", "day", "date", "hour", "field"})
"""Columns whose values are never wrapped."""


class FittingTable(Table):
    """A table that fits its terminal; the JSON of a command has all columns.

    On a narrow terminal dispensable columns are left out, and a column is made narrower than its longest word only if it must be: names,
    addresses and times stay whole as long as other columns have texts that can be wrapped between words.
    """

    spare: Sequence[int] = ()
    """Indexes of the dispensable columns."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        left_out = self.spare if options.max_width < NARROW else ()
        shown = copy(self)
        shown.columns = [
            _renumbered(column, place)
            for place, column in enumerate(column for number, column in enumerate(self.columns) if number not in left_out)
        ]
        measured = [(column, shown._measure_column(console, options, column)) for column in shown.columns]
        available = options.max_width - shown._extra_width
        for longest_word in LONGEST_WORDS:
            bounds = [
                (needed.maximum if column.no_wrap else min(needed.minimum, longest_word), needed.maximum) for column, needed in measured
            ]
            widths = fitted_widths(bounds, available)
            if widths is not None:
                for column, width in zip(shown.columns, widths, strict=True):
                    column.width = width - shown._get_padding_width(column._index)
                break
        return Table.__rich_console__(shown, console, options)


def fitted_widths(bounds: Sequence[tuple[int, int]], available: int) -> list[int] | None:
    """Widths in characters that fill at most `available`, each between its bounds (longest word, whole text).

    None if no text needs wrapping, or if not even the words fit. What the words leave goes first to the columns that need least more.
    """
    left = available - sum(least for least, _ in bounds)
    if left < 0 or sum(most for _, most in bounds) <= available:
        return None
    widths = [least for least, _ in bounds]
    by_need = sorted(range(len(bounds)), key=lambda place: bounds[place][1] - bounds[place][0])
    for number, place in enumerate(by_need):
        more = min(bounds[place][1] - bounds[place][0], left // (len(by_need) - number))
        widths[place] += more
        left -= more
    return widths


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
