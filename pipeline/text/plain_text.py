"""Cleans plain text: repairs mojibake, removes control characters and surplus white space, cuts excerpts at a word or sentence.

Pure functions over strings; knows nothing of HTML trees, articles or feeds.
"""

from __future__ import annotations

import html
import re
import unicodedata
from functools import lru_cache

import ftfy
from ftfy.badness import is_bad
from ftfy.chardata import UTF8_CLUES, UTF8_DETECTOR_RE

from pipeline.text.markup import strip_tags
from pipeline.text.phrases import phrase_pattern

EXCERPT_LIMIT = 350
"""Characters of the longest excerpt, including the ellipsis, as in the seed record."""

ELLIPSIS = "…"
OPENING = 80
"""Characters of the beginning of a text that `opening` shows. A plain choice: enough to distinguish two texts."""
DENSE = 2.5
"""Letters of an alphabet that one character of a script without spaces is worth in `weight_of`."""
_DENSE_SCRIPT = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uac00-\ud7af\u0e00-\u0e7f]")

_INVISIBLE = "\u00ad\u200b\u2060\ufeff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufff9-\ufffb"
# Zero-width joiners stay: Persian and emoji need them. Tab, newline and the separators become spaces elsewhere.
_CONTROL = "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff"
_UNSEEN = re.compile(f"[{_INVISIBLE}{_CONTROL}]")
_ASCII_CONTROL = dict.fromkeys((*range(9), *range(14, 32), 127))
"""The ASCII part of `_CONTROL`, for `str.translate`, which takes a third of the pattern's time."""
_ENTITY = re.compile(r"&(?:#\d|#[xX][0-9a-fA-F]|[A-Za-z])")
_UNFILLED = re.compile(r"null|undefined|NaN|None|\[object Object\]|\{\{[^{}]*\}\}|\$\{[^{}]*\}|%%?[\w.]+%%?")
_DOTS = re.compile(r"\.\.\.|…")
_BRACKETED_DOTS = re.compile(r"\s*(?:\[\s?(?:\.\.\.|…|&hellip;)\s?\]|\(\s?(?:\.\.\.|…)\s?\))\Z")
_MAX_BRACKETED = 14
"""Characters of the longest match of `_BRACKETED_DOTS`, so that only the end of a text is searched."""
_READ_MORE = r"(?<=[.!?…»”\])])\s*[\[(]?(?:%(read_more)s)\s*[\])]?[\s→»›>&….:]*$"
"""A link from a teaser to its article, after the end of a sentence."""
_SENTENCE_END = re.compile(r"[.!?。！？…][\"'”’»)\]]*(?=\s|$)|[。！？][」』”]*")
_DANGLING = " \t\n,;:-–—/|"
_ENDED = re.compile(r"[.!?。！？…][\"'”’»)\]]*\s*$")
_LAST_WORD = re.compile(r"[^\W\d_]{4}[.!?][\"”’»)\]]*(?=\s+[^\W\d_])|[。！？][」』”]*")
"""The end of a sentence; short words before the stop may be abbreviations."""
_LEFT = 0.6
"""Share of a text that must remain when a torn last sentence is removed, so that it was the smaller part. A plain choice."""
_TORN_FROM = 120
"""Characters from which a description may end in a torn sentence; shorter ones are seldom cut and often have no full stop."""
_LOOSE_END = _DANGLING + "([{'\"“‘«&"

_ASCII_SIGNS = {code: None for code in range(128) if not chr(code).isalnum()}

_CONTINUATION = "".join(bytes([byte]).decode("cp1252", "ignore") for byte in range(0x80, 0xC0))
_MISREAD_SIGN = re.compile(f"â[{re.escape(_CONTINUATION)}]{{2}}")
_MISREAD_START = re.compile("[{utf8_first_of_2}{utf8_first_of_3}{utf8_first_of_4}][{utf8_continuation}]".format(**UTF8_CLUES))
"""The beginning of every match of ftfy's detector; this pattern is five times as fast."""
_MAY_BE_MISREAD = re.compile("[^\x00-\x7f](?:[^\x00-\x7f]|(?<=[\x80-\x9fÂÃŒœ]))")
"""A quick necessary condition for ftfy's heuristic, which tries forty alternatives at each character."""
_SHORT = 1000
"""Characters of the longest text to which ftfy's full heuristic is applied: titles and excerpts are shorter."""

_REPAIRS = ftfy.TextFixerConfig(
    unescape_html=False,  # `decode_entities` decodes them once; ftfy would repeat it until none is left
    uncurl_quotes=False,
    fix_latin_ligatures=False,
    fix_character_width=False,  # full-width forms are right in Chinese and Japanese text
    fix_line_breaks=True,
    normalization="NFC",
)


def repair(text: str) -> str:
    """`text` in NFC with mojibake undone (`Graphyteâ„¢` to `Graphyte™`), control and invisible characters taken out.

    ftfy decides what is mojibake, and misses signs such as the one above, which are undone first. Its full heuristic costs 1 ms per 5 kB,
    so it is applied to short texts, and in long ones only to the lines in which its quick search finds misread UTF-8.
    """
    if text.isascii():
        return text.translate(_ASCII_CONTROL)
    text = _MISREAD_SIGN.sub(_as_utf8, text)
    if len(text) <= _SHORT:
        text = _short_fixed(text)
    elif _MISREAD_START.search(text):
        text = "\n".join(_fixed(line) if _is_like_misread(line) else line for line in text.split("\n"))
    return unicodedata.normalize("NFC", _UNSEEN.sub("", text))


