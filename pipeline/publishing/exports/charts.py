"""Bar charts as SVG: rows of a table, with a bar for each number of a row. Pure.

A chart has no script, font or link, takes the reader's light or dark scheme, and says its title and every number as text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from html import escape
from itertools import accumulate
from typing import Any
from unicodedata import east_asian_width

from pipeline.publishing.exports.tabular import moment_text
from pipeline.text.control_characters import drop_controls

WIDTH, LABEL_WIDTH, NUMBER_WIDTH = 760, 300, 60
"""Widths in pixels: the picture, the labels on the left, the numbers on the right."""
BAR, GAP, HEAD, LINE = 14, 10, 58, 20
"""Heights in pixels: a bar, the space between two rows, the title with the legend, a line of it."""
LONGEST_LABEL = 42
"""Width of a label in characters, of which a wide one counts twice; a longer one is cut. As many as fit into LABEL_WIDTH."""
MOST_ROWS = 15
"""Rows that a chart shows. A plain choice."""
STYLE = """
text { font: 12px system-ui, sans-serif; fill: #1c1e21; }
.title { font-size: 13px; font-weight: 600; }
.number { font-variant-numeric: tabular-nums; }
.bar0 { fill: #0b57d0; } .bar1 { fill: #d97b29; } .bar2 { fill: #5a8f3c; }
@media (prefers-color-scheme: dark) { text { fill: #e6e7ea; } .bar0 { fill: #8ab4f8; } .bar1 { fill: #ffab7a; } .bar2 { fill: #a5d48a; } }
"""


@dataclass(frozen=True, slots=True)
class Chart:
    """Which columns of a query's rows a bar chart shows: `labels`, joined by commas, name a row; each of `values` is one of its bars."""

    labels: tuple[str, ...]
    values: tuple[str, ...]


def bar_chart(rows: Iterable[Mapping[str, Any]], chart: Chart, *, title: str) -> str:
    """The first `MOST_ROWS` rows as an SVG document; a number that is null counts as 0."""
    shown = list(rows)[:MOST_ROWS]
    largest = max((_number(row[name]) for row in shown for name in chart.values), default=0.0)
    step = BAR * len(chart.values) + GAP
    height = HEAD + step * len(shown) + GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{_text(title)}">',
        f"<style>{STYLE}</style>",
        f'<text class="title" x="0" y="{LINE}">{_text(title)}</text>',
        *_legend(chart.values),
    ]
    for place, row in enumerate(shown):
        parts += _row(row, chart, top=HEAD + step * place, largest=largest)
    return "\n".join([*parts, "</svg>\n"])


def _legend(names: Sequence[str]) -> Iterable[str]:
    for number, name in enumerate(names):
        left = LABEL_WIDTH + number * 150
        yield f'<rect class="bar{number}" x="{left}" y="{HEAD - LINE - 10}" width="10" height="10"/>'
        yield f'<text x="{left + 15}" y="{HEAD - LINE}">{_text(name)}</text>'


def _row(row: Mapping[str, Any], chart: Chart, *, top: int, largest: float) -> Iterable[str]:
    label = ", ".join(_label(row[name]) for name in chart.labels if row[name] is not None)
    middle = top + BAR * len(chart.values) // 2 + 4
    yield f'<text x="{LABEL_WIDTH - 8}" y="{middle}" text-anchor="end"><title>{_text(label)}</title>{_text(_cut(label))}</text>'
    for number, name in enumerate(chart.values):
        value, y = _number(row[name]), top + BAR * number
        length = (WIDTH - LABEL_WIDTH - NUMBER_WIDTH) * max(value, 0.0) / largest if largest > 0 else 0.0
        yield f'<rect class="bar{number}" x="{LABEL_WIDTH}" y="{y + 1}" width="{length:.1f}" height="{BAR - 2}"/>'
        yield f'<text class="number" x="{LABEL_WIDTH + length + 5:.1f}" y="{y + BAR - 3}">{value:g}</text>'


def _cut(label: str) -> str:
    widths = accumulate(2 if east_asian_width(character) in "WF" else 1 for character in label)
    fitting = sum(width < LONGEST_LABEL for width in widths)
    return label if fitting >= len(label) - 1 else f"{label[:fitting].rstrip()}…"


def _label(value: object) -> str:
    if isinstance(value, datetime):
        return moment_text(value)
    return value.isoformat() if isinstance(value, date) else str(value)


def _number(value: Any) -> float:
    return float(value or 0)


def _text(text: str) -> str:
    return escape(drop_controls(text))
