"""An article's own text, without what stands around it on the page.

Pure: reads a `Page` and changes nothing of it.

Two extractors. The first finds the element that holds most of the page's running text and writes down its blocks; it costs 2 to 3 ms a
page. Where its own measures say that it may have failed, trafilatura reads what surrounds that element, or the whole page where little
was found, and is believed: on one page in twelve. Mean body F1 on the shared pages (all human sets): trafilatura alone 0.891 in its
fast and 0.897 in its default mode, both together 0.940. Run bench/extraction.py again when a threshold here changes.
"""

from __future__ import annotations

import logging
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

import lxml.html
import trafilatura
from trafilatura.settings import Document, Extractor

from pipeline.markup import strip_tags
from pipeline.ownarticles import own_article
from pipeline.pages import Page, holder
from pipeline.scraps import without_scraps
from pipeline.shortage import is_shortage
from pipeline.structured import text_of
from pipeline.text import decode_entities, letters_only, opening, repair, squeeze, weight_of

logging.getLogger("trafilatura").setLevel(logging.CRITICAL)

CONTAINER_SHARE = 0.65
"""How much of an element's running text its fullest child must hold to be gone down into. Of 0.55 to 0.9, 0.6 and 0.65 are best."""
MIN_KEPT = 0.85
"""Share of the container's long texts that must survive the filters; below it, on 75 pages, trafilatura has 0.89 and the container 0.75;
between it and 0.9, on 19 pages, the container has 0.06 more."""
MIN_FOUND = 0.4
"""Share of the page's running text that the container must hold. Two pages are below it: trafilatura 0.68, the container 0.59."""
MIN_LENGTH = 300
"""Weighted characters; a shorter text gives way to trafilatura's. On 18 pages that costs body F1 and gains segments; 500 costs more."""
DECLARED_GAIN = 2
"""How many times longer than the page's text the publisher's `articleBody` must be to stand in for it; it often is a summary."""
MAX_TEXT = 500_000
"""Characters; the longest text of the shared pages has a tenth of it."""
MAX_LEAD = 1500
"""Characters between heading and container; more is not a lead."""

_RUNNING = 25
_LONG = 60
_MAX_WEIGHT = 1500
_UNLIKELY_WEIGHT = 0.1

