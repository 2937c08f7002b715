"""Finds the element that holds an article's text: sums running text up the tree, weighted by tags, classes and ids. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Set
from functools import lru_cache, partial
from typing import NamedTuple

import lxml.html

from pipeline.extraction.body.blocks import NON_TEXT_TAGS, is_blog_post
from pipeline.extraction.body.relevance import is_about
from pipeline.extraction.html import furniture
from pipeline.extraction.html.furniture import class_and_id
from pipeline.extraction.html.structured_data import types_of
from pipeline.extraction.pages import Page, containing_element, shown_text
from pipeline.text.phrases import phrase_pattern
from pipeline.text.plain_text import weight_of

CONTAINER_SHARE = 0.65
"""Share of an element's running text that a child must hold to be the container instead. Of 0.55 to 0.9, 0.6 and 0.65 give the best F1."""

_RUNNING = 25
"""Characters from which a text node counts as running text. A plain choice: menus and labels are shorter."""
_LONG = 60
"""Characters from which a text node gets more weight, as prose. A plain choice."""
_MAX_WEIGHT = 1500
"""Largest weight of one text node, so that a single long text does not decide. A plain choice."""
_UNLIKELY_WEIGHT = 0.1
"""Factor on the weight of text in elements that are named like comments, teasers or navigation. A plain choice."""

_INLINE_CONTAINERS = frozenset({"p", "span", "b", "strong", "font", "em", "i", "h1", "h2", "h3", "a", "pre"})
_NO_RUNNING_TEXT = (NON_TEXT_TAGS - {"label", "input", "time", "picture", "map", "figure"}) | {"a"}
_FRAMES = ("form", "button", "noscript", "aside", "figure", "dialog", "label", "menu", "footer", "object", "template")
"""Elements whose text does not count unless they contain the page's heading, or nearly all of its text: ASP.NET wraps whole pages in a
form, others lack end tags, or put the article in an `<aside>`."""
FRAME_GAIN = 2
"""How many times the running text of the rest of the page such an element must hold to be read as the article."""
MIN_FRAME = 600
"""Weighted characters of running text that it must hold."""
_is_unlikely = furniture.names_of(
    furniture.COMMENTS,
    furniture.OTHER_ARTICLES,
    furniture.MARGINS,
    furniture.NAVIGATION,
    furniture.TEASERS,
    furniture.OFFERS,
    furniture.PROMOTIONS,
    furniture.CONSENT,
    furniture.POPUPS,
    furniture.RIGHTS,
    furniture.SHARING,
    match="start",
)
"""Whether a class and id are those of comments, side columns, navigation and the like, whose text counts a tenth."""
_beside = partial(
    phrase_pattern,
    "pipeline.extraction",
    r"%(beside_anywhere)s|(?:^|[-_])(?:%(beside_starts)s)|(?:^|[-_])(?:%(beside_words)s)(?:$|[-_])|^hidden$",
    ignores_case=False,
)
_is_beside = furniture.any_name(lambda name: _beside().search(name) is not None)
"""Whether a class and id are those of elements that are never the article: dropping their text is no sign of a failed extraction."""

MIN_ENTRIES = 6
"""Elements of one class from which they can be a list of comments. A plain choice."""
ENTRY_SHARE = 0.8
"""Share of these elements that must have a number or a time of their own; elements with headings are parts of an article."""
MIN_HELD = 0.6
"""Share of the list's text that must be in these elements: an article has numbered captions between its paragraphs."""
MIN_OWN = 300
"""Weighted characters of long text outside a list of comments from which that text is the article."""
_ENTRY_TAGS = frozenset({"div", "li", "article", "section"})
_NUMBERED = re.compile(r"\d{4,}")

_Weights = defaultdict[lxml.html.HtmlElement, float]
_Worth = tuple[float, bool]
"""The factor for running text in an element, and whether that text can be part of the article."""
_ALL: _Worth = (1.0, True)
_NOTHING: _Worth = (0.0, False)


class Weights(NamedTuple):
    """The weights of the elements of a page, in characters as `plain_text.weight_of` counts them.

    `running` is the weight of the running text below an element, in which comments and side columns count a tenth; `long` is the weight of
    the long texts below it that can be part of the article. `frames` are the elements of `_FRAMES` whose text counts on this page.
    """

    running: _Weights
    long: _Weights
    frames: frozenset[lxml.html.HtmlElement]
    entries: lxml.html.HtmlElement | None = None
    """A list of comments whose text does not count; None when there is none."""


def text_weights(page: Page) -> Weights:
    """The weights of all elements of a page, which must have a tree."""
    weights = _weights_with(page, frozenset() if page.heading is None else frozenset(page.heading.iterancestors(*_FRAMES)))
    found = weights.running[page.tree]
    if found >= MIN_FRAME:
        return weights
    frame = _fullest_frame(page, at_least=max(MIN_FRAME, FRAME_GAIN * found))
    return weights if frame is None else _weights_with(page, weights.frames | {frame, *frame.iterancestors(*_FRAMES)})


