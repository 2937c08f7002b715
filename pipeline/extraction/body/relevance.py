"""Decides whether a text is about a title, and not a publisher's self-description, a footer or another article. Pure."""

from __future__ import annotations

import re

MIN_SHARED = 0.5
"""Share of the title's words that a text about it contains. A plain choice."""
_STEM = 6
"""Letters at the start of a word that are compared, because inflected forms begin alike."""
_WORD = re.compile(r"[\u3400-\u9fff\u3040-\u30ff\uac00-\ud7af]{2}|[^\W\d_]{3,}")


def is_about(text: str, title: str) -> bool:
    """Whether `text` contains at least `MIN_SHARED` of the words of `title`, compared by their first letters."""
    words = {word[:_STEM] for word in _WORD.findall(title.casefold())}
    lowered = text.casefold()
    return bool(words) and sum(word in lowered for word in words) >= MIN_SHARED * len(words)
