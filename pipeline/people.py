"""Who wrote an article: the names of people, without the words around them.

Pure: reads a `Page` and what its finder said. Staff, desks, agencies and the site's own name are no people.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from pipeline.models import Entry
from pipeline.pages import Page
from pipeline.structured import Thing, listed, types_of
from pipeline.text import letters_only, plain

AUTHOR_META = (
    "author", "article:author", "og:article:author", "parsely-author", "sailthru.author", "byl", "dc.creator", "dc:creator", "dcterms.creator",
    "citation_author", "article:author_name", "shareaholic:article_author_name", "cxenseparse:author", "rbauthors", "authors",
    "article.author", "twitter:data1",
)  # fmt: skip
MAX_AUTHORS = 20

_BY = re.compile(r"^\W*(?:(?:written|reported|posted|story|text|words|photos?)\s+)?(?:by|von|par|por|di|av|af|door|przez|от|автор|autor(?:in)?|auteur|text|redaktion)\b\s*:?\s+", re.IGNORECASE)
_SEPARATORS = re.compile(r"\s*[;|•·/\n]\s*|\s+(?:and|und|et|og|och|y|e|en|with|mit|&|и|i)\s+|\s*&\s*", re.IGNORECASE)
_ROLE = re.compile(
    r"\s*(?:[,|(–—]|\s-\s|\bfor\b|\bof the\b|\bin\b\s|\bat\b\s|\bis\b\s|\bvia\b).*?$", re.IGNORECASE
)
_ADDRESS = re.compile(r"\S+@\S+|https?://\S*|(?:^|\s)@\w+|\bwww\.\S+")
_NOT_PEOPLE = re.compile(
    r"\b(?:staff|editors?|editorial|newsroom|redaktion|redaction|redacción|redazione|redakcja|redacci[oó]n|редакция|desk|team|admin|administrator"
    r"|webmaster|news|reuters|associated press|afp|dpa|press|agency|agencia|agence|agenzia|magazine|media|tv|radio|online|correspondents?|reporters?|writers?|contributors?"
    r"|anonymous|unknown|guest|user|author|wire|service|services|network|inc|ltd|gmbh|corp|llc|board|department|foundation|institute|university|bloggers?"
    r"|\w+\.(?:com|net|org|de|co|fr|it|es|pl|ru|uk|info|at|ch|eu|news|tv))\b",
    re.IGNORECASE,
)
_DATE_LIKE = re.compile(r"\d{2,}|\b(?:january|february|march|april|june|july|august|september|october|november|december|updated|published|minutes?|hours?|ago|read)\b", re.IGNORECASE)


def authors(page: Page, entry: Entry | None) -> tuple[tuple[str, ...], str]:
    """The people who wrote the article, in the order of the page, and where they were named; an empty tuple and no source when nobody is.

    The first of JSON-LD, `<meta>`, marked-up bylines and the feed that names a person.
    """
    site_names = {letters_only(name) for name in _site_names(page, entry)}
    for source, names in _sources(page, entry):
        people = clean_names(names, not_people=site_names)
        if people:
            return people, source
    return (), ""


def clean_names(names: Iterable[str], *, not_people: Iterable[str] = ()) -> tuple[str, ...]:
    """The people in `names`: one each, without "By", roles, addresses and doubles; `not_people` in letters only."""
    refused = set(not_people)
    kept: dict[str, str] = {}
    for name in names:
        for part in _parts(plain(name)):
            person = _person(part)
            key = letters_only(person)
            if person and key not in refused and key not in kept:
                kept[key] = person
    return tuple(list(kept.values())[:MAX_AUTHORS])


def _parts(line: str) -> Iterator[str]:
    line = _BY.sub("", _ADDRESS.sub(" ", line))
    for part in _SEPARATORS.split(line):
        pieces = part.split(",")
        # `Jane Doe, John Roe` are two people, `Jane Doe, Berlin` and `Doe, Jane` are one.
        if len(pieces) > 1 and all(len(piece.split()) in {2, 3} for piece in pieces):
            yield from pieces
        elif len(pieces) == 2 and all(len(piece.split()) == 1 for piece in pieces):
            yield f"{pieces[1]} {pieces[0]}"
        else:
            yield pieces[0]


def _person(part: str) -> str:
    name = _ROLE.sub("", _BY.sub("", part.strip()))
    name = re.sub(r"\s+", " ", name).strip(" .,:;-–—|/\"'“”()[]")
    if not 3 <= len(name) <= 60 or len(name.split()) > 6 or _NOT_PEOPLE.search(name) or _DATE_LIKE.search(name):
        return ""
    if not any(map(str.isalpha, name)):
        return ""
    if name.isupper() and len(name) > 5:
        name = name.title()
    return name


def _sources(page: Page, entry: Entry | None) -> Iterator[tuple[str, list[str]]]:
    for article in page.articles:
        for key in ("author", "creator", "contributor"):
            yield f"jsonld.{key}", list(_names(page, article.get(key)))
    for name in AUTHOR_META:
        yield f"meta.{name}", [content for content in page.meta.get(name, ()) if "://" not in content]
    yield from _bylines(page)
    yield "feed.author", list(entry.authors) if entry else []


def _names(page: Page, value: Any) -> Iterator[str]:
    for item in listed(value):
        node: Thing | Any = page.node(item)
        if isinstance(node, str):
            yield node
        elif isinstance(node, dict):
            if types_of(node) & {"Organization", "NewsMediaOrganization", "Corporation"}:
                continue
            for name in listed(node.get("name")):
                if isinstance(name, str):
                    yield name


def _bylines(page: Page) -> Iterator[tuple[str, list[str]]]:
    if page.tree is None:
        return
    for path in (".//*[@itemprop='author']", ".//a[@rel='author']", ".//*[@rel='author']"):
        found = []
        for element in page.tree.iterfind(path):
            name = element.find(".//*[@itemprop='name']")
            found.append((name if name is not None else element).text_content() or element.get("content", ""))
        yield "page.author", found[:10]
    for words in ("author", "byline"):
        for element in page.tree.xpath(f"//*[(self::a or self::span or self::p or self::div or self::address) and contains(@class, '{words}')]")[:8]:
            text = element.text_content().strip()
            if 3 <= len(text) <= 100:
                yield "page.byline", [text]


def _site_names(page: Page, entry: Entry | None) -> Iterator[str]:
    for name in ("og:site_name", "application-name"):
        yield from page.meta.get(name, ())
    for article in page.articles:
        for publisher in listed(article.get("publisher")):
            node = page.node(publisher)
            if isinstance(node, dict):
                yield str(node.get("name", ""))
    if entry and entry.publisher:
        yield entry.publisher
