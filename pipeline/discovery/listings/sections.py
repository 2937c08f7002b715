"""Section pages as listings, for sites without feed or sitemap: links to articles told from navigation by what changes. Pure.

A page alone does not say which of its links are articles. Two polls do: where a link appears that no earlier poll showed, the page lists
what is new. All links at such a place are articles then, those of the first poll too. A place is an element's path of tags and classes;
navigation, footers and boxes of services stand at places where nothing ever appears.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from urllib.parse import urlsplit

import lxml.html

from pipeline.core.errors import FeedError
from pipeline.core.models import Entry
from pipeline.discovery.listings.entry_aliases import without_session
from pipeline.extraction.pages import Page, shown_text
from pipeline.text.plain_text import squeeze
from pipeline.text.urls import canonical_url, join, registered_domain, url_digest

MAX_LINKS = 1_500
"""Links of a page that are looked at, in its order; fronts of large newspapers have some 400."""
MAX_KEPT_LINKS = 3_000
"""Digests of links that are remembered, the newest first: what comes and goes is new only once."""
MAX_KEPT_PLACES = 64
PLACE_DEPTH = 5
"""Elements of a place, from the link upwards. Less does not tell a list in `nav` from one in `main`, more differs from item to item."""
REDESIGN = 0.6
"""Share of new headlines above which no place is learned: of a new design, navigation is new as well. A later poll learns."""
MIN_WORDS = 4
MIN_LETTERS = 25
MIN_IDEOGRAMS = 8
"""A headline has so many words, letters, or characters of a script without blanks; names of sections, tags and authors have less."""
_IDEOGRAMS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]")
_LONG_NAME = re.compile(r"(?:^|/)[^/]*[^\W\d_]+(?:[-_][^\W_]+){4,}[^/]*$|\d{6,}|/(?:19|20)\d\d/\d\d?/")
"""The path of an article: a name of five words or more, a number of six digits or more, a date."""


@dataclass(frozen=True, slots=True)
class SectionLink:
    """A link of a section page: its address with its digest, a digest of its place on the page, and whether it looks like an article's."""

    url: str
    digest: str
    place: str
    is_headline: bool


@dataclass(frozen=True, slots=True)
class SectionMemory:
    """What earlier polls of a section page showed: digests of its links, the newest first, and the places where links appeared."""

    links: tuple[str, ...] = ()
    places: tuple[str, ...] = ()


def section_links(page: Page) -> tuple[SectionLink, ...]:
    """The links of a page to other pages of its site, once for each address and place, in document order.

    Raises FeedError (`notASection`) for what is no HTML, and for a page without such a link, as scripts fill it.
    """
    if not page.is_html:
        raise FeedError(f"{page.url}: not a section page: it is no HTML", reason="notASection")
    words: dict[str, list[str]] = {}
    places: dict[tuple[str, str], None] = {}
    for element in islice(page.elements("a"), MAX_LINKS):
        address = _address(element, page)
        if address is not None:
            words.setdefault(address, []).append(squeeze(shown_text(element))[:500])
            places.setdefault((address, _place(element)))
    if not places:
        raise FeedError(f"{page.url}: not a section page: it links to no page of its site", reason="notASection")
    digests = {url: url_digest(url) for url in words}
    return tuple(SectionLink(url, digests[url], place, _is_headline(words[url], url)) for url, place in places)


def listed_articles(
    links: Sequence[SectionLink], memory: SectionMemory, *, source_id: str | None
) -> tuple[tuple[Entry, ...], SectionMemory]:
    """The articles among `links`, each once, and what the next poll needs to know. The first poll lists none: it only remembers."""
    digests = dict.fromkeys(link.digest for link in links)
    known = frozenset(memory.links)
    headlines = {link.digest for link in links if link.is_headline}
    new = headlines - known
    places = memory.places
    if known and len(new) <= REDESIGN * len(headlines):
        places = tuple(dict.fromkeys([*(link.place for link in links if link.digest in new), *places]))[:MAX_KEPT_PLACES]
    urls = dict.fromkeys(link.url for link in links if link.is_headline and link.place in places)
    entries = tuple(Entry(url, source_id, "section") for url in urls)
    return entries, SectionMemory(tuple(dict.fromkeys([*digests, *memory.links]))[:MAX_KEPT_LINKS], places)


def likely_articles(links: Sequence[SectionLink], *, source_id: str | None) -> tuple[Entry, ...]:
    """The links with words or addresses of an article, each once: more than the articles of the page, where nothing earlier is known."""
    return tuple(Entry(url, source_id, "section") for url in dict.fromkeys(link.url for link in links if link.is_headline))


def _address(element: lxml.html.HtmlElement, page: Page) -> str | None:
    """The link's address without session and fragment; None for links to other sites, to the page itself and to what is above it."""
    address = join(page.base, element.get("href") or "")
    if address is None:
        return None
    address = without_session(address)
    try:
        there = canonical_url(address).rstrip("/")
    except ValueError:
        return None
    is_above = f"{canonical_url(page.url).rstrip('/')}/".startswith(f"{there}/")
    is_ours = registered_domain(address) == registered_domain(page.url)
    return None if is_above or not is_ours or urlsplit(address).path in ("", "/") else address


def _place(element: lxml.html.HtmlElement) -> str:
    """16 hex digits for the tags and classes of the link and the elements around it, numbers in classes left out."""
    path = "/".join(_step(one) for one in islice(_upwards(element), PLACE_DEPTH))
    return hashlib.sha256(path.encode()).hexdigest()[:16]


def _upwards(element: lxml.html.HtmlElement) -> Iterator[lxml.html.HtmlElement]:
    yield element
    yield from element.iterancestors()


def _step(element: lxml.html.HtmlElement) -> str:
    classes = sorted(set(re.sub(r"\d+", "", element.get("class") or "").split()))
    return ".".join([str(element.tag), *classes[:8]])


def _is_headline(texts: Sequence[str], url: str) -> bool:
    longest = max(texts, key=len, default="")
    letters = sum(char.isalpha() for char in longest)
    if len(longest.split()) >= MIN_WORDS or letters >= MIN_LETTERS or len(_IDEOGRAMS.findall(longest)) >= MIN_IDEOGRAMS:
        return True
    return _LONG_NAME.search(urlsplit(url).path) is not None
