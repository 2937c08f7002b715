"""The element of the page's own article: sites print other stories below it in full, and side columns can hold more text. Pure."""

from __future__ import annotations

from collections.abc import Mapping

import lxml.html

from pipeline.extraction.body.blocks import is_blog_post
from pipeline.extraction.furniture import class_and_id
from pipeline.extraction.pages import Page

MIN_WEIGHT = 700
"""Weighted characters of running text; on some pages the `<article>` with the heading holds only the lead. On the shared pages 450 to 700
give equal texts, and 300 takes a lead for a text."""


def own_article(page: Page, running: Mapping[lxml.html.HtmlElement, float]) -> lxml.html.HtmlElement:
    """The outermost `<article>` or blog post that holds the heading and at least `MIN_WEIGHT` of `running` text; else the page's root."""
    heading = page.heading
    places = () if heading is None else (heading, *heading.iterancestors())
    own = next((place for place in reversed(places) if place.tag == "article" or is_blog_post(class_and_id(place).lower())), None)
    return own if own is not None and running.get(own, 0.0) >= MIN_WEIGHT else page.tree
