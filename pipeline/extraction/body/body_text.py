"""Finds the text of an article, without page furniture.

Pure: reads a `Page` and does not change it.

There are two extractors. The first finds the element with most of the page's running text and returns its blocks; it takes 2 to 3 ms per
page. When it finds too little text, or drops too much of it, trafilatura reads the page: one in 36. Mean word F1 on the shared pages (all
human sets): trafilatura alone 0.891 in its fast and 0.897 in its default mode, both extractors together 0.945. A text that only JSON-LD or
the page's scripts have goes before both. Run bench/extraction.py again when a threshold here changes.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from functools import lru_cache, partial
from itertools import islice
from typing import NamedTuple

import lxml.html
import trafilatura
from trafilatura.settings import Document, Extractor

from pipeline.core.out_of_memory import is_out_of_memory
from pipeline.extraction.body.blocks import Block, blocks, furniture_elements
from pipeline.extraction.body.boilerplate import without_boilerplate
from pipeline.extraction.body.containers import Weights, article_container, text_weights
from pipeline.extraction.body.own_article import own_article
from pipeline.extraction.body.relevance import is_about
from pipeline.extraction.body.script_data import text_in_scripts
from pipeline.extraction.html import furniture
from pipeline.extraction.html.structured_data import text_of
from pipeline.extraction.pages import Page
from pipeline.text.markup import strip_tags
from pipeline.text.phrases import phrase_pattern
from pipeline.text.plain_text import decode_entities, letters_only, opening, repair, squeeze, weight_of

logging.getLogger("trafilatura").setLevel(logging.CRITICAL)

MIN_KEPT = 0.6
"""Share of the container's long texts that must remain after filtering. On the 14 shared pages below it, trafilatura finds more of the
article on five and less on one; on 20 further pages below 0.85 it finds more on two and less on five."""
SPARED_SHARE = 0.5
"""Share of the container's long texts from which refused elements of one class that have it are the article; 0.4 to 0.65 give the same
F1."""
MIN_LENGTH = 300
"""Weighted characters below which a text is replaced by trafilatura's. With 200, word F1 is 0.0006 higher, segment F1 0.0005 lower."""
DECLARED_GAIN = 2
"""How many times longer than the page's text the JSON-LD `articleBody`, often a summary, must be to replace it."""
COPIED_SHARE = 0.4
"""Share of the text that is repeated on a page that holds its article twice: once for phones, or once behind a gate."""
MAX_TEXT = 500_000
"""Characters of a text that are kept; the longest text of the shared pages has a tenth of that."""
MAX_SHELL = 1500
"""Weighted characters below which a text can be that of a page that a script fills: a publisher's self-description, a consent notice, a
lead."""
MAX_LEAD = 1500
"""Characters between heading and container below which these texts are a lead."""

_lead_names = partial(phrase_pattern, "pipeline.extraction", "%(lead_names)s", ignores_case=False)
"""Classes and ids, in lower case, of the lead of an article."""
_is_beside_lead = furniture.names_of(
    furniture.COMMENTS,
    furniture.OTHER_ARTICLES,
    furniture.NAVIGATION,
    furniture.OFFERS,
    furniture.PROMOTIONS,
    furniture.CONSENT,
    furniture.SHARING,
    furniture.PICTURES,
    furniture.BYLINES,
    match="anywhere",
)
_SENTENCE_END = '.!?…。！？”"»)』」'


class Body(NamedTuple):
    """The text with one paragraph per line, its source, and source, length and first words of each text that was not chosen."""

    text: str
    source: str
    others: tuple[tuple[str, str], ...] = ()


def find_body(page: Page, *, title: str = "") -> Body | None:
    """The article's text; None when the page has no text.

    A text that is short or not about `title` gives way to a text in the page's scripts that is about it.
    """
    if page.tree is None:
        return None
    text, is_believed = _from_container(page)
    source = "container"
    candidates = [(source, text)]
    if not is_believed:
        text, source = _from_trafilatura(page.tree, is_short=weight_of(text) < MIN_LENGTH), "trafilatura"
        candidates.append((source, text))
    declared = _declared(page)
    candidates.append(("jsonld.articleBody", declared))
    # On pages with little text trafilatura returns the JSON-LD text with its paragraphs joined.
    if len(declared) > DECLARED_GAIN * len(text) or (declared and source == "trafilatura" and letters_only(declared) == letters_only(text)):
        text, source = declared, "jsonld.articleBody"
    if weight_of(text) < MAX_SHELL and not (is_about(text, title) and weight_of(text) >= MIN_LENGTH):
        scripted = text_in_scripts(page, title=title)
        candidates.append(("script", scripted))
        if len(scripted) > DECLARED_GAIN * len(text) or (len(scripted) >= MIN_LENGTH and not is_about(text, title)):
            text, source = scripted, "script"
    text = paragraphs(repair(text[:MAX_TEXT]))
    if not text:
        return None
    lost = [(place, opening(other)) for place, other in candidates if other and place != source]
    shown = opening(text) if lost else ""
    return Body(without_boilerplate(text), source, tuple((place, begins) for place, begins in lost if begins != shown))


