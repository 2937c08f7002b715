"""Which element of a page is its own article: sites print related stories below it in full, and side columns may hold more text. Pure."""

from __future__ import annotations

from collections.abc import Mapping

import lxml.html

from pipeline.extraction.body.blocks import is_post, names_of
from pipeline.extraction.pages import Page

MIN_WEIGHT = 700
"""Weighted characters of running text; on some pages the heading's `<article>` has but a lead, and the text is in the next. Of 450 to 700
none differs; with 300 a lead is taken for a text."""


def own_article(page: Page, running: Mapping[lxml.html.HtmlElement, float]) -> lxml.html.HtmlElement:
    """The outermost `<article>`, or post of a blog, that holds the heading and enough `running` text; else the whole page."""
    heading = page.heading
    places = () if heading is None else (heading, *heading.iterancestors())
    own = next((place for place in reversed(places) if place.tag == "article" or is_post(names_of(place).lower())), None)
    return own if own is not None and running.get(own, 0.0) >= MIN_WEIGHT else page.tree
