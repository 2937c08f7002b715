"""Finds the article's text in the data of a page's scripts (`__NEXT_DATA__`, `__NUXT__`, `application/json`, React's flight rows).

Pure. No script is run and no format is assumed: the string literals of all inline scripts are read in order, those that are prose are
joined, and the longest text that is about the page's title is the article's. The time grows with the length of the scripts, so this is
called only when the page itself shows no article.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

import lxml.etree
import lxml.html

from pipeline.extraction.body.blocks import blocks
from pipeline.extraction.body.relevance import is_about
from pipeline.extraction.pages import Page
from pipeline.text.plain_text import decode_entities, letters_only, squeeze, weight_of

MAX_SCRIPTS = 4_000_000
"""Characters of scripts that are read; the largest state of a shared page has 1.5 million."""
MAX_DEPTH = 3
"""Levels of literals inside of literals that are read: `push([1, "{\\"body\\": ...}"])`, `JSON.parse("...")`. A plain choice."""
MIN_PROSE = 40
"""Weighted characters of the shortest literal that can be a paragraph. A plain choice."""
MAX_GAP = 24
"""Literals that may stand between two paragraphs of one text: keys, types and links of an editor's blocks."""

_INSIDE = re.compile(r"(?:[^\"\\]|\\.)*", re.DOTALL)
_NESTED = re.compile(r"\s*(?:[0-9a-f]{1,4}:)?[A-Z]{0,2}[\[{]\s*[\[{\"]|[^<]{0,2000}\"[\w-]{1,30}\":")
"""JSON, or a row of React's, which numbers them (`5:["$","p"`)."""
_CODE = re.compile(r"[{}<>=$\\]|\bfunction\b|&&")
_MAX_CODE = 0.01
"""Share of signs of code among a paragraph's characters above which it is code."""


def text_in_scripts(page: Page, *, title: str) -> str:
    """The longest prose in the page's scripts that is about `title`, with one paragraph per line; empty when there is none."""
    literals = [literal for script in _scripts(page) for literal in _literals(script, 0)]
    texts = [text for text in _texts(literals) if is_about(text, title)]
    return max(texts, key=weight_of, default="")


def _scripts(page: Page) -> Iterator[str]:
    left = MAX_SCRIPTS
    for script in page.elements("script"):
        text = script.text or ""
        if len(text) > 200 and "ld+json" not in script.get("type", ""):
            yield text[:left]
            left -= len(text)
            if left <= 0:
                return


def _literals(code: str, depth: int) -> Iterator[str]:
    """The string literals in double quotes, in order; one that holds JSON is replaced by its own literals."""
    start = code.find('"')
    while start >= 0:
        end = _INSIDE.match(code, start + 1).end()  # type: ignore[union-attr]  # it matches the empty string too
        if end >= len(code):
            return
        literal = code[start + 1 : end]
        if "\\" in literal:
            try:
                literal = json.loads(f'"{literal}"', strict=False)
            except ValueError:
                literal = literal.replace('\\"', '"')
        if depth < MAX_DEPTH and len(literal) > MIN_PROSE and _NESTED.match(literal):
            yield from _literals(literal, depth + 1)
        else:
            yield literal
        start = code.find('"', end + 1)


def _texts(literals: Sequence[str]) -> Iterator[str]:
    """Runs of paragraphs, each joined to one text; a literal that holds several paragraphs is a text of its own."""
    run: list[str] = []
    last = 0
    for number, literal in enumerate(literals):
        lines = _prose(literal) if len(literal) >= MIN_PROSE else []
        if not lines:
            continue
        if len(lines) > 1 or number - last > MAX_GAP:
            yield "\n".join(dict.fromkeys(run))
            run = []
        run += lines
        last = number
        if len(lines) > 1:
            yield "\n".join(run)
            run = []
    yield "\n".join(dict.fromkeys(run))


def _prose(literal: str) -> list[str]:
    """The paragraphs of a literal that is text or HTML; none for code, addresses and labels."""
    lines = _lines_of_html(literal) if "<" in literal else [squeeze(line) for line in decode_entities(literal).splitlines()]
    lines = [line for line in lines if line and "://" not in line]
    whole = " ".join(lines)
    if weight_of(whole) < MIN_PROSE or (" " not in whole and whole.isascii()) or len(letters_only(whole)) < len(whole) / 2:
        return []
    return lines if len(_CODE.findall(whole)) <= _MAX_CODE * len(whole) else []


def _lines_of_html(literal: str) -> list[str]:
    try:
        root = lxml.html.document_fromstring(f"<div>{literal}</div>")
    except (lxml.etree.LxmlError, ValueError, AssertionError):
        return []
    return [block.text for block in blocks(root) if block.link_share < 0.5]