def paragraphs(text: str) -> str:
    """`text` with one paragraph per line and no blank lines."""
    return "\n".join(filter(None, map(squeeze, text.splitlines())))


def _declared(page: Page) -> str:
    """The JSON-LD `articleBody` as plain text; empty when there is none."""
    for article in page.articles:
        text = text_of(article.get("articleBody"))
        if text:
            return paragraphs(strip_tags(decode_entities(text)))
    return ""


def _from_trafilatura(tree: lxml.html.HtmlElement, *, is_short: bool) -> str:
    """trafilatura's text; `is_short` makes it favour recall, for pages on which the first extractor found little."""
    options = Extractor(output_format="python", fast=True, comments=False, recall=is_short)
    try:
        document = trafilatura.bare_extraction(tree, options=options)
    except Exception as error:
        if is_out_of_memory(error):
            raise
        return ""  # malformed trees make it raise exceptions of many classes
    return str(document.text or "") if isinstance(document, Document) else ""


def _from_container(page: Page) -> tuple[str, bool]:
    """The lead and the text of the element with most running text, and whether enough text is left after filtering."""
    weights = text_weights(page)
    if not weights.running[page.tree]:
        return "", False
    root = own_article(page, weights.running)
    container, weights = article_container(page, root, weights)
    kept, weight = _content(container, weights)
    texts = _without_copy([block.text for block in kept])
    if weight < MIN_LENGTH:
        return "\n".join(texts), False
    lead = _lead(page, container)
    if lead:
        shown = letters_only("".join(texts[:10]))
        texts = [*(text for text in lead if letters_only(text) not in shown), *texts]
    return "\n".join(texts), weight >= MIN_KEPT * weights.long[container]


def _without_copy(texts: list[str]) -> list[str]:
    """`texts` without the second copy of an article that the page holds twice; a sentence repeated inside the article stays."""
    longest = max(texts, key=len, default="")
    first = texts.index(longest) if longest else 0
    distance = texts.index(longest, first + 1) - first if texts.count(longest) == 2 else 0
    if not distance:
        return texts
    start, end = first, first
    while start and texts[start - 1] == texts[start - 1 + distance]:
        start -= 1
    while end + distance < len(texts) and end - start < distance and texts[end] == texts[end + distance]:
        end += 1
    is_copy = sum(map(len, texts[start:end])) >= COPIED_SHARE * sum(map(len, texts))
    return texts[: start + distance] + texts[end + distance :] if is_copy else texts


def _content(container: lxml.html.HtmlElement, weights: Weights) -> tuple[list[Block], float]:
    """The container's blocks of article text, and their weight.

    When most of the long texts are in refused elements of one tag and class, these elements are the article, and are kept.
    """
    longs = weights.long
    spared: set[lxml.html.HtmlElement] = set(weights.frames)
    while True:
        kept = _without_tail([block for block in blocks(container, spared=spared, before=weights.entries) if _is_content(block)])
        weight = sum(block.weight for block in kept)
        if weight >= MIN_KEPT * longs[container]:
            return kept, weight
        groups: dict[tuple[str, str | None], list[lxml.html.HtmlElement]] = defaultdict(list)
        for element in furniture_elements(container, longs, spared=spared):
            groups[element.tag, element.get("class")].append(element)
        heaviest = max(groups.values(), key=lambda group: sum(map(longs.__getitem__, group)), default=[])
        if sum(map(longs.__getitem__, heaviest)) <= max(MIN_LENGTH, SPARED_SHARE * longs[container]):
            return kept, weight
        spared.update(heaviest)


@lru_cache(maxsize=4096)
def _is_no_lead(names: str) -> bool:
    return _is_beside_lead(names) and not _lead_names().search(names.lower())


def _is_content(block: Block) -> bool:
    if block.link_share > 0.5 and block.weight < 400:
        return False
    return not (block.tag == "li" and block.link_share > 0.3)


def _without_tail(kept: list[Block]) -> list[Block]:
    """`kept` without the headings and short labels at its end, which belong to blocks that were left out."""
    end = len(kept)
    while end and (kept[end - 1].tag.startswith("h") or (kept[end - 1].weight < 25 and kept[end - 1].text[-1] not in _SENTENCE_END)):
        end -= 1
    return kept[:end]


def _lead(page: Page, container: lxml.html.HtmlElement) -> list[str]:
    """The paragraphs between the page's heading and the container: many sites put the first one there."""
    title = page.heading
    above = set(container.iterancestors())
    if title is None or title in above or any(ancestor is container for ancestor in title.iterancestors()):
        return []
    shared = next((ancestor for ancestor in title.iterancestors() if ancestor in above), None)
    if shared is None or shared.tag == "html":
        return []
    found = []
    for block in islice(blocks(shared, after=title, before=container, is_refused=_is_no_lead), 60):
        is_sentence = block.text[-1] in _SENTENCE_END or bool(_lead_names().search(block.names.lower()))
        if block.tag not in {"li", "ul"} and len(block.text) >= 50 and block.link_share < 0.3 and is_sentence:
            found.append(block.text)
    return found if sum(map(len, found)) < MAX_LEAD else []
