"""Page furniture, the parts of a page around its article: the words in classes and ids that name each kind, and an element's surroundings.

Pure. One vocabulary for all fields: the text, the authors, the dates and the rejections each name the kinds that they refuse.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Set
from functools import cache, lru_cache
from itertools import islice
from typing import Literal

import lxml.html

from pipeline.text.phrases import phrases_of

COMMENTS = "furniture_comments"
OTHER_ARTICLES = "furniture_other_articles"
MARGINS = "furniture_margins"
NAVIGATION = "furniture_navigation"
TEASERS = "furniture_teasers"
OFFERS = "furniture_offers"
PROMOTIONS = "furniture_promotions"
ADVERTISEMENTS = "furniture_advertisements"
CONSENT = "furniture_consent"
POPUPS = "furniture_popups"
HIDDEN = "furniture_hidden"
RIGHTS = "furniture_rights"
SHARING = "furniture_sharing"
PAGE_TOOLS = "furniture_page_tools"
PICTURES = "furniture_pictures"
GALLERIES = "furniture_galleries"
BYLINES = "furniture_bylines"
"""The kinds of furniture, by the names of their words in `extraction/data/phrases.yaml`."""

MAX_ANCESTORS = 8
"""Ancestors of an element whose names are read; outer ones contain the whole page, so that their names describe no part of it."""
_MIN_INNER = 5
"""Letters from which a word is also searched for inside of longer words; shorter ones (`nav`, `side`, `ad`) are part of too many."""
_POSSESSING = re.compile(r"(?:has|with|without|no)[-_]\S+")
"""A class name, in lower case, such as `has-sidebar`: it names what an element contains, not what it is."""

Match = Literal["word", "start", "anywhere"]


def names_of(*kinds: str, match: Match) -> Callable[[str], bool]:
    """A function that tells whether a class and id contain a word of `kinds`; case does not matter.

    With `match` "word" the whole word must stand between blanks, hyphens or underscores (digits may follow); with "start" a word must begin
    with it (`related` in `relatedLinks`); with "anywhere" it may also be inside of a word, or at its start if it is short. Words of
    `COMMENTS` may always be inside of a word. Answers are cached for each name, because elements seldom repeat whole lists of names.
    """
    return any_name(lambda name: _POSSESSING.fullmatch(name) is None and _pattern(kinds, match).search(name) is not None)


def any_name(test: Callable[[str], bool]) -> Callable[[str], bool]:
    """A cached function that tells whether `test` holds for one of the names, in lower case, in a class and id separated by blanks."""
    is_found = lru_cache(maxsize=16384)(test)

    @lru_cache(maxsize=4096)
    def is_any_found(names: str) -> bool:
        return any(map(is_found, names.lower().split()))

    return is_any_found


@cache
def _pattern(kinds: tuple[str, ...], match: Match) -> re.Pattern[str]:
    forms = {"word": r"(?:^|[-_\s])(?:%s)(?:$|[-_\s\d])", "start": r"(?:^|[-_\s])(?:%s)", "anywhere": "(?:%s)"}
    words: dict[str, list[str]] = {form: [] for form in forms}
    for kind in kinds:
        for word in phrases_of("pipeline.extraction", kind):
            is_inner = kind == COMMENTS or (match == "anywhere" and len(word) >= _MIN_INNER)
            words["anywhere" if is_inner else "start" if match == "anywhere" else match].append(word)
    return re.compile("|".join(forms[form] % "|".join(found) for form, found in words.items() if found))


def class_and_id(element: lxml.html.HtmlElement) -> str:
    """The element's class and id, separated by a space."""
    return f"{element.get('class', '')} {element.get('id', '')}"


def surroundings(element: lxml.html.HtmlElement, *, shared: Set[lxml.html.HtmlElement]) -> Iterator[lxml.html.HtmlElement]:
    """`element` and its ancestors, the nearest first, up to the first one in `shared`, which is left out.

    `shared` are the page's heading and its ancestors, so that only elements around this part of the page are returned. The walk also ends
    before `<body>` and `<main>`, and after `MAX_ANCESTORS` ancestors.
    """
    for place in islice((element, *element.iterancestors()), MAX_ANCESTORS + 1):
        if place in shared or place.tag in {"body", "main"}:
            return
        yield place
