"""Texts of one character or word, and a check that a function's time does not grow faster than they do."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

LONG_TEXTS = (
    "a", "1", " ", "\n", ".", "…", "[", "(", "<", "<a ", "</", "<!--", "&", "&#", "%", "{{", "${", "-", "/", ",", ":", '"', "é", "â", "Ã¢",
    "\u200b", "\u0301", "की", "ก.", "中", "年", "1:", "12:30 ", "1. ", "12 mai ", "2024-", "March 5 ", "p. ", "word ", "read more ",
    "a.b", "xn--", "../", "=", "<meta ", "<html ", "\ud800",
)  # fmt: skip
"""What is repeated: characters and words that a pattern of this project begins with, or repeats."""

SHORT, LONG = 10_000, 100_000
MAX_S = 0.2
"""Seconds of processor time in which 100,000 characters of anything are read."""
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAY = os.environ.get("HOSTILE_DAY") or DAYS[datetime.now(UTC).weekday()]
"""The day whose seventh of `LONG_TEXTS` each field is tried with, so that a week tries all; `HOSTILE_DAY=monday` repeats one."""


def texts_of_the_day(number: int) -> tuple[str, ...]:
    """The texts that field `number` of a table is tried with today: another seventh for each field."""
    return LONG_TEXTS[(DAYS.index(DAY) + number) % len(DAYS) :: len(DAYS)]


def grows_at_most_in_proportion(function: Callable[[str], object], unit: str, *, ends: Sequence[str] = ("", "~x")) -> None:
    """Fail when `function` takes over `MAX_S` for 100,000 characters of `unit` and over thirty times as long as for a tenth of them.

    Both must hold, so that neither a slow machine nor a small number decides alone. The text is tried with each of `ends`: a pattern that
    is bound to the end of the text has to give up at another one.
    """
    for end in ends:
        taken = _seconds(function, _text(unit, SHORT) + end)
        assert taken <= MAX_S, f"{taken:.2f} s for {SHORT} characters of {unit!r} and {end!r}"
        taken = _seconds(function, _text(unit, LONG) + end)
        if taken > MAX_S:
            base = min(_seconds(function, _text(unit, SHORT) + end) for _ in range(3))
            assert taken <= 30 * base, f"{taken:.2f} s for {LONG} characters of {unit!r} and {end!r}, {base:.4f} s for a tenth"


def _text(unit: str, size: int) -> str:
    return (unit * (size // len(unit) + 1))[:size]


def _seconds(function: Callable[[str], object], text: str) -> float:
    start = time.process_time()
    function(text)
    return time.process_time() - start
