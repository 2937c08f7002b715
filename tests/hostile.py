"""Texts of one character or word, and a check that a function's time does not grow faster than they do."""

from __future__ import annotations

import time
from collections.abc import Callable

LONG_TEXTS = (
    "a", "A", "1", "12", "0", " ", "\n", "\t ", ".", "..", "…", "[", "(", "<", "<a", "<a ", "</", "<!--", "&", "&amp", "&#", "%", "%%",
    "{{", "${", "-", "--", "/", "//", "?", "!", ",", ";", ":", "'", '"', "«", "é", "â", "Ã¢", "â€", "\u200b", "\u0301", "क", "की", "ก.",
    "中", "年", "1月", "1:", "12:", "12:30 ", "1. ", "1 a ", "12 mai ", "2024 ", "2024-", "5 March ", "March 5 ", "GMT+", "p.m. ", "p. ",
    "word ", "der ", "read more ", "updated ", "published ", "http://", "a@", "a.", "a.b", "xn--", "%41", "../", "#", "=", "charset=",
    "<meta ", "<html ", "\ud800",
)  # fmt: skip
"""What is repeated: characters and words that a pattern of this project begins with, or repeats."""

SHORT, LONG = 10_000, 100_000
MAX_S = 0.2
"""Seconds of processor time for `LONG` characters of anything, by the issue on extraction."""


def grows_at_most_in_proportion(function: Callable[[str], object], unit: str) -> None:
    """Fail when `function` takes over `MAX_S` for 100 kB of `unit`, and ten times the text takes over thirty times as long.

    Both must hold, so that neither a slow machine nor a small number decides alone.
    """
    short, long = ((unit * (size // len(unit) + 1))[:size] for size in (SHORT, LONG))
    function(short)
    base = min(_seconds(function, short) for _ in range(2))
    taken = _seconds(function, long)
    if taken > MAX_S:
        taken = min(taken, _seconds(function, long))
    assert taken <= MAX_S or taken <= 30 * base, (
        f"{function} takes {taken:.2f} s for {LONG} characters of {unit!r}, {base:.4f} s for a tenth"
    )


def _seconds(function: Callable[[str], object], text: str) -> float:
    start = time.process_time()
    function(text)
    return time.process_time() - start
