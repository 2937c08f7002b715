"""Removes boilerplate lines from an article's text: links to other articles, button labels, picture credits, contact addresses.

Pure: lines in, lines out. The phrases, in `extraction/data/phrases.yaml`, occur on many sites in the languages of the shared pages. A
phrase must be the whole line, so a sentence that begins with one stays.
"""

from __future__ import annotations

from functools import partial

from pipeline.text.phrases import phrase_pattern

_phrases = partial(phrase_pattern, "pipeline.extraction")
MAX_LINE = 90
"""Characters of the longest boilerplate line; a longer one is part of the article. A plain choice."""
MAX_ENDING = 900
"""Characters of the longest section below a heading such as "Contact:"; a longer one is part of the article. A plain choice."""

_MAX_PITCH = 220
"""Characters of the longest sentence that may offer a newsletter or claim copyright; a longer one is a paragraph. A plain choice."""
_SENTENCE_END = '.!?…。！？”"»)』」'


def _is_pointer(line: str) -> bool:
    """A link to other articles or a label of the page."""
    return _phrases(r"^\W*(?:%(pointers)s)\W*$").match(line) is not None


def _is_credit(line: str) -> bool:
    return _phrases(r"^\W*(?:(?:%(picture_credits)s)\s*(?:by\b|[:©/])|©|\(c\))").match(line) is not None


def is_section_label(line: str) -> bool:
    """Whether a line is the heading of a section about the author or of contact addresses (`Zur Person`, `About the author`)."""
    return _phrases(r"^\W*(?:%(endings)s)\W*$").match(line) is not None


def _is_pitch(line: str) -> bool:
    """A sentence that offers a newsletter or claims copyright, with or without a full stop."""
    return _phrases(r"^\W*(?:(?:©|\(c\)|copyright)[\s©]*(?:\(c\)\s*)?(?:19|20)\d\d\b|%(newsletter_offers)s)").match(line) is not None


def without_boilerplate(text: str) -> str:
    """`text` (one paragraph per line) without boilerplate lines; unchanged when all its lines are boilerplate."""
    lines = text.splitlines()
    kept = [line for line in lines[: _end(lines)] if not is_boilerplate(line)]
    return "\n".join(kept) or text


def is_boilerplate(line: str) -> bool:
    """Whether a line is a link to another article, a label of the page, an offer or a picture credit."""
    if not line or len(line) > MAX_LINE:
        return len(line) <= _MAX_PITCH and _is_pitch(line)
    return _is_pointer(line) or _is_pitch(line) or (line[-1] not in _SENTENCE_END and _is_credit(line))


def _end(lines: list[str]) -> int:
    """The number of lines before a short contact or author section at the end; the number of all lines when there is none."""
    behind = 0
    for number in range(len(lines) - 1, 0, -1):
        if len(lines[number]) <= MAX_LINE and is_section_label(lines[number]) and behind < sum(map(len, lines[:number])):
            return number
        behind += len(lines[number])
        if behind > MAX_ENDING:
            break
    return len(lines)
