"""Chooses the canonical URL of an article: the one that its page declares, unless something contradicts it, else the fetched URL.

Pure: reads a `Page` and its feed entry.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from pipeline.core.models import Entry
from pipeline.extraction.html.structured_data import text_of
from pipeline.extraction.pages import Page
from pipeline.text.urls import canonical_url, join, registered_domain

_SLUG = re.compile(r"(?<![^/-])(?:[^/-]+-){3}")
"""Several words of a title in a path."""
_WORD = re.compile(r"[^\W\d_]{4,}")
_TITLED = 2
"""Words of the title that a path must contain to count as made of the title."""
_NUMBER = re.compile(r"(?<!\d)(?!404(?!\d))\d+")
"""A number in a URL that can be a page's; 404 is that of an error."""
_ID = re.compile(r"(?<![\d%])\d{2,}")


def declared_urls(page: Page) -> Iterator[tuple[str, str]]:
    """Source and URL of each declaration of the page's own URL, and the fetched one."""
    yield "link.canonical", page.canonical or ""
    yield from (("og.url", url) for url in page.meta.get("og:url", ())[:1])
    yield "fetch", page.url


def choose_web_url(page: Page, entry: Entry, *, title: str) -> tuple[str, str] | None:
    """The canonical URL that the page declares, unless it is on another site, a front page or another article's; else the fetched URL.

    Returns the URL and its source; None when no URL can be canonicalised.
    """
    for candidate, source in ((page.canonical, "link.canonical"), *((url, "og.url") for url in page.meta.get("og:url", ())[:1])):
        is_ours = candidate and _is_same_page(candidate, page.url) and not _names_another(candidate, page.url, title=title)
        is_ours = is_ours and not _lacks_id(candidate or "", page.url, title=title)
        if candidate and is_ours and not _is_contradicted(candidate, page):
            try:
                return canonical_url(candidate), source
            except ValueError:
                continue
    for candidate, source in ((page.url, "fetch"), (entry.url, "feed.url")):
        try:
            return canonical_url(candidate), source
        except ValueError:
            continue
    return None


def _is_same_page(declared: str, url: str) -> bool:
    try:
        ours, theirs = urlsplit(url), urlsplit(declared)
    except ValueError:
        return False
    if theirs.scheme not in {"http", "https"} or registered_domain(ours.hostname or "") != registered_domain(theirs.hostname or ""):
        return False
    below = ours.path.removeprefix(theirs.path.rstrip("/") + "/") if theirs.path.strip("/") else ours.path
    if below != ours.path and _SLUG.search(below) and not theirs.query:
        return False  # the front page of its section; `/story/2` and `/story/amp` are parts of the story
    return bool(theirs.path.strip("/") or theirs.query) or not ours.path.strip("/")


def _names_another(declared: str, url: str, *, title: str) -> bool:
    """Whether the path of `url` has words of the title and `declared` has not: it is a front page, a form, an error or another article."""
    ours, theirs = _bare_path(url), _bare_path(declared)
    words = _words(title)
    if ours == theirs or len(_words(ours) & words) < _TITLED:
        return False
    last = theirs.rpartition("/")[2]
    if _words(theirs) & words or _words(last) & _words(ours.rpartition("/")[2]):
        return False
    return len(_words(last)) > 1 or not _NUMBER.search(last + declared.partition("?")[2])


def _lacks_id(declared: str, url: str, *, title: str) -> bool:
    """Whether `url` has a number and `declared` neither one nor words: a template without the id names all articles so."""
    path, _, query = declared.partition("://")[2].partition("#")[0].partition("?")
    theirs = path.partition("/")[2]
    if _ID.search(theirs + query) or _SLUG.search(theirs) or _words(theirs) & _words(title):
        return False
    try:
        ours = canonical_url(url)
    except ValueError:
        return False
    return _ID.search(ours.partition("://")[2].partition("/")[2]) is not None


def _words(text: str) -> set[str]:
    return set(_WORD.findall(unquote(text).casefold()))


def _is_contradicted(canonical: str, page: Page) -> bool:
    """Whether `og:url` and JSON-LD name the fetched URL and `canonical` another: then it is another article's, or a template's."""
    own = [*page.meta.get("og:url", ())[:1], *(text_of(article.get("url")) for article in page.articles[:1])]
    paths = {_bare_path(join(page.base, address) or "") for address in own if address} - {""}
    return paths == {_bare_path(page.url)} != {_bare_path(canonical)}


def _bare_path(url: str) -> str:
    try:
        return urlsplit(url).path.strip("/").lower()
    except ValueError:
        return ""
