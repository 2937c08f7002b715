"""Replaces characters in foreign texts that could control a terminal or change the order in which a line is shown. Pure.

They are the control characters (C0, C1; escape sequences begin with one) except newline and tab, and those of bidirectional text (UAX #9).
"""

from __future__ import annotations

import re

CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def show_controls(text: str) -> str:
    """`text` with a replacement character for each control character."""
    return CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text)


def drop_controls(text: str) -> str:
    """`text` without control characters."""
    return CONTROLS.sub("", text)


def escape_controls(json: str) -> str:
    r"""The JSON document `json` with every control character escaped as `\uXXXX` (JSON escapes only C0); its values stay the same."""
    return CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", json)
