"""Finds the title of an article and the name of its site.

Pure: reads a `Page` and its feed entry. It removes the site's and the section's name around a title and changes nothing else in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from pipeline.core.models import Entry
from pipeline.extraction.html.furniture import class_and_id
from pipeline.extraction.html.structured_data import VIDEO_TYPES, Node, as_list, text_of, types_of
from pipeline.extraction.pages import Page, shown_text
from pipeline.text.plain_text import letters_only, plain
from pipeline.text.urls import host_of, registered_domain

_SEPARATOR = re.compile(
    r"\s+[|｜–—•·»«:/~\-−‹›>⁄*⋆←]+\s+|\s*[|｜»ㅣ│∣❘]\s*|\s+::+\s*|\s*::+\s+|\s*_+(?=\S*[^\x00-\x7f])|(?<=[^\x00-\x7f])-+(?=[^\x00-\x7f])|:\s+"
)
_DOMAIN = re.compile(r"^(?:www\.)?[\w-]+(?:\.[\w-]+)*\.[a-z]{2,12}$", re.IGNORECASE)
_RIGHTS = re.compile(
    r"(?:copyright|©|\(c\)|all rights reserved|\b(?:19|20)\d\d\b(?:\s*[-–]\s*(?:19|20)\d\d\b)?)[\s.,:;|–-]*", re.IGNORECASE
)
"""The words and years beside the owner's name in a copyright line."""
_MAX_LENGTH = 400
"""Characters of a declared title that are read. A plain choice: no headline is longer."""
_MIN_KEY = 4
"""Letters and digits that a title must have to be compared: shorter strings match by chance, and Chinese titles can be this short."""
_MAX_VISIBLE = 300
"""Characters of the longest heading that may be the title. A plain choice."""
_SIMILAR = 0.5
"""Share of common words from which a heading and a declared title count as the same title."""

_LONE_WORDS = 4
"""Words from which a page's only `<h1>` is its title although no declared title agrees: those are often rewritten for search engines."""
_LABELLED = 0.4
"""Share of a heading's letters that a declared title inside it must have to replace it."""
_TITLE_NAME = re.compile(r"(?:^|[-_\s])(?:titles?|heading|headline)|\w(?:title|headline)")
_MAX_SET_OFF = 120
"""Characters of the longest text that is set off like a title. A plain choice."""
_PART = 0.25
"""Share of a title's letters that a part of it must have to be taken for the title."""


class SourcedText(NamedTuple):
    """A title or name, and the place on the page that it was taken from (`og.title`, `page.h1`)."""

    text: str
    source: str


def find_title(page: Page, entry: Entry | None) -> SourcedText | None:
    """The article's title on one line with its source; None when neither the page nor the feed entry has one.

    The title is the `<h1>` that agrees with a declared title (JSON-LD, Open Graph, `<title>`, feed). When no heading agrees, it is the
    first declared title, reduced to the part of it that the page shows as a text of its own.
    """
    names = _SiteNames(page, entry)
    declared = [SourcedText(names.removed_from(text), source) for text, source in _declared(page, entry)]
    declared = [candidate for candidate in declared if _is_title(candidate.text, names)]
    headings = [SourcedText(names.removed_from(text), "page.h1") for text in _headings(page, "h1", 5)]
    headings = [candidate for candidate in headings if _is_title(candidate.text, names)]
    tag = SourcedText(names.removed_from(plain(page.title_tag)[:_MAX_LENGTH]), "page.title")
    agreed = _agreed_heading(headings, declared, tag)
    if agreed:
        return agreed
    for candidate in declared:
        return _visible_part(page, _untruncated(candidate, (*declared[1:], tag)))
    if _is_title(tag.text, names):
        return _visible_part(page, tag)
    return next(iter(headings), None) or _last_resort(page, entry)


def _untruncated(candidate: SourcedText, others: Sequence[SourcedText]) -> SourcedText:
    """The first of `others` that continues a `candidate` that ends in an ellipsis; the candidate itself when there is none."""
    if not candidate.text.endswith(("…", "...")):
        return candidate
    begins = letters_only(candidate.text)
    return next((other for other in others if letters_only(other.text).startswith(begins) and other.text[-1] not in "…."), candidate)


def declared_titles(page: Page, entry: Entry | None) -> Iterator[tuple[str, str]]:
    """Source and title, without the site's name, of each declared title."""
    names = _SiteNames(page, entry)
    for text, source in _declared(page, entry):
        yield source, names.removed_from(text)


def _is_title(text: str, names: _SiteNames) -> bool:
    key = letters_only(text)
    return len(key) >= _MIN_KEY // 2 and key not in names.keys


