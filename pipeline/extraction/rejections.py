"""Recognises pages that are not news articles (stubs, error pages, forms, lists) and names the reason for which each is rejected.

Pure: reads a `Page`, its title and its text, and knows nothing of other pages.

A wrong rejection loses an article, a missed one publishes one bad record, so each rule needs two signs. A page that declares itself an
article in its head (JSON-LD, a time of publication) is rejected only as a `paywall` stub. `og:type` `article` alone is weak evidence,
because content systems write it on every page: a title that consists only of the name of a gate, or a JSON-LD type of another kind of
page, overrules it. The share of rejected pages among the shared articles is in docs/benchmarks.md; run bench/extraction.py again when a
rule changes.
"""

from __future__ import annotations

import re
from functools import partial
from itertools import islice
from urllib.parse import parse_qsl, unquote, urlsplit

import lxml.html

from pipeline.extraction.body.blocks import blocks
from pipeline.extraction.html import furniture
from pipeline.extraction.html.structured_data import boolean_of, types_of
from pipeline.extraction.pages import Page, shown_text
from pipeline.text.phrases import phrase_pattern
from pipeline.text.plain_text import letters_only, weight_of
from pipeline.text.urls import registered_domain

REASONS = ("paywall", "consent", "login", "signUp", "notFound", "blocked", "jobAd", "tagList", "sectionFront")

MAX_STUB = 900
"""Characters of text below which a page can be a paywall's stub, of which one or two paragraphs are left."""
MAX_DECLARED_STUB = 600
"""The same when only JSON-LD says that the page is not free: metered sites declare this of whole short reports."""
MAX_BRIEF = 1500
"""Characters of text below which a page can be an error, login or consent page."""
MIN_TEASERS = 8
"""Linked headings from which a page can be a list. Article pages have as many below their text, so the path or the title must name a list
too."""
MAX_FORM = 400
"""Characters of text below which a page can be only a form. From there on its title must consist of the form's name alone."""
MAX_PARAGRAPHS = 3
"""Paragraphs up to which a text that ends with a sentence may still be a paywall's stub."""
_MIN_PARAGRAPH = 40
"""Characters of the shortest line that counts as a paragraph. A plain choice."""
_MAX_OFFER = 90
"""Characters of the longest line of the text that may be an offer (`This article is for subscribers.`); a longer one is a report about
subscribers."""
_SENTENCE_END = frozenset(".!?。！？")
_MAX_TITLE = 80
"""Characters of the longest title that may name an error or a login page; a longer one is a headline. A plain choice."""
_FEW_WORDS = 3
"""Words up to which a title in ASCII may be the name of a section. A plain choice."""
_SAME = 20
"""First letters in which two titles must agree to be the same title."""
_MAX_BLOCKS = 400
"""Blocks of text that are read of a page to see what kind it is. A plain choice: it bounds the time."""

_phrases = partial(phrase_pattern, "pipeline.extraction")
_withheld = partial(phrase_pattern, "pipeline.extraction", r"%(withheld)s", ignores_case=False)
"""Phrases, in lower case, that say that the text continues for subscribers only."""
_paywall = partial(phrase_pattern, "pipeline.extraction", r"%(withheld)s|%(subscribers)s", ignores_case=False)
"""These phrases, and others about subscribers that also stand below free articles."""
_GATE_TITLE = r"^(?:%(gate_titles)s)\b"
_CONSENT = r"^(?:%(consent)s)"
_LOGIN = r"^(?:%(login)s)\b"
_SIGN_UP = r"^(?:%(sign_up)s)"
_NOT_FOUND = "%(not_found)s"
_BLOCKED = r"^(?:%(blocked)s)(?:\W*$|\W+[|–—-]\s)"
_ASKS_PATH = r"/(?:%(form_paths)s)/?$"
_LIST_TYPES = frozenset({"CollectionPage", "SearchResultsPage", "ProfilePage"})
_JOB_TITLE = "%(job_titles)s"
_JOB_PATH = r"/(?:%(job_paths)s)(?:[/.-]|$)"
_LIST_PATH = r"/(?:%(list_paths)s)/[^/]+(?:/(?:page/)?\d*)?/?$|/(?:%(search_paths)s)/?$"
_SLUG = re.compile(r"\d{4,}|(?<![^-_])(?:[^-_]+[-_]){3}")
"""What the path of an article contains: a number of four digits or more, or several words of a title."""
_is_frame = furniture.names_of(furniture.COMMENTS, furniture.MARGINS, furniture.NAVIGATION, furniture.CONSENT, match="word")


