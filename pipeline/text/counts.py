"""Numbers with their nouns, for messages and log lines. Pure."""

from __future__ import annotations


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """The number and its noun: `1 part`, `2 parts`, `2 entries`; `plural` is needed where adding an s is wrong."""
    return f"{number} {noun if number == 1 else plural or f'{noun}s'}"