def _agreed_heading(headings: Sequence[SourcedText], declared: Sequence[SourcedText], tag: SourcedText) -> SourcedText | None:
    """The heading most similar to a declared title or the title tag; None when none is similar enough.

    When a heading only adds words to a declared title, the declared title is returned: the added words are a label (`Sponsored by`, the
    section).
    """
    references = [candidate for candidate in (*declared, tag) if candidate.text]
    scored = [
        (max((_similarity(heading.text, reference.text) for reference in references), default=0.0), -number)
        for number, heading in enumerate(headings)
    ]
    if not scored:
        return None
    score, number = max(scored)
    heading = headings[-number]
    if score < _SIMILAR:
        lone = len(headings) == 1 and len(heading.text.split()) >= _LONE_WORDS
        return heading if lone else None
    if score <= 1:
        key = letters_only(heading.text)
        for reference in references:
            part = letters_only(reference.text)
            if part != key and part in key and len(part) >= len(key) * _LABELLED:
                return reference
    return heading


def _similarity(heading: str, reference: str) -> float:
    """The share of common words; above 1 when the reference contains the heading.

    0 when the heading is a short end of the reference, as a site's name is.
    """
    ours, theirs = letters_only(heading), letters_only(reference)
    if len(ours) >= _MIN_KEY and ours in theirs:
        if ours != theirs and theirs.endswith(ours) and len(ours) < len(theirs) / 2:
            return 0.0
        return 1 + len(ours) / len(theirs)
    left, right = set(heading.casefold().split()), set(reference.casefold().split())
    return len(left & right) / max(1, len(left | right))


def _visible_part(page: Page, candidate: SourcedText) -> SourcedText:
    """The longest run of parts that the page shows as a text of its own; else the longest part of a title tag, or the whole other title."""
    runs = _runs(candidate.text)
    if len(runs) < 2:
        return candidate
    shown = _short_texts(page)
    for run in runs:
        key = letters_only(run)
        if len(key) >= max(_MIN_KEY, _PART * len(letters_only(candidate.text))) and key in shown:
            return SourcedText(run, candidate.source)
    if candidate.source != "page.title":
        return candidate
    head = max(_SEPARATOR.split(candidate.text), key=len)
    return SourcedText(head.strip(), candidate.source)


def _runs(text: str) -> list[str]:
    """Every run of consecutive parts of `text` between separators, the longest first, the earlier of equally long ones first."""
    matches = _separators(text)[:6]
    starts = [0, *(match.end() for match in matches)]
    ends = [*(match.start() for match in matches), len(text)]
    runs = {text[start:end].strip(): None for number, start in enumerate(starts) for end in ends[number:]}
    return sorted(filter(None, runs), key=len, reverse=True)


def _short_texts(page: Page) -> frozenset[str]:
    """The letters of each heading and of each element with a short text."""
    if page.tree is None:
        return frozenset()
    shown = {letters_only(text) for level in ("h1", "h2", "h3", "h4") for text in _headings(page, level, 40)}
    for element in islice(page.tree.iter("p", "b", "strong", "span", "div", "td", "font", "em"), 4000):
        text = element.text
        if text and _MIN_KEY < len(text) < _MAX_VISIBLE:
            shown.add(letters_only(text))
    return frozenset(shown)


def _last_resort(page: Page, entry: Entry | None) -> SourcedText | None:
    everything = [
        *_declared(page, entry),
        *(SourcedText(text, "page.h1") for text in _headings(page, "h1", 5)),
        SourcedText(plain(page.title_tag), "page.title"),
    ]
    found = next((candidate for candidate in everything if letters_only(candidate.text)), None)
    return found or next((SourcedText(text, "page.heading") for text in _set_off_texts(page)), None)


def _set_off_texts(page: Page) -> Iterator[str]:
    """Short texts that look like a title: lesser headings, then elements whose class or id says title, then large or bold texts."""
    for tags, names in (
        (("h2", "h3"), None),
        (("div", "td", "p", "span", "a"), _TITLE_NAME),
        (("big", "center", "b", "strong", "font"), None),
    ):
        for element in islice(page.elements(*tags), 4000):
            if names is None or names.search(class_and_id(element).lower()):
                text = plain(shown_text(element))
                if len(letters_only(text)) >= _MIN_KEY and len(text) <= _MAX_SET_OFF:
                    yield text