def _is_like_misread(text: str) -> bool:
    return bool(_MISREAD_START.search(text) and UTF8_DETECTOR_RE.search(text))


def _fixed(text: str) -> str:
    return ftfy.fix_text(text, _REPAIRS) if _MAY_BE_MISREAD.search(text) and is_bad(text) else text


@lru_cache(maxsize=1024)
def _short_fixed(text: str) -> str:
    """As `_fixed`, cached: a page states its title and its description several times."""
    return _fixed(text)


def _as_utf8(match: re.Match[str]) -> str:
    """The sign whose three UTF-8 bytes were read as Windows-1252."""
    try:
        return match[0].encode("cp1252").decode("utf-8")
    except UnicodeError:
        return match[0]


def decode_entities(text: str) -> str:
    """`text` with one layer of HTML entities decoded."""
    return html.unescape(text) if _ENTITY.search(text) else text


def squeeze(text: str) -> str:
    """`text` with every run of white space, line breaks included, made one space, and none at the ends."""
    return " ".join(text.split())


def one_line(text: str | None) -> str:
    """`text` repaired and on one line; the empty string for None."""
    return squeeze(repair(squeeze(text))) if text else ""


@lru_cache(maxsize=1024)
def plain(text: str | None) -> str:
    """A declared value (a title, a description) as one line of plain text: one layer of entities and all markup undone.

    The empty string for a placeholder that a program writes without a value (`null`, `{{title}}`).
    """
    if not text or _UNFILLED.fullmatch(text.strip()):
        return ""
    return one_line(strip_tags(decode_entities(text)))


@lru_cache(maxsize=1024)
def cut_excerpt(text: str, limit: int = EXCERPT_LIMIT) -> str:
    """`text` as one line of at most `limit` characters that ends well; the empty string only for blank text.

    A longer text is cut at a word (at a character in scripts without spaces) and ends with an ellipsis. The publisher's own
    `...`, `[…]` or `(...)` at the end becomes a plain ellipsis.
    """
    line = one_line(text)
    line = phrase_pattern("pipeline.text", _READ_MORE).sub("", line) or line
    bare = _without_dots(line)
    is_cut = bare != line
    if len(bare) > limit - is_cut:
        head = bare[: limit - len(ELLIPSIS)]
        if not bare[len(head)].isspace():
            word_start = head.rfind(" ")
            # A script without spaces, or one endless word: cut at the limit.
            head = head[:word_start] if word_start >= limit // 2 else head
        bare, is_cut = head, True
    if not is_cut:
        return bare.rstrip(_DANGLING) or bare
    bare = bare.rstrip(_LOOSE_END) or bare
    return bare + ELLIPSIS


def _without_dots(line: str) -> str:
    """`line` without dots at its end, in brackets or not; read from the end, so that thousands of dots cost no more."""
    rest = line.rstrip(" .…")
    bracketed = _BRACKETED_DOTS.search(rest[-_MAX_BRACKETED:])
    if bracketed:
        return rest[: len(rest) - len(bracketed[0])]
    dots = _DOTS.search(line, len(rest))
    return line[: dots.start()].rstrip() if dots else line


def without_torn_end(line: str) -> str:
    """`line` up to the end of its last complete sentence, if a torn one follows and enough is left; a single sentence is unchanged.

    Content systems cut descriptions at a number of characters without marking it.
    """
    if not _TORN_FROM <= len(line) <= EXCERPT_LIMIT or _ENDED.search(line):
        return line
    ends = [match.end() for match in _LAST_WORD.finditer(line)]
    return line[: ends[-1]] if ends and ends[-1] >= _LEFT * len(line) else line


def first_sentences(text: str, limit: int = EXCERPT_LIMIT) -> str:
    """The whole sentences at the start of `text` that fit in `limit` characters; a cut excerpt when the first does not fit."""
    line = one_line(text)
    if len(line) <= limit:
        return cut_excerpt(line, limit)
    ends = [match.end() for match in _SENTENCE_END.finditer(line, 0, limit) if match.end() >= limit // 3]
    return line[: ends[-1]] if ends else cut_excerpt(line, limit)


def opening(text: str) -> str:
    """The length of a text, in words or in characters of a script without spaces, and its first `OPENING` characters."""
    begins = one_line(text[: 2 * OPENING])[:OPENING]
    return f"{len(text)} characters: {begins}" if _DENSE_SCRIPT.search(begins) else f"{len(text.split())} words: {begins}"


def weight_of(text: str) -> float:
    """The length of `text` in letters of an alphabet; a character of a script without spaces counts `DENSE`."""
    return len(text) * (DENSE if not text.isascii() and _DENSE_SCRIPT.search(text) else 1)


@lru_cache(maxsize=1024)
def letters_only(text: str) -> str:
    """`text` folded for comparison: NFKC, lower case, letters and digits only."""
    if text.isascii():
        return text.lower().translate(_ASCII_SIGNS)
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).casefold()))
