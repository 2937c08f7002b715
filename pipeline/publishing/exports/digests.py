"""The daily digest: the ten hottest published records of 24 hours, and its text. Pure.

The original system's newsletter chose in the same way: 117 of 128 real picks were the published records with the highest heat of the last
24 hours, in falling order.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from pipeline.text.control_characters import show_controls

Row = Mapping[str, Any]

SIZE = 10
"""Records of a digest, as many as the original system's newsletter had."""
WIDTH = 78
"""Columns of the letter: RFC 5322, section 2.1.1, recommends at most 78 characters a line."""


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
        lines = textwrap.wrap(f"{place}. {_line(row['title'])}", WIDTH, subsequent_indent="   ")
        lines.append(f"   {_line(row['provider']['name'])}, {when:%H:%M} UTC, heat {row['heat']}{more}")
        lines += textwrap.wrap(_line(row["excerpt"] or ""), WIDTH, initial_indent="   ", subsequent_indent="   ")
        blocks.append("\n".join([*lines, f"   {_line(row['webUrl'])}", ""]))
    return "\n".join(blocks if len(blocks) > 1 else [*blocks, "Nothing was published.\n"])


def _line(text: str) -> str:
    return " ".join(show_controls(text).split())