def _declared(page: Page, entry: Entry | None) -> Iterator[SourcedText]:
    for article in page.articles:
        key = "name" if "headline" not in article and types_of(article) & VIDEO_TYPES else "headline"
        yield SourcedText(plain(text_of(article.get(key)))[:_MAX_LENGTH], f"jsonld.{key}")
    for name, source in (("og:title", "og.title"), ("twitter:title", "twitter.title")):
        for content in page.meta.get(name, ()):
            yield SourcedText(plain(content)[:_MAX_LENGTH], source)
    if entry and entry.title:
        yield SourcedText(plain(entry.title)[:_MAX_LENGTH], "feed.title")


def _headings(page: Page, level: str, limit: int) -> Iterator[str]:
    if page.tree is not None:
        for heading in islice(page.tree.iter(level), limit):
            yield plain(shown_text(heading))[:_MAX_LENGTH]


@lru_cache(maxsize=1024)
def _separators(title: str) -> tuple[re.Match[str], ...]:
    """The separators in a title; cached, because a page repeats its title."""
    return tuple(_SEPARATOR.finditer(title))


class _SiteNames:
    """The names that a site puts around its titles: declared names, host and domain."""

    def __init__(self, page: Page, entry: Entry | None) -> None:
        host = host_of(page.url).removeprefix("www.")
        domain = registered_domain(host) if host else ""
        spellings = [*(name for name, _ in _site_names(page, entry)), host, domain, domain.partition(".")[0]]
        self.keys = {key for key in map(letters_only, spellings) if len(key) > 1}

    def removed_from(self, title: str) -> str:
        """`title` without the site names at its ends and the separators beside them."""
        for _ in range(3):
            shorter = self._once(title)
            if shorter == title:
                break
            title = shorter
        return title

    def _once(self, title: str) -> str:
        matches = _separators(title)
        if not matches:
            return title
        head, tail = title[: matches[-1].start()], title[matches[-1].end() :]
        if self._is_name(tail) and letters_only(head):
            return head.strip()
        head, tail = title[: matches[0].start()], title[matches[0].end() :]
        if self._is_name(head) and letters_only(tail):
            return tail.strip()
        return title

    def _is_name(self, part: str) -> bool:
        key = letters_only(part)
        return key in self.keys


def find_site_name(page: Page, entry: Entry | None) -> SourcedText | None:
    """The site's name with its source; a bare domain only when no other name is declared; None when no name is declared."""
    domains: list[SourcedText] = []
    for declared, source in _site_names(page, entry):
        name = host_of(declared).removeprefix("www.") if "://" in declared else declared.removeprefix("@")
        if not name or len(name) > 80:
            continue
        if not _DOMAIN.match(name):
            return SourcedText(name, source)
        domains.append(SourcedText(name, source))
    return domains[0] if domains else None


def declared_site_names(page: Page, entry: Entry | None) -> Iterator[tuple[str, str]]:
    """Source and name of each declared site name."""
    return ((source, name) for name, source in _site_names(page, entry))


def _site_names(page: Page, entry: Entry | None) -> Iterator[tuple[str, str]]:
    for article in page.articles:
        for publisher in as_list(article.get("publisher")):
            yield plain(text_of(_name_of(page, publisher))), "jsonld.publisher"
    for name in ("og:site_name", "application-name", "apple-mobile-web-app-title"):
        for content in page.meta.get(name, ()):
            yield plain(content), name.replace(":", ".") if name.startswith("og") else f"meta.{name}"
    for site in page.sites:
        yield plain(text_of(site.get("name"))), "jsonld.site"
    if entry and entry.publisher:
        yield plain(entry.publisher), "feed.publisher"
    for name in ("publisher", "dc.publisher", "copyright"):
        for content in page.meta.get(name, ()):
            if len(content) < 40:
                yield _RIGHTS.sub("", plain(content)).strip(), f"meta.{name}"


def _name_of(page: Page, value: object) -> object:
    node: Node | object = page.dereference(value)
    return node.get("name") if isinstance(node, dict) else node if isinstance(node, str) and "://" not in node else None


def spellings_of_site(page: Page, entry: Entry | None) -> Iterator[str]:
    """Every spelling of the site's or its publisher's name on the page, and its domain: a declared author with such a name is no person."""
    for name in ("og:site_name", "application-name", "copyright", "publisher", "dc.publisher", "dcterms.rightsholder"):
        yield from page.meta.get(name, ())
    yield re.split(r"\s[|–—·-]\s", page.title_tag)[-1]
    for article in page.articles:
        for publisher in as_list(article.get("publisher")):
            node = page.dereference(publisher)
            if isinstance(node, dict):
                yield str(node.get("name", ""))
    if entry and entry.publisher:
        yield entry.publisher
    domain = registered_domain(page.url)
    yield domain
    yield domain.partition(".")[0]