def _fullest_frame(page: Page, *, at_least: float) -> lxml.html.HtmlElement | None:
    """The outermost element of `_FRAMES` with most text in paragraphs, if that weighs over `at_least` and is about the page's title."""
    held: defaultdict[lxml.html.HtmlElement, list[str]] = defaultdict(list)
    for paragraph in page.elements("p"):
        lineage = [place for place in paragraph.iterancestors() if place.tag in NON_TEXT_TAGS]
        text = "".join(paragraph.itertext()).strip() if lineage and all(place.tag in _FRAMES for place in lineage) else ""
        if len(text) >= _LONG:
            held[lineage[-1]].append(text)
    weights = {frame: sum(min(weight_of(text), _MAX_WEIGHT) for text in texts) for frame, texts in held.items()}
    fullest = max(weights, key=weights.__getitem__, default=None)
    if fullest is None or weights[fullest] <= at_least:
        return None
    title = page.title_tag if page.heading is None else shown_text(page.heading)
    return fullest if is_about("\n".join(held[fullest]), title) else None


def _weights_with(page: Page, frames: frozenset[lxml.html.HtmlElement]) -> Weights:
    weights = Weights(defaultdict(float), defaultdict(float), frames)
    running, longs = weights.running, weights.long
    worths: dict[lxml.html.HtmlElement, _Worth] = {}
    for node in page.texts:
        if len(node) < _RUNNING:
            continue
        text = node.strip()
        length = len(text)
        if length < _RUNNING:
            continue
        element = containing_element(node)
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
    for element in reversed(worths):  # `worths` lists ancestors before their descendants
        below = running.get(element)
        parent = element.getparent() if below else None
        if below and parent is not None:
            running[parent] += below
            longs[parent] += longs[element]
    return weights


def _worth(element: lxml.html.HtmlElement, known: dict[lxml.html.HtmlElement, _Worth], frames: Set[lxml.html.HtmlElement]) -> _Worth:
    """The worth of running text in `element`; stores it and the worth of all ancestors in `known`, the topmost first."""
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
    names = class_and_id(element) if tag not in {"html", "body"} else ""
    return _worth_of_names(names) if len(names) > 1 else _ALL


@lru_cache(maxsize=4096)
def _worth_of_names(names: str) -> _Worth:
    is_unlikely = _is_unlikely(names) and not is_blog_post(names.lower())
    worth = _UNLIKELY_WEIGHT if is_unlikely else 1.0, not _is_beside(names)
    return _ALL if worth == _ALL else worth


def container_of(tree: lxml.html.HtmlElement, weights: Weights) -> lxml.html.HtmlElement:
    """The element that is reached from `tree` by descending into the child with most running text, while it has `CONTAINER_SHARE` of it."""
    running = weights.running
    place = tree
    while True:
        fullest = max(place, key=running.__getitem__, default=None)
        if fullest is None or not running[fullest] or running[fullest] < CONTAINER_SHARE * running[place]:
            return place
        if fullest.tag in _INLINE_CONTAINERS:
            return place
        place = fullest


def article_container(page: Page, root: lxml.html.HtmlElement, weights: Weights) -> tuple[lxml.html.HtmlElement, Weights]:
    """The element below `root` that holds the article, and the weights without the page's comments.

    Comments, many elements of one class with a number or a time each, often hold more text than the article. They do not count when enough
    long text is left without them. The entries of a declared live blog look the same, but are its text.
    """
    container = container_of(root, weights)
    if not _is_list_of_entries(container, weights.running) or container in page.heading_path or _is_live_blog(page):
        return container, weights
    rest = Weights(weights.running.copy(), weights.long.copy(), weights.frames, container)
    for element in (container, *container.iterancestors()):
        rest.running[element] -= weights.running[container]
        rest.long[element] -= weights.long[container]
    other = container_of(root, rest)
    return (other, rest) if rest.long[other] >= MIN_OWN else (container, weights)


def _is_live_blog(page: Page) -> bool:
    return any("LiveBlogPosting" in types_of(node) for node in page.nodes)


def _is_list_of_entries(container: lxml.html.HtmlElement, running: Mapping[lxml.html.HtmlElement, float]) -> bool:
    groups: defaultdict[str, list[lxml.html.HtmlElement]] = defaultdict(list)
    for child in container:
        if child.tag in _ENTRY_TAGS and running.get(child):
            groups[child.get("class", "")].append(child)
    entries = max(groups.values(), key=len, default=[])
    is_most = sum(map(running.__getitem__, entries)) >= MIN_HELD * running[container]
    headed = sum(one.find(".//h2") is not None or one.find(".//h3") is not None for one in entries)
    numbered = sum(
        bool(_NUMBERED.search(f"{one.get('id', '')} {one.get('data-id', '')}")) or one.find(".//time") is not None for one in entries
    )
    return is_most and headed <= len(entries) / 2 and len(entries) >= MIN_ENTRIES and numbered >= ENTRY_SHARE * len(entries)