_NEVER = frozenset(
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
_CLASSED = frozenset({"div", "section", "ul", "ol", "table", "p", "span", "li", "header", "dl"})
_INLINE_CONTAINERS = frozenset({"p", "span", "b", "strong", "font", "em", "i", "h1", "h2", "h3", "a", "pre"})
_NO_RUNNING_TEXT = frozenset(
    {"a", "script", "style", "noscript", "nav", "footer", "aside", "form", "head", "textarea", "select", "button", "figcaption"}
)
_UNLIKELY = re.compile(
    r"comment|disqus|(?:^|[-_\s])(?:footer|sidebar|side|related|recommend|newsletter|subscribe|cookie|consent|gdpr|promo|popup|modal|copyright"
    r"|disclaimer|menu|nav|teaser|komment|coral|social|share|sponsor)"
)
"""Of names in lower case, as those below: a pattern that need not mind case is found two to four times as fast."""
_FURNITURE = re.compile(
    r"comment|disqus|(?:^|[-_\s])(?:footer|sidebar|related|recommend|newsletter|subscribe|cookie|consent|gdpr|promo|popup|modal|copyright|disclaimer"
    r"|menu|nav|teaser|komment|coral|social|share|sharing|sponsor|breadcrumbs?|tags?|byline|author|meta|caption|print|rating|date|login|toolbar"
    r"|pagination|pager|sign-?up|ad|ads|advert\w*|outbrain|taboola|hidden)(?:$|[-_\s\d])"
)
_LEAD = re.compile(
    r"lead|teaser|intro|excerpt|summary|subtitle|sub-?head|standfirst|vorspann|einleitung|deck|dek|abstract|synopsis|chapo|sapo|bajada|copete|ingress"
    r"|occhiello|sommario|description|short"
)
_NO_LEAD = re.compile(
    r"byline|author|caption|credit|meta|date|share|social|breadcrumb|nav|menu|comment|cookie|related|promo|newsletter|banner|advert|rating|topbar"
)
_SENTENCE_END = '.!?…。！？”"»)』」'


_Weights = defaultdict[lxml.html.HtmlElement, float]


class Block(NamedTuple):
    """A paragraph, a heading or a list item: its text, how much of it is link text, its element's tag, class and id."""

    text: str
    link_share: float
    tag: str
    names: str

    @property
    def weight(self) -> float:
        return weight_of(self.text)


class Body(NamedTuple):
    """A text, its paragraphs separated by newlines, where it was taken from, and the beginnings of those that gave way to it."""

    text: str
    source: str
    others: tuple[tuple[str, str], ...] = ()


def body(page: Page) -> Body | None:
    """The article's text; None when the page has none."""
    if page.tree is None:
        return None
    text, place, is_short = _from_container(page)
    source = "container"
    candidates = [(source, text)]
    if place is not None:
        text, source = _from_trafilatura(place, is_short=is_short), "trafilatura"
        candidates.append((source, text))
    declared = _declared(page)
    candidates.append(("jsonld.articleBody", declared))
    # trafilatura reads JSON-LD too where the page shows little, and joins its paragraphs.
    if len(declared) > DECLARED_GAIN * len(text) or (declared and source == "trafilatura" and letters_only(declared) == letters_only(text)):
        text, source = declared, "jsonld.articleBody"
    text = paragraphs(repair(text[:MAX_TEXT]))
    if not text:
        return None
    lost = [(place, opening(other)) for place, other in candidates if other and place != source]
    shown = opening(text) if lost else ""
    return Body(without_scraps(text), source, tuple((place, begins) for place, begins in lost if begins != shown))


def paragraphs(text: str) -> str:
    """`text` with one paragraph a line and no blank lines."""
    return "\n".join(filter(None, map(squeeze, text.splitlines())))


def _declared(page: Page) -> str:
    """The publisher's JSON-LD `articleBody` as plain text; the empty string when there is none."""
    for article in page.articles:
        text = text_of(article.get("articleBody"))
        if text:
            return paragraphs(strip_tags(decode_entities(text)))
    return ""


def _from_trafilatura(tree: lxml.html.HtmlElement, *, is_short: bool) -> str:
    """trafilatura's text; of a page where little was found, everything that may be text, which it else tries second."""
    options = Extractor(output_format="python", fast=True, comments=False, recall=is_short)
    try:
        document = trafilatura.bare_extraction(tree, options=options)
    except Exception as error:
        if is_shortage(error):
            raise
        return ""  # it meets every malformed tree of the web
    return str(document.text or "") if isinstance(document, Document) else ""


def _surroundings(element: lxml.html.HtmlElement, tree: lxml.html.HtmlElement) -> lxml.html.HtmlElement:
    """The element above `element` as a page of its own, a copy; the whole page where that is all that is above.

    Beside the whole page it takes trafilatura two thirds of the time, and body F1 is 0.892 instead of 0.885 on 75 pages.
    """
    above = element.getparent()
    if above is None or above.tag in {"html", "body"}:
        return tree
    document = lxml.html.document_fromstring("<html><body><p></p></body></html>")
    inner = deepcopy(above)
    inner.tail = None
    document.body[:] = [inner]
    return document


def _from_container(page: Page) -> tuple[str, lxml.html.HtmlElement | None, bool]:
    """The text of the page's fullest element with the lead above it; what trafilatura shall read where that is not to be trusted; and
    whether that is because it is short."""
    tree = page.tree
    weights, longs = _weigh(page)
    total = weights[tree]
    if not total:
        return "", tree, True
    root = own_article(page, _container(tree, weights), weights)
    container, total = _container(root, weights), weights[root]
    kept = _without_tail([block for block in blocks(container) if _is_content(block)])
    weight = sum(block.weight for block in kept)
    texts = [block.text for block in kept]
    if weight < MIN_LENGTH:
        return "\n".join(texts), tree, True
    lead = _lead(page, container)
    if lead:
        shown = letters_only("".join(texts[:10]))
        texts = [*(text for text in lead if letters_only(text) not in shown), *texts]
    if weights[container] < MIN_FOUND * total:
        return "\n".join(texts), tree, False
    return "\n".join(texts), _surroundings(container, tree) if weight < MIN_KEPT * longs[container] else None, False


def _weigh(page: Page) -> tuple[_Weights, _Weights]:
    """For each element the weight of the running text below it, and that of its long texts; comments and side columns count little."""
    weights: _Weights = defaultdict(float)
    longs: _Weights = defaultdict(float)
    factors: dict[lxml.html.HtmlElement, float] = {}
    for node in page.texts:
        if len(node) < _RUNNING:
            continue
        text = node.strip()
        length = len(text)
        if length < _RUNNING:
            continue
        element = holder(node)
        known = factors.get(element)
        factor = _factor(element, factors) if known is None else known
        if not factor:
            continue
        weight = min(weight_of(text), _MAX_WEIGHT)
        if length >= _LONG:
            weights[element] += weight * factor
            longs[element] += weight
        else:
            weights[element] += weight / 2 * factor
    for element in reversed(factors):  # an element was entered after those above it
        below = weights.get(element)
        parent = element.getparent() if below else None
        if below and parent is not None:
            weights[parent] += below
            longs[parent] += longs[element]
    return weights, longs


def _factor(element: lxml.html.HtmlElement, known: dict[lxml.html.HtmlElement, float]) -> float:
    """What running text in `element` counts for; enters it and all above it in `known`, the topmost first."""
    lineage = [element]
    factor = 1.0
    for place in element.iterancestors():
        if place in known:
            factor = known[place]
            break
        lineage.append(place)
    for place in reversed(lineage):
        factor = known[place] = min(factor, _own_factor(place)) if factor else 0.0
    return factor


def _own_factor(element: lxml.html.HtmlElement) -> float:
    tag = element.tag
    if tag in _NO_RUNNING_TEXT or element.get("hidden") is not None:
        return 0.0
    own_class, own_id = element.get("class"), element.get("id")
    if (own_class or own_id) and tag not in {"html", "body"} and _is_unlikely(f"{own_class or ''} {own_id or ''}"):
        return _UNLIKELY_WEIGHT
    return 1.0


@lru_cache(maxsize=4096)
def _is_unlikely(names: str) -> bool:
    return bool(_UNLIKELY.search(names.lower()))


def _container(tree: lxml.html.HtmlElement, weights: _Weights) -> lxml.html.HtmlElement:
    """The lowest element that is reached by going down into the child that holds most of the running text."""
    place = tree
    while True:
        fullest = max(place, key=weights.__getitem__, default=None)
        if fullest is None or not weights[fullest] or weights[fullest] < CONTAINER_SHARE * weights[place]:
            return place
        if fullest.tag in _INLINE_CONTAINERS:
            return place
        place = fullest


@lru_cache(maxsize=4096)
def _is_furniture(names: str) -> bool:
    return bool(_FURNITURE.search(names.lower()))


@lru_cache(maxsize=4096)
def _is_no_lead(names: str) -> bool:
    lowered = names.lower()
    return bool(_NO_LEAD.search(lowered)) and not _LEAD.search(lowered)


def blocks(
    root: lxml.html.HtmlElement,
    *,
    after: lxml.html.HtmlElement | None = None,
    before: lxml.html.HtmlElement | None = None,
    is_refused: Callable[[str], bool] = _is_furniture,
) -> Iterator[Block]:
    """The blocks of text below `root` in document order, those between the elements `after` and `before` where these are given.

    Elements that `is_refused` says no to by class and id are left out, as are hidden ones and those that never hold an article's text.
    """
    parts: list[str] = []
    link_chars = 0
    tag, names = "div", ""
    links = 0
    is_open = after is None
    holders = set(after.iterancestors()) if after is not None else set()
    # A plain stack: real pages nest deeper than Python's recursion goes. None says that the element below it ends here.
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
                own = f"{element.get('class', '')} {element.get('id', '')}" if is_block or own_tag in _CLASSED else ""
                if element is after or (element not in holders and _is_left_out(element, own_tag, own, is_refused)):
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
    if tag in _NEVER or not isinstance(tag, str) or element.get("hidden") is not None:
        return True
    if tag not in _CLASSED:
        return False
    style = element.get("style")
    if style and "display:none" in style.replace(" ", ""):
        return True
    return len(names) > 1 and is_refused(names)


def _is_content(block: Block) -> bool:
    if block.link_share > 0.5 and block.weight < 400:
        return False
    return not (block.tag == "li" and block.link_share > 0.3)


def _without_tail(kept: list[Block]) -> list[Block]:
    """`kept` without the headings and scraps at its end that introduce what was left out."""
    end = len(kept)
    while end and (kept[end - 1].tag.startswith("h") or (kept[end - 1].weight < 25 and kept[end - 1].text[-1] not in _SENTENCE_END)):
        end -= 1
    return kept[:end]


def _lead(page: Page, container: lxml.html.HtmlElement) -> list[str]:
    """The paragraphs between the page's heading and the container: many sites set the first one apart."""
    title = page.heading
    above = set(container.iterancestors())
    if title is None or title in above or any(ancestor is container for ancestor in title.iterancestors()):
        return []
    shared = next((ancestor for ancestor in title.iterancestors() if ancestor in above), None)
    if shared is None or shared.tag == "html":
        return []
    found = []
    for block in islice(blocks(shared, after=title, before=container, is_refused=_is_no_lead), 60):
        is_sentence = block.text[-1] in _SENTENCE_END or bool(_LEAD.search(block.names.lower()))
        if block.tag not in {"li", "ul"} and len(block.text) >= 50 and block.link_share < 0.3 and is_sentence:
            found.append(block.text)
    return found if sum(map(len, found)) < MAX_LEAD else []
