"""Puts markup in its place as a browser would: streamed fragments, declarative shadow roots, hidden articles.

Servers stream a slow part of a page at its end, in a hidden element or a `<template>`, with a script that moves it to a placeholder
(React's `$RC("B:0", "S:0")`, Solid's `$df("0")`). Without that script the article is invisible. No script is run here: the ids of
fragment and placeholder show which belong together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import lxml.etree
import lxml.html

MAX_FRAGMENTS = 500
"""Fragments of a page that are read. A plain choice: it bounds the time."""
_CALL = re.compile(r"""\(\s*["']([^"'\s]{1,60})["']\s*,\s*["']([^"'\s]{1,60})["']""")
"""The first two arguments of a call, where both are strings."""
_NAMED = lxml.etree.XPath("//*[@id and (@hidden or self::template)]")
_NO_DISPLAY = re.compile(r"display\s*:\s*none", re.IGNORECASE)


def place_deferred_markup(tree: lxml.html.HtmlElement, *, has_templates: bool) -> None:
    """Move streamed fragments to their placeholders, open shadow roots and show a hidden article, as a browser does. Changes `tree`.

    Without `has_templates` the page has neither placeholders nor shadow roots, and only a hidden article is looked for.
    """
    if has_templates:
        _open_shadow_roots(tree)
        _place_fragments(tree)
    _show_hidden_article(tree)


def _place_fragments(tree: lxml.html.HtmlElement) -> None:
    named = {element.get("id"): element for element in reversed(_NAMED(tree)[:MAX_FRAGMENTS])}
    fragments = {name: element for name, element in named.items() if len(element) or (element.text or "").strip()}
    places = {name: element for name, element in named.items() if element.tag == "template" and name not in fragments}
    if not fragments or not places:
        return
    for place, fragment in dict(_pairs(tree, fragments=fragments, places=places)).items():
        if fragments[fragment] not in places[place].iterancestors():
            _fill(places[place], fragments[fragment])


def _pairs(tree: lxml.html.HtmlElement, *, fragments: Iterable[str], places: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The ids of each placeholder and its fragment: those that differ only in a prefix, then those that a script or an attribute pairs."""
    by_number = {_number(name): name for name in fragments}
    yield from ((place, by_number[_number(place)]) for place in places if _number(place) in by_number)
    for script in tree.iter("script"):
        for one, other in _CALL.findall(script.text or ""):
            if one in places and other in fragments:
                yield one, other
            elif other in places and one in fragments:
                yield other, one
    for order in tree.iter("template"):
        place, fragment = order.get("data-bid") or order.get("data-pid"), order.get("data-sid")
        if place in places and fragment in fragments:
            yield place, fragment


def _number(name: str) -> str:
    """The part of an id that is the same for a fragment and its placeholder: `0` in `S:0`, `B:0`, `pl-0`, `0`."""
    return re.split(r"[:_-]", name)[-1]


def _fill(place: lxml.html.HtmlElement, fragment: lxml.html.HtmlElement) -> None:
    """Make the placeholder an element with the fragment's content."""
    place.tag = "div"
    place.text, fragment.text = fragment.text, None
    place.extend(list(fragment))


def _open_shadow_roots(tree: lxml.html.HtmlElement) -> None:
    """Make each declarative shadow root a part of its host, with the host's other children in its slots."""
    for root in list(tree.iter("template")):
        host = root.getparent()
        if host is None or (root.get("shadowrootmode") or root.get("shadowroot")) is None:
            continue
        root.tag = "div"
        slots = {slot.get("name", ""): slot for slot in root.iter("slot")}
        for child in [child for child in host if child is not root]:
            slot = slots.get(child.get("slot") or "")
            if slot is not None:
                slot.append(child)


def _show_hidden_article(tree: lxml.html.HtmlElement) -> None:
    """Show the page's first article or heading when all of them are hidden and most paragraphs are inside its hidden ancestors."""
    around: list[lxml.html.HtmlElement] = []
    for own in tree.iter("h1", "article"):
        hidden = [place for place in (own, *own.iterancestors()) if _is_hidden(place)]
        if not hidden:
            return
        around = around or hidden
    if around and _paragraphs_length(around[-1]) > _paragraphs_length(tree) / 2:
        for element in around:
            element.attrib.pop("hidden", None)
            element.set("style", _NO_DISPLAY.sub("", element.get("style", "")))


def _paragraphs_length(element: lxml.html.HtmlElement) -> int:
    return sum(len("".join(paragraph.itertext()).strip()) for paragraph in element.iter("p"))


def _is_hidden(element: lxml.html.HtmlElement) -> bool:
    return element.tag != "template" and (element.get("hidden") is not None or _NO_DISPLAY.search(element.get("style", "")) is not None)
