"""Removes mark-up from declared values: titles, descriptions and texts of feeds, heads and JSON-LD.

Pure functions over strings. After JSON, XML or HTML is decoded, `<b>Bold</b> move` is formatting that was escaped twice, and `How to use
the <script> tag` is a title. The rule: a tag is markup when it has a partner or attributes, when it touches a word, or when HTML allows it
alone (a line break, a paragraph); any other name in angle brackets is a word of the text.
"""

from __future__ import annotations

import re
from functools import partial

_TAG = re.compile(r"<(/?)([A-Za-z][\w:-]*)((?:[\s/][^<>]{0,500})?)>")
_HIDDEN = re.compile(r"<(?:(script|style)\b[^<>]*>|!--)", re.IGNORECASE)
_ENDS = {"script": re.compile(r"</script\s*>", re.IGNORECASE), "style": re.compile(r"</style\s*>", re.IGNORECASE), "": re.compile("-->")}
_INLINE = frozenset(re.findall(r"\w+", "a abbr b cite code em font i mark q s small span strong sub sup u wbr"))
"""Tags that may occur inside a word; any other tag ends a word."""
_UNPAIRED = frozenset(re.findall(r"\w+", "br wbr hr p li dt dd td th tr"))
"""Tags that HTML allows without a partner, and that titles are seldom about."""
_KNOWN = (
    _INLINE
    | _UNPAIRED
    | frozenset(
        re.findall(
            r"\w+",
            """
        address area article aside audio base bdi bdo big blink blockquote body button canvas caption center col colgroup data
        datalist del details dfn dialog dir div dl embed fieldset figcaption figure footer form frame frameset h1 h2 h3 h4 h5 h6
        head header hgroup html iframe img input ins kbd label legend link main map marquee menu meta meter nav noscript object ol
        optgroup option output param picture pre progress rp rt ruby samp script search section select slot source strike style
        summary svg table tbody template textarea tfoot thead time title track tt ul var video
        """,
        )
    )
)


def strip_tags(text: str) -> str:
    """`text` without scripts, styles, comments and tags; inline tags are gone, any other is replaced by a space."""
    if "<" not in text:
        return text
    text = _without_hidden(text)
    names = [(match[1], match[2].lower()) for match in _TAG.finditer(text)]
    paired = {name for end, name in names if end} & {name for end, name in names if not end}
    return _TAG.sub(partial(_replaced, paired), text)


def _replaced(paired: set[str], tag: re.Match[str]) -> str:
    """The replacement of a tag: the tag itself if it is a word of the text, nothing for an inline tag, else a space."""
    name, attributes = tag[2].lower(), tag[3]
    if name not in paired and not (attributes if name in _KNOWN else "=" in attributes):
        is_word = name not in _KNOWN or (name not in _UNPAIRED and not _touches_word(tag))
        if is_word:
            return tag[0]
    return "" if name in _INLINE else " "


def _touches_word(tag: re.Match[str]) -> bool:
    return tag.string[tag.end() : tag.end() + 1].isalnum() or tag.string[max(0, tag.start() - 1) : tag.start()].isalnum()


def _without_hidden(text: str) -> str:
    """`text` without scripts, styles and comments; one that does not end takes the rest with it, unless its tag is a word of the text."""
    kept: list[str] = []
    place, search_from = 0, 0
    endless: set[str] = set()
    while start := _HIDDEN.search(text, search_from):
        kind = (start[1] or "").lower()
        end = _ENDS[kind].search(text, start.end()) if kind not in endless else None
        if end is None:
            endless.add(kind)
            if kind and start[0][len(kind) + 1 :] == ">" and not _touches_word(start):
                search_from = start.end()
                continue
        kept += (text[place : start.start()], " ")
        place = search_from = end.end() if end else len(text)
    return "".join((*kept, text[place:]))
