"""Page furniture: words in classes and ids that name what stands around an article, by kind, and the walk to an element's surroundings.

Pure. One vocabulary for all fields: the text, the authors, the dates and the rejections each name the kinds that they refuse.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Set
from functools import lru_cache
from itertools import islice
from typing import Literal

import lxml.html

COMMENTS = ("comment", "disqus", "komment", "coral")
OTHER_ARTICLES = ("related", "recommend", "popular", "trending", "latest", "ticker", "most-?read", "outbrain", "taboola")
MARGINS = ("footer", "sidebar", "side")
NAVIGATION = ("nav", "navigation", "menu", "breadcrumbs?", "topbar", "toolbar", "pagination", "pager")
TEASERS = ("teaser",)
"""Of other articles, or the lead of the page's own."""
OFFERS = ("newsletter", "subscribe", "sign-?up")
PROMOTIONS = ("promo", "sponsor")
ADVERTISEMENTS = ("ad", "ads", r"advert\w*")
CONSENT = ("cookie", "consent", "gdpr")
POPUPS = ("popup", "modal", "login")
HIDDEN = ("hidden",)
"""Frameworks hide elements on some screens only, so the word counts for single blocks and not for what holds an article."""
RIGHTS = ("copyright", "disclaimer")
SHARING = ("social", "share", "sharing")
PAGE_TOOLS = ("print", "rating", "tags?")
PICTURES = ("caption", "photo-?credit", "image-?credit", "bildquelle")
GALLERIES = ("gallery",)
BYLINES = ("byline", "author", "date", "meta")

MAX_ANCESTORS = 8
"""Ancestors of an element that are asked for their names; the outer ones hold the whole page and say nothing of a part of it."""
_MIN_INNER = 5
"""Letters; a shorter word (`nav`, `side`, `ad`) is part of too many others to be looked for inside of a word."""
_POSSESSING = re.compile(r"(?:^|\s)(?:has|with|without|no)[-_]\S+")
"""Class names such as `has-sidebar`, which say what an element contains and not what it is; in lower case."""

Match = Literal["word", "start", "anywhere"]


def names_of(*kinds: tuple[str, ...], match: Match) -> Callable[[str], bool]:
    """A cached test whether a class and id, in any case, contain a word of `kinds`.

    With `match` "word" the whole word must stand between blanks, hyphens or underscores (digits may follow), with "start" a word must begin
    with it (`related` in `relatedLinks`), with "anywhere" it may stand inside of a word unless it is short. Words of `COMMENTS` always may.
    """
    forms = {"word": r"(?:^|[-_\s])(?:%s)(?:$|[-_\s\d])", "start": r"(?:^|[-_\s])(?:%s)", "anywhere": "(?:%s)"}
    words: dict[str, list[str]] = {form: [] for form in forms}
    for kind in kinds:
        for word in kind:
            is_inner = kind is COMMENTS or (match == "anywhere" and len(word) >= _MIN_INNER)
            words["anywhere" if is_inner else "start" if match == "anywhere" else match].append(word)
    pattern = re.compile("|".join(forms[form] % "|".join(found) for form, found in words.items() if found))

    @lru_cache(maxsize=4096)
    def test(names: str) -> bool:
        return pattern.search(_POSSESSING.sub("", names.lower())) is not None

    return test


def class_and_id(element: lxml.html.HtmlElement) -> str:
    """The element's class and id, separated by a space."""
    return f"{element.get('class', '')} {element.get('id', '')}"


def surroundings(element: lxml.html.HtmlElement, *, shared: Set[lxml.html.HtmlElement]) -> Iterator[lxml.html.HtmlElement]:
    """`element` and its ancestors, the nearest first, up to and without the first that is in `shared`: those around this element alone.

    `shared` are the ancestors of the page's heading. The walk also ends at `<body>` and `<main>`, and after `MAX_ANCESTORS` ancestors.
    """
    for place in islice((element, *element.iterancestors()), MAX_ANCESTORS + 1):
        if place in shared or place.tag in {"body", "main"}:
            return
        yield place
