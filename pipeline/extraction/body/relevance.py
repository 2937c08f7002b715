"""Whether a text is about a title: evidence against what a publisher says of itself, footers and other articles. Pure."""

from __future__ import annotations

import re

MIN_SHARED = 0.5
"""Share of the title's words that its text contains."""
_STEM = 6
"""Letters of a word that are compared: inflected forms begin alike."""
_WORD = re.compile(r"[\u3400-\u9fff\u3040-\u30ff\uac00-\ud7af]{2}|[^\W\d_]{3,}")


def speaks_of(title: str, text: str) -> bool:
    """Whether `text` contains at least `MIN_SHARED` of the words of `title`, in any form that begins alike."""
    words = {word[:_STEM] for word in _WORD.findall(title.casefold())}
    lowered = text.casefold()
    return bool(words) and sum(word in lowered for word in words) >= MIN_SHARED * len(words)
