"""Which element of a page holds its article's text: where its running text is, weighed by what its places are called. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Set
from functools import lru_cache
from typing import NamedTuple

import lxml.html

from pipeline.extraction.body.blocks import NEVER, is_post, names_of
from pipeline.extraction.pages import Page, holder
from pipeline.text.plain_text import weight_of

CONTAINER_SHARE = 0.65
"""How much of an element's running text its fullest child must hold to be gone down into. Of 0.55 to 0.9, 0.6 and 0.65 are best."""

_RUNNING = 25
_LONG = 60
_MAX_WEIGHT = 1500
_UNLIKELY_WEIGHT = 0.1

_INLINE_CONTAINERS = frozenset({"p", "span", "b", "strong", "font", "em", "i", "h1", "h2", "h3", "a", "pre"})
_NO_RUNNING_TEXT = (NEVER - {"label", "input", "time", "picture", "map", "figure"}) | {"a"}
_FRAMES = ("form", "button", "noscript")
"""These hold no running text unless they hold the page's heading too: ASP.NET puts whole pages into a form, others forget an end tag."""
_UNLIKELY = re.compile(
    r"comment|disqus|(?:^|[-_\s])(?:footer|sidebar|side|related|recommend|newsletter|subscribe|cookie|consent|gdpr|promo|popup|modal|copyright"
    r"|disclaimer|menu|nav|teaser|komment|coral|social|share|sponsor)"
)
"""Of names in lower case, as those below: a pattern that need not mind case is found two to four times as fast."""
_BESIDE = re.compile(
    r"comments(?!-(?:open|closed|off))|comment[-_]?(?:list|link|area|thread|section|wrapper|form)|disqus|(?:^|[-_\s])(?:caption|related(?!-to))"
    r"|(?:^|[-_\s])(?:promo|newsletter|subscribe|recommend\w*|author[-_]?(?:bio|box|card|info)\w*)(?:$|[-_\s])"
    r"|wm-ipp|registration|cookie|consent|gdpr|(?:^|\s)hidden(?:$|\s)|print[-_]?(?:layer|only|version)"
)
"""What is never the article, however long (`wm-ipp` is the toolbar of an archive): that it is left out tells nothing of the rest."""

_Weights = defaultdict[lxml.html.HtmlElement, float]
_Worth = tuple[float, bool]
"""What running text counts for, and whether it may be the article's."""
_ALL: _Worth = (1.0, True)
_NOTHING: _Worth = (0.0, False)


class Weights(NamedTuple):
    """For each element the weight of the running text below it, where comments and side columns count little, and that of the long texts
    that may be the article's."""

    running: _Weights
    long: _Weights


def weigh(page: Page) -> Weights:
    """The weights of a page with a tree."""
    weights = Weights(defaultdict(float), defaultdict(float))
    running, longs = weights
    frames = frozenset() if page.heading is None else frozenset(page.heading.iterancestors(*_FRAMES))
    worths: dict[lxml.html.HtmlElement, _Worth] = {}
    for node in page.texts:
        if len(node) < _RUNNING:
            continue
        text = node.strip()
        length = len(text)
        if length < _RUNNING:
            continue
        element = holder(node)
        factor, is_telling = worths.get(element) or _worth(element, worths, frames)
        if not factor:
            continue
        weight = min(weight_of(text), _MAX_WEIGHT)
        if length >= _LONG:
            running[element] += weight * factor
            if is_telling:
                longs[element] += weight
        else:
            running[element] += weight / 2 * factor
    for element in reversed(worths):  # an element was entered after those above it
        below = running.get(element)
        parent = element.getparent() if below else None
        if below and parent is not None:
            running[parent] += below
            longs[parent] += longs[element]
    return weights


def _worth(element: lxml.html.HtmlElement, known: dict[lxml.html.HtmlElement, _Worth], frames: Set[lxml.html.HtmlElement]) -> _Worth:
    """What running text in `element` is worth; enters it and all above it in `known`, the topmost first."""
    lineage = [element]
    worth = _ALL
    for place in element.iterancestors():
        if place in known:
            worth = known[place]
            break
        lineage.append(place)
    for place in reversed(lineage):
        if worth is not _NOTHING and place not in frames:
            own = _own_worth(place)
            if own is not _ALL:
                worth = (min(own[0], worth[0]), own[1] and worth[1]) if own is not _NOTHING else _NOTHING
        known[place] = worth
    return worth


def _own_worth(element: lxml.html.HtmlElement) -> _Worth:
    tag = element.tag
    if tag in _NO_RUNNING_TEXT or element.get("hidden") is not None:
        return _NOTHING
    names = names_of(element) if tag not in {"html", "body"} else ""
    return _called(names) if len(names) > 1 else _ALL


@lru_cache(maxsize=4096)
def _called(names: str) -> _Worth:
    lowered = names.lower()
    is_unlikely = _UNLIKELY.search(lowered) and not is_post(lowered)
    worth = _UNLIKELY_WEIGHT if is_unlikely else 1.0, not _BESIDE.search(lowered)
    return _ALL if worth == _ALL else worth


def container_of(tree: lxml.html.HtmlElement, weights: Weights) -> lxml.html.HtmlElement:
    """The lowest element that is reached by going down into the child that holds most of the running text."""
    running = weights.running
    place = tree
    while True:
        fullest = max(place, key=running.__getitem__, default=None)
        if fullest is None or not running[fullest] or running[fullest] < CONTAINER_SHARE * running[place]:
            return place
        if fullest.tag in _INLINE_CONTAINERS:
            return place
        place = fullest