_GATES = (("notFound", _NOT_FOUND), ("blocked", _BLOCKED), ("consent", _CONSENT), ("login", _LOGIN), ("signUp", _SIGN_UP))
_NAME_ENDS = re.compile(r"\W*$|\s*\W*\s[|–—-]\s")


def rejection_reason(page: Page, *, title: str, text: str) -> str | None:
    """One of `REASONS`, or None for an article; `text` is the text that `body_text.find_body` found, empty when it found none."""
    if page.tree is None:
        return None
    if _is_paywall_stub(page, title, text):
        return "paywall"
    if page.articles or "article:published_time" in page.meta:
        return None
    kinds = frozenset().union(*map(types_of, page.nodes))
    is_claimed = _has_article_type(page)
    path = _path(page.url)
    if weight_of(text) < MAX_BRIEF:
        reason = _gate(page, title, path, is_claimed=is_claimed, has_text=weight_of(text) >= MAX_FORM)
        if reason is not None:
            return reason
    if "JobPosting" in kinds or (not is_claimed and _phrases(_JOB_TITLE).search(title) and _phrases(_JOB_PATH).search(path)):
        return "jobAd"
    is_list = bool(kinds & _LIST_TYPES)
    if is_claimed and not is_list:
        return None
    if _phrases(_LIST_PATH).search(path):
        return "tagList" if _teasers(page.tree) >= MIN_TEASERS else None
    if is_list and _teasers(page.tree) >= MIN_TEASERS:
        return "sectionFront"
    is_shallow = path.count("/") <= 2 and not _SLUG.search(path) and not _is_numbered(page.url)
    is_front = is_shallow and _is_name_of_list(page, title) and _teasers(page.tree) >= MIN_TEASERS
    return "sectionFront" if is_front else None


def _gate(page: Page, title: str, path: str, *, is_claimed: bool, has_text: bool) -> str | None:
    """The reason that the title or first heading of a short page names; None when they name none.

    When the page declares itself an article (`is_claimed`), its whole title must be such a name; the same holds for forms on a page that
    also has text (`has_text`).
    """
    asks = page.tree is not None and (bool(_phrases(_ASKS_PATH).search(path)) or _asks_for_input(page.tree))
    for reason, template in _GATES:
        pattern = _phrases(template)
        is_form = reason in {"login", "signUp"}
        # Hidden log-in forms have a heading on every page, so headings name no form.
        names = (title,) if is_claimed else (title, page.title_tag) if is_form else (title, page.title_tag, _first_heading(page))
        if (asks or not is_form) and any(_is_called(name, pattern, is_whole=is_claimed or (is_form and has_text)) for name in names):
            return reason
    return None


