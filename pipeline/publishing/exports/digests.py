"""The daily digest: the ten hottest published records of 24 hours, and its text. Pure.

The original system's newsletter chose in the same way: 117 of 128 real picks were the published records with the highest heat of the last
24 hours, in falling order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from rich.cells import cell_len, chop_cells

from pipeline.text.control_characters import show_controls

Row = Mapping[str, Any]

SIZE = 10
"""Records of a digest, as many as the original system's newsletter had."""
WIDTH = 78
"""Columns of the letter: RFC 5322, section 2.1.1, recommends at most 78 characters a line."""
INDENT = "   "
WORD = re.compile(r"(?<= )|(?<=[\u3000-\u9fff\uff00-\uff60])")
"""Where a line may end: after a blank, and after a character of Chinese or Japanese."""


def choose_digest(records: Iterable[Row], *, until: datetime) -> list[Row]:
    """The SIZE hottest of the published `records` (rows of `articles`) of the 24 hours before `until`; ties by quality, time, webUrl."""
    first = until - timedelta(days=1)
    chosen = [row for row in records if row["published"] and first <= row["publishedDateTime"] < until]
    return sorted(chosen, key=lambda row: (-row["heat"], -row["quality"], row["publishedDateTime"], row["webUrl"]))[:SIZE]


def digest_text(records: Iterable[Row], *, day: date) -> str:
    """The digest as a plain letter, 78 columns wide."""
    blocks = [f"Digest of {day.isoformat()}\n"]
    for place, row in enumerate(records, start=1):
        when = row["publishedDateTime"].astimezone(UTC)
        more = f", {len(row['related'])} more" if row["related"] else ""
        lines = _wrapped(f"{place}. {_line(row['title'])}", first="")
        lines += _wrapped(f"{_line(row['provider']['name'])}, {when:%H:%M} UTC, heat {row['heat']}{more}")
        lines += _wrapped(_line(row["excerpt"] or ""))
        blocks.append("\n".join([*lines, f"   {_line(row['webUrl'])}", ""]))
    return "\n".join(blocks if len(blocks) > 1 else [*blocks, "Nothing was published.\n"])


def _wrapped(text: str, *, first: str = INDENT) -> list[str]:
    """Lines of at most WIDTH columns, in which a Chinese character takes two; those after the `first` begin with INDENT."""
    lines: list[str] = []
    line = first
    for word in filter(None, WORD.split(text)):
        if line.strip() and cell_len(line + word.rstrip()) > WIDTH:
            lines, line = [*lines, line.rstrip()], INDENT
        for piece in chop_cells(word, WIDTH - len(INDENT)):
            if line.strip() and cell_len(line + piece.rstrip()) > WIDTH:
                lines, line = [*lines, line.rstrip()], INDENT
            line += piece
    return [*lines, line.rstrip()] if line.strip() else lines


def _line(text: str) -> str:
    return " ".join(show_controls(text).split())
