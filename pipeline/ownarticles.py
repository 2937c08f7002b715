"""Which `<article>` of a page is its own: sites print related stories below it in full, and one of these may be longer. Pure."""

from __future__ import annotations

from collections.abc import Mapping

import lxml.html

from pipeline.pages import Page

MIN_WEIGHT = 1500
"""Weighted characters, as long as a lead may be: some pages have only that in the heading's `<article>`, and their text in the next."""


def own_article(page: Page, fullest: lxml.html.HtmlElement, weights: Mapping[lxml.html.HtmlElement, float]) -> lxml.html.HtmlElement:
    """The `<article>` that holds the page's heading and a text, where `fullest`, which holds more, stands in another one; else all."""
    own, other = (_article_around(place) for place in (page.heading, fullest))
    if own is None or other is None or own is other or weights.get(own, 0.0) < MIN_WEIGHT:
        return page.tree
    return own


def _article_around(element: lxml.html.HtmlElement | None) -> lxml.html.HtmlElement | None:
    """The outermost `<article>` that it is or stands in."""
    places = () if element is None else (element, *element.iterancestors())
    return next((place for place in reversed(places) if place.tag == "article"), None)
