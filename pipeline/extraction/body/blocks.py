"""Reads the blocks of text below an element (paragraphs, headings, list items), without page furniture. Pure: it changes no element."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Set
from functools import lru_cache
from typing import Any, NamedTuple

import lxml.html

from pipeline.extraction.html import furniture
from pipeline.extraction.html.furniture import class_and_id
from pipeline.text.plain_text import weight_of

NON_TEXT_TAGS = frozenset(
    re.findall(
        r"\w+",
        """
        script style noscript nav footer aside form head textarea select button figure figcaption iframe svg video
        audio object template picture option menu dialog canvas map input label time
        """,
    )
)
_BLOCKS = frozenset(
    re.findall(
        r"\w+",
        """
        p div section article main li ul ol h1 h2 h3 h4 h5 h6 blockquote pre td tr table tbody thead tfoot th dl dd dt
        br hr center header address details summary fieldset body html caption dir
        """,
    )
)
_TAGS_WITH_NAMES = frozenset({"div", "section", "ul", "ol", "table", "p", "span", "li", "header", "dl"})
_is_named_furniture = furniture.names_of(
    furniture.COMMENTS,
    furniture.OTHER_ARTICLES,
    furniture.MARGINS,
    furniture.NAVIGATION,
    furniture.TEASERS,
    furniture.OFFERS,
    furniture.PROMOTIONS,
    furniture.ADVERTISEMENTS,
    furniture.CONSENT,
    furniture.POPUPS,
    furniture.HIDDEN,
    furniture.RIGHTS,
    furniture.SHARING,
    furniture.PAGE_TOOLS,
    furniture.PICTURES,
    furniture.BYLINES,
    match="word",
)
_BLOG_POST = re.compile(r"(?:^|\s)(?:hentry|status-publish)(?:$|\s)")
"""WordPress gives a post classes made of its tags, category and author, so other words in such a class are no evidence."""


class Block(NamedTuple):
    """A paragraph, heading or list item: its text, the share of link text from 0 to 1, and its element's tag, class and id."""

    text: str
    link_share: float
    tag: str
    names: str

    @property
    def weight(self) -> float:
        """The weight of its text in characters (`plain_text.weight_of`)."""
        return weight_of(self.text)


def is_blog_post(names: str) -> bool:
    """Whether an element's class and id, in lower case, are those of a WordPress post."""
    return _BLOG_POST.search(names) is not None


@lru_cache(maxsize=4096)
def is_furniture(names: str) -> bool:
    """Whether an element's class and id name page furniture and not a post."""
    return _is_named_furniture(names) and not is_blog_post(names.lower())


def blocks(
    root: lxml.html.HtmlElement,
    *,
    after: lxml.html.HtmlElement | None = None,
    before: lxml.html.HtmlElement | None = None,
    is_refused: Callable[[str], bool] = is_furniture,
    spared: Set[lxml.html.HtmlElement] = frozenset(),
) -> Iterator[Block]:
    """The blocks of text below `root` in document order; with `after` and `before`, only those between these two elements.

    Left out are hidden elements, elements of `NON_TEXT_TAGS` and elements whose class and id `is_refused` matches, unless in `spared`.
    """
    parts: list[str] = []
    link_chars = 0
    tag, names = "div", ""
    links = 0
    is_open = after is None
    kept = spared if after is None else spared | {*after.iterancestors()}
    # A plain stack, as real pages nest deeper than Python's recursion limit. None marks the end of the element below it on the stack.
    stack: list[Any] = [root]
    while stack:
        top = stack.pop()
        is_end = top is None
        element: lxml.html.HtmlElement = stack.pop() if is_end else top
        own_tag = element.tag
        is_block = own_tag in _BLOCKS
        if is_block and parts:
            text = " ".join("".join(parts).split())
            if text and is_open:
                yield Block(text, min(1.0, link_chars / len(text)), tag, names)
            parts, link_chars = [], 0
        if not is_end:
            if element is before:
                return
            if element is not root:
                own = class_and_id(element) if is_block or own_tag in _TAGS_WITH_NAMES else ""
                if element is after or (element not in kept and _is_left_out(element, own_tag, own, is_refused)):
                    is_open = is_open or element is after
                    if element.tail:
                        parts.append(element.tail)
                    continue
                if is_block:
                    tag, names = own_tag, own
            links += own_tag == "a"
            inner = element.text
            if inner:
                parts.append(inner)
                link_chars += len(inner.strip()) if links else 0
            if is_block or len(element):
                stack += (element, None, *reversed(element))
                continue
        links -= own_tag == "a"
        if is_block:
            tag, names = "div", ""
        tail = element.tail
        if tail and element is not root:
            parts.append(tail)
            link_chars += len(tail.strip()) if links else 0
    text = " ".join("".join(parts).split())
    if text and is_open:
        yield Block(text, min(1.0, link_chars / len(text)), tag, names)


def _is_left_out(element: lxml.html.HtmlElement, tag: Any, names: str, is_refused: Callable[[str], bool]) -> bool:
    if tag in NON_TEXT_TAGS or not isinstance(tag, str) or element.get("hidden") is not None:
        return True
    return tag in _TAGS_WITH_NAMES and (_is_hidden(element) or (len(names) > 1 and is_refused(names)))


def _is_hidden(element: lxml.html.HtmlElement) -> bool:
    style = element.get("style")
    return bool(style) and "display:none" in style.replace(" ", "")


def furniture_elements(
    root: lxml.html.HtmlElement, weights: Mapping[lxml.html.HtmlElement, float], *, spared: Set[lxml.html.HtmlElement]
) -> Iterator[lxml.html.HtmlElement]:
    """The topmost elements below `root` that have a weight and that `blocks` leaves out because of their class or id.

    `<ul>` and `<ol>` are not returned: a list whose class says `related` is a list of links to other articles.
    """
    places = [root]
    while places:
        for element in places.pop():
            if not weights.get(element):
                continue
            if element in spared or not _is_left_out(element, element.tag, class_and_id(element), is_furniture):
                places.append(element)
            elif element.tag in _TAGS_WITH_NAMES and element.tag not in {"ul", "ol"} and not _is_hidden(element):
                yield element
