"""Finds the element of the page's own article, because sites print other stories below it and side columns can hold more text. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

import lxml.html

from pipeline.extraction.body.blocks import is_blog_post
from pipeline.extraction.html.furniture import class_and_id
from pipeline.extraction.pages import Page

MIN_WEIGHT = 700
"""Weighted characters of running text that the element must hold: on some pages the `<article>` with the heading has only the lead. On the
shared pages 450 to 700 give equal texts, and 300 takes a lead for a text."""


_HEADINGS = frozenset({"h1", "h2", "body"})
_NAMES_ARTICLE = re.compile(r"data-(?:\w+-)*(?:article|story|post|content|page|entry|node)?-?(?:id|url|href|permalink|slug|title)$")
"""Attributes that differ between the articles of a page which loads the next one below the first."""


def own_article(page: Page, running: Mapping[lxml.html.HtmlElement, float]) -> lxml.html.HtmlElement:
    """The element that holds the heading and the page's own article, by the weights of `running` text.

    It is the outermost `<article>` or blog post around the heading with at least `MIN_WEIGHT`; else the outermost element around it with
    half of that whose next sibling is another article; else the page's root.
    """
    heading = page.heading
    places = () if heading is None else (heading, *heading.iterancestors())
    own = next((place for place in reversed(places) if place.tag == "article" or is_blog_post(class_and_id(place).lower())), None)
    if own is None or running.get(own, 0.0) < MIN_WEIGHT:
        own = next((place for place in reversed(places) if running.get(place, 0.0) >= MIN_WEIGHT / 2 and _is_repeated(place)), None)
    return own if own is not None else page.tree


def _is_repeated(place: lxml.html.HtmlElement) -> bool:
    """Whether the next element of the same tag and class is another article: both have an `<h1>`, or attributes that say so."""
    following = next((one for one in place.itersiblings(place.tag) if one.get("class") == place.get("class")), None)
    if following is None or place.tag in _HEADINGS:
        return False
    named = [{key: value for key, value in one.items() if _NAMES_ARTICLE.match(key)} for one in (place, following)]
    is_numbered = bool(named[0]) and named[0].keys() == named[1].keys() and named[0] != named[1]
    return is_numbered or all(one.find(".//h1") is not None for one in (place, following))
