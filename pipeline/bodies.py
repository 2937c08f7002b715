"""An article's own text, without what stands around it on the page.

Pure: reads a `Page`; the tree is copied before anything changes it.
"""

from __future__ import annotations

import copy
import logging

import trafilatura
from trafilatura.settings import Extractor

from pipeline.pages import Page
from pipeline.structured import text_of
from pipeline.text import decode_entities, repair, squeeze, strip_tags

logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
logging.getLogger("htmldate").setLevel(logging.CRITICAL)


def body(page: Page) -> tuple[str, str] | None:
    """The text, paragraphs separated by newlines, and where it was taken from; None when the page has none."""
    if page.tree is None:
        return None
    text = _extracted(page)
    return (text, "trafilatura") if text else None


def _extracted(page: Page) -> str:
    options = Extractor(output_format="python", fast=True, comments=False, url=page.url)
    try:
        document = trafilatura.bare_extraction(copy.deepcopy(page.tree), options=options)
    except Exception:  # noqa: BLE001  it meets every malformed tree of the web
        return ""
    return repair(document.text or "") if document is not None else ""


def paragraphs(text: str) -> str:
    """`text` with one paragraph a line and no blank lines."""
    return "\n".join(filter(None, map(squeeze, text.splitlines())))


def declared_body(page: Page) -> str:
    """The publisher's JSON-LD `articleBody` as plain text; the empty string when there is none."""
    for article in page.articles:
        text = text_of(article.get("articleBody"))
        if text:
            return paragraphs(repair(strip_tags(decode_entities(text))))
    return ""