def _is_paywall_stub(page: Page, title: str, text: str) -> bool:
    """Whether the page has little text and says, in JSON-LD or beside a text that breaks off, that the rest is for subscribers."""
    if _phrases(_GATE_TITLE).search(title):
        return True
    weight = weight_of(text)
    if weight >= MAX_STUB:
        return False
    stated = _declared_free(page)
    if False in stated and weight < MAX_DECLARED_STUB:
        return True
    if True in stated or page.tree is None:
        return False
    own = text.splitlines()
    whole = frozenset(line for line in own if len(line) > _MAX_OFFER)
    shown = islice(blocks(page.tree, is_refused=_is_frame), _MAX_BLOCKS)
    offers = [block.text.lower() for block in shown if block.tag not in {"li", "ul"} and len(block.text) < 400 and block.text not in whole]
    offers = [offer for offer in offers if _paywall().search(offer)]
    if not offers:
        return False
    wall = next((number for number, line in enumerate(own) if len(line) <= _MAX_OFFER and _withheld().search(line.lower())), len(own))
    lines = [line for line in own[:wall] if not _paywall().search(line.lower()) and letters_only(line) != letters_only(title)]
    is_plea = all(match is not None and match[0].startswith("become") for match in map(_paywall().search, offers))
    left = MAX_PARAGRAPHS if any(map(_withheld().search, offers)) else MAX_PARAGRAPHS - (2 if is_plea else 1)
    return sum(len(line) >= _MIN_PARAGRAPH for line in lines) <= left or _breaks_off(lines[-1])


def _breaks_off(line: str) -> bool:
    """Whether a text's last line shows that more follows: its sentence has no end, or it ends in dots."""
    end = line.rstrip(" \"'”’»)]")
    return end[-1:] not in _SENTENCE_END or end.endswith("..")


def is_free(page: Page) -> bool | None:
    """Whether JSON-LD or else `article:content_tier` declares the article free to read; None when neither says so."""
    tiers = [content.strip().lower() == "free" for content in page.meta.get("article:content_tier", ())]
    return next(iter([*_declared_free(page), *tiers]), None)


def _declared_free(page: Page) -> list[bool]:
    """The values of `isAccessibleForFree` in the article nodes; those of the WebPage nodes when the article nodes have none."""
    for nodes in (page.articles, [node for node in page.nodes if "WebPage" in types_of(node)]):
        stated = [truth for node in nodes if (truth := boolean_of(node.get("isAccessibleForFree"))) is not None]
        if stated:
            return stated
    return []


def _has_article_type(page: Page) -> bool:
    return any(content.lower().startswith(("article", "video")) for content in page.meta.get("og:type", ()))


def _first_heading(page: Page) -> str:
    heading = page.tree.find(".//h1") if page.tree is not None else None
    return " ".join(shown_text(heading).split()) if heading is not None else ""


def _is_called(name: str, pattern: re.Pattern[str], *, is_whole: bool) -> bool:
    """Whether `pattern` matches in a short title; with `is_whole`, whether only the site's name follows the match."""
    found = pattern.search(name) if len(name) <= _MAX_TITLE else None
    return found is not None and (not is_whole or _NAME_ENDS.match(name, found.end()) is not None)


def _is_name_of_list(page: Page, title: str) -> bool:
    """Whether the title is that of a site or section: the site's name, at most three words, or a story missing from the title tag."""
    key = letters_only(title)
    site = {letters_only(name) for name in page.meta.get("og:site_name", ())} | {registered_domain(page.url).partition(".")[0]}
    if key in site or (title.isascii() and len(title.split()) <= _FEW_WORDS):
        return True
    return not _path(page.url).strip("/") and key[:_SAME] not in letters_only(page.title_tag)


def _asks_for_input(tree: lxml.html.HtmlElement) -> bool:
    return any((field.get("type") or "text").lower() in {"password", "email"} for field in tree.iter("input"))


def _teasers(tree: lxml.html.HtmlElement) -> int:
    """The number of headings that are links, as the titles of other pages are."""
    count = 0
    for heading in tree.iter("h2", "h3", "h4"):
        parent = heading.getparent()
        is_link = heading.find(".//a") is not None or (parent is not None and parent.tag == "a")
        count += is_link and len(heading.text_content().strip()) >= 15
    return count


def _path(url: str) -> str:
    try:
        return unquote(urlsplit(url).path)
    except ValueError:
        return ""


def _is_numbered(url: str) -> bool:
    """Whether a parameter of the query is a number, as old content systems address their pages."""
    try:
        return any(value.isdigit() for _, value in parse_qsl(urlsplit(url).query))
    except ValueError:
        return False
