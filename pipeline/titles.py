"""What an article is called, and what its site is called.

Pure: reads a `Page` and what its finder said. The site's name and section around a title are taken off; nothing else of it is changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice

from pipeline.models import Entry
from pipeline.pages import Page
from pipeline.structured import Thing, listed, text_of, types_of
from pipeline.text import letters_only, plain
from pipeline.urls import host_of, registered_domain

_SEPARATOR = re.compile(r"\s+[|–—•·»«:/~\-−‹›>⁄*⋆]+\s+|\s*\|\s*|\s+::\s+|:\s+")
_DOMAIN = re.compile(r"^(?:www\.)?[\w-]+(?:\.[\w-]+)*\.[a-z]{2,12}$", re.IGNORECASE)
_MAX_LENGTH = 400


def title(page: Page, entry: Entry | None) -> tuple[str, str] | None:
    """The article's title on one line, and where it was taken from; None when the page and its finder name none."""
    names = _SiteNames(page, entry)
    candidates = [(names.removed_from(text), source) for text, source in _titles(page, entry)]
    candidates = [(text, source) for text, source in candidates if text and letters_only(text) not in names.keys]
    if not candidates:
        candidates = [(text, source) for text, source in _titles(page, entry) if text]
    return candidates[0] if candidates else None


def site_name(page: Page, entry: Entry | None) -> tuple[str, str] | None:
    """The site's own name and where it was taken from; a bare domain only when nothing better is to be had, else None."""
    domains: list[tuple[str, str]] = []
    for name, source in _site_names(page, entry):
        if not name or len(name) > 80:
            continue
        if _DOMAIN.match(name):
            domains.append((name, source))
        else:
            return name, source
    return domains[0] if domains else None


def _titles(page: Page, entry: Entry | None) -> Iterator[tuple[str, str]]:
    for article in page.articles:
        yield plain(text_of(article.get("headline")))[:_MAX_LENGTH], "jsonld.headline"
    for name, source in (("og:title", "og.title"), ("twitter:title", "twitter.title")):
        for content in page.meta.get(name, ()):
            yield plain(content)[:_MAX_LENGTH], source
    for heading in _headings(page):
        yield heading[:_MAX_LENGTH], "page.h1"
    yield plain(page.title_tag)[:_MAX_LENGTH], "page.title"
    if entry and entry.title:
        yield plain(entry.title)[:_MAX_LENGTH], "feed.title"


def _headings(page: Page) -> Iterator[str]:
    if page.tree is not None:
        for heading in islice(page.tree.iter("h1"), 5):
            yield plain(heading.text_content())


class _SiteNames:
    """What the site may be called, as it stands around titles."""

    def __init__(self, page: Page, entry: Entry | None) -> None:
        host = host_of(page.url).removeprefix("www.")
        domain = registered_domain(host) if host else ""
        spellings = [*(name for name, _ in _site_names(page, entry)), host, domain, domain.partition(".")[0]]
        self.keys = {key for key in map(letters_only, spellings) if len(key) > 1}

    def removed_from(self, title: str) -> str:
        """`title` without a site name, and what follows or precedes it, at its ends."""
        for _ in range(3):
            shorter = self._once(title)
            if shorter == title:
                break
            title = shorter
        return title

    def _once(self, title: str) -> str:
        matches = list(_SEPARATOR.finditer(title))
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
        return bool(key) and (key in self.keys or bool(_DOMAIN.match(part.strip())))


def _site_names(page: Page, entry: Entry | None) -> Iterator[tuple[str, str]]:
    for article in page.articles:
        for publisher in listed(article.get("publisher")):
            yield plain(text_of(_named(page, publisher))), "jsonld.publisher"
    for name in ("og:site_name", "application-name", "apple-mobile-web-app-title"):
        for content in page.meta.get(name, ()):
            yield plain(content), name.replace(":", ".") if name.startswith("og") else f"meta.{name}"
    for thing in page.things:
        if types_of(thing) & {"NewsMediaOrganization", "WebSite"}:
            yield plain(text_of(thing.get("name"))), "jsonld.site"
    if entry and entry.publisher:
        yield plain(entry.publisher), "feed.publisher"
    for name in ("publisher", "dc.publisher", "copyright"):
        for content in page.meta.get(name, ()):
            if len(content) < 40:
                yield plain(content), f"meta.{name}"


def _named(page: Page, value: object) -> object:
    node: Thing | object = page.node(value)
    return node.get("name") if isinstance(node, dict) else node if isinstance(node, str) and "://" not in node else None


def agreed(values: Iterable[str]) -> str | None:
    """The value that most of `values` share in letters and digits, the first of them; None for none."""
    counts: dict[str, int] = {}
    firsts: dict[str, str] = {}
    for value in values:
        key = letters_only(value)
        counts[key] = counts.get(key, 0) + 1
        firsts.setdefault(key, value)
    return firsts[max(counts, key=lambda key: counts[key])] if counts else None
