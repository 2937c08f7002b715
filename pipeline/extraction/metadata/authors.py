"""Finds the authors of an article: the places of a page that name them, and which of these names are believed.

Pure: reads a `Page` and its feed entry. An agency, the site itself or its staff is returned only when the page declares it as author and
names no person.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cached_property, partial
from itertools import filterfalse, islice
from typing import Any

import lxml.etree
import lxml.html

from pipeline.core.models import Entry
from pipeline.extraction.body.boilerplate import is_section_label
from pipeline.extraction.html import furniture
from pipeline.extraction.html.furniture import class_and_id, surroundings
from pipeline.extraction.html.structured_data import as_list, types_of
from pipeline.extraction.metadata.person_names import (
    chinese_byline,
    clean_names,
    is_by,
    is_staff_label,
    looks_like_date,
    names_account,
    names_organisation,
    names_staff,
    without_by,
)
from pipeline.extraction.metadata.titles import spellings_of_site
from pipeline.extraction.pages import Page, containing_element, is_code
from pipeline.text.phrases import phrase_pattern, phrases_of
from pipeline.text.plain_text import letters_only, squeeze

AUTHOR_META = (
    "article:author", "og:article:author", "parsely-author", "sailthru.author", "byl", "dc.creator", "dc:creator",
    "dcterms.creator", "citation_author", "article:author_name", "shareaholic:article_author_name", "cxenseparse:author", "rbauthors",
    "authors", "article.author", "mediator_author", "og:author", "dc.creator.personal", "creator",
)  # fmt: skip
GUESSED_AUTHORS = frozenset({"page.lead", "page.signature"})
"""Sources of authors that no part of the page calls so: bold text above the article or below it."""
MAX_BYLINE = 120
"""Characters of the longest byline; a longer text is a biography."""

_phrases = partial(phrase_pattern, "pipeline.extraction")
_BYLINE_START = r"^\W*(?:(?:责编|责任编辑|作者|记者)\s*[:：]\s*|(?:%(byline_starts)s|(?:%(byline_labels)s)\s*:)\s*:?\s+(?=\S))"
_byline_names = partial(phrase_pattern, "pipeline.extraction", "%(byline_names)s", ignores_case=False)
_BYLINE_TAGS = frozenset({"a", "span", "p", "div", "address", "li", "strong", "cite", "em", "h4", "td", "ul"})

_BYLINE_STARTS = ("(责", "（责", "责编", "责任", "作者", "记者", "By", "by", "BY", "Vo", "vo", "VO", "Pa", "Po", "Do", "Av", "Af", "Wr",
                  "Au", "au", "Te", "Er", "Ge", "Ve", "Pu", "Ei", "Ав")  # fmt: skip
_MAX_LINE = 300
"""Characters of the longest text node that can be a byline, before its white space is squeezed."""
_IDS = lxml.etree.XPath("/descendant-or-self::*/@id", smart_strings=False)
_TEST_IDS = lxml.etree.XPath("/descendant-or-self::*/@data-testid", smart_strings=False)
_RELATIONS = lxml.etree.XPath("/descendant-or-self::*/@rel[. = 'author']/..")
_RELATED = (b'="author"', b"='author'", b"=author", b'= "author"', b"= 'author'")
"""How the mark-up has `rel="author"`."""
_VCARDS = lxml.etree.XPath("/descendant-or-self::*/@class[contains(concat(' ', ., ' '), ' fn ') or . = 'author vcard']/..")
_NICK_CLASS = re.compile(r"^(?:(?:post|entry|article|news)[-_]+)?(?:author|byline|autor|username|poster)(?:[-_]+name)?$", re.IGNORECASE)
_FULL_DATE = re.compile(r"\b[0-3]?\d[./][01]?\d[./](?:19|20)\d\d\b|\b(?:19|20)\d\d-\d\d-\d\d\b|\b[0-3]?\d\.? [^\W\d]{3,10} (?:19|20)\d\d\b")
_SIGNED = r"^(?:%(signatures)s)\s+([^\W\d_][\w.\-]{2,24})(?:\s(?:@|(?:on|am|um|at)\b).*)?$"
_NICKNAME = re.compile(r"^[^\W\d_][\w.\-]{2,24}$")
_is_comment = furniture.names_of(furniture.COMMENTS, match="anywhere")
_is_elsewhere = furniture.names_of(
    furniture.COMMENTS,
    furniture.OTHER_ARTICLES,
    furniture.MARGINS,
    furniture.OFFERS,
    furniture.PICTURES,
    furniture.GALLERIES,
    furniture.RIGHTS,
    furniture.NAVIGATION,
    match="anywhere",
)
_is_tag = re.compile(r"(?:^|[-_\s])tags?(?:$|[-_\s])|[a-z]Tags?(?:$|[-_\s])").search
"""Finds the class of a tag, a label of the article's subject, which may be a person."""


def find_authors(page: Page, entry: Entry | None) -> tuple[tuple[str, ...], str]:
    """The names of the authors in the order of the page, and their source; an empty tuple and an empty source when none is found.

    The first source that names a person decides: JSON-LD, `<meta>` without `author`, feed, Chinese bylines, microformats, links to author
    pages, bylines by class or wording, user names, `<meta name="author">`, lines with a date, names in bold above the text, signatures
    below it. When no source names a person, the authors are the first declared organisation (an agency); when there is none, the site or
    its staff if declared as author under a name of its own, not as `Staff` or `News Desk`.
    """
    own = {letters_only(name) for name in spellings_of_site(page, entry)} - {""}
    believed = _declared_twice(page, entry) - own
    organisation: tuple[tuple[str, ...], str] = ((), "")
    house: tuple[tuple[str, ...], str] = ((), "")
    for source, names, is_prose in _sources(page, entry):
        if not names:
            continue
        found = clean_names(names, is_prose=is_prose, believed=believed)
        people = tuple(
            name
            for name in found
            if letters_only(name) in believed or (letters_only(name) not in own and not names_staff(name) and not names_organisation(name))
        )
        if people:
            return _spelled_out(people, page), source
        if is_prose:
            continue
        agencies = tuple(name for name in found if letters_only(name) not in own and not names_staff(name))
        organisation = organisation if organisation[0] or not agencies else (agencies, source)
        named = tuple(name for name in found if not is_staff_label(name))
        house = house if house[0] or not named else (named, source)
    return organisation if organisation[0] else house


def _declared_twice(page: Page, entry: Entry | None) -> frozenset[str]:
    """The letters of names with a word that names no person (`Max Read`, `Emily Post`) that two places of the page declare as a person's.

    The places are JSON-LD, where it does not say that it names an organisation, `<meta>`, the feed, and links with `rel="author"`.
    """
    json_ld = [name for article in page.articles for name in _declared(page, article.get("author"), only_people=True)]
    metas = [content for name in ("author", *AUTHOR_META) for content in page.meta.get(name, ())]
    feed = entry.authors if entry else ()
    doubted = {letters_only(name) for name in (*json_ld, *metas, *feed) if _is_doubted_name(name)}
    if not doubted:
        return frozenset()
    linked = [squeeze(element.text_content()) for element in _related_as_author(page)[:10]]
    places = ({letters_only(without_by(name)) for name in names} for names in (json_ld, metas, feed, linked))
    counts = Counter(key for place in places for key in place & doubted)
    return frozenset(key for key, count in counts.items() if count > 1)


def _is_doubted_name(name: str) -> bool:
    """Whether a text has the shape of a person's name but is refused for a word that means something else; labels of staff do not count."""
    first, *others = name.split() or [""]
    is_shaped = len(others) in {1, 2} and all(word[0].isupper() and word.isalpha() for word in (first, *others))
    is_refused = not clean_names([name]) or names_organisation(name)
    return is_shaped and is_refused and not names_staff(name) and not names_account(name) and bool(clean_names([first]))


def _spelled_out(people: tuple[str, ...], page: Page) -> tuple[str, ...]:
    """A single user name (`janedoe`, `Jane`) replaced by the full name (`Jane Doe`) that a byline of the page gives for it."""
    if len(people) != 1 or " " in people[0] or page.tree is None or not people[0].isascii():
        return people
    short = letters_only(people[0])
    for _, names, _ in _marked(_Places(page)):
        for name in clean_names(names, is_prose=True):
            if letters_only(name) == short or name.casefold().startswith(people[0].casefold() + " "):
                return (name,)
    return people


def declared_authors(page: Page, entry: Entry | None) -> Iterator[tuple[str, str]]:
    """Source and names (`Jane Roe, John Doe`) of each declaration of authors in the head and the feed entry."""
    for article in page.articles[:1]:
        yield "jsonld.author", ", ".join(clean_names(_declared(page, article.get("author"))))
    for name in filter(page.meta.__contains__, ("author", *AUTHOR_META)):
        yield f"meta.{name}", ", ".join(clean_names(content for content in page.meta[name] if "://" not in content))
    if entry and entry.authors:
        yield "feed.author", ", ".join(clean_names(entry.authors))


def _sources(page: Page, entry: Entry | None) -> Iterator[tuple[str, list[str], bool]]:
    for key in ("author", "creator"):
        for article in page.articles:
            yield f"jsonld.{key}", list(_declared(page, article.get(key))), False
    for name in filter(page.meta.__contains__, AUTHOR_META):
        yield f"meta.{name}", [content for content in page.meta[name] if "://" not in content], False
    yield "meta.twitter", list(_twitter_labels(page)), False
    if entry and entry.authors:
        yield "feed.author", list(entry.authors), False
    yield "page.byline", list(_chinese_bylines(page)), False
    places = None if page.tree is None else _Places(page)
    if places is not None:
        yield from _marked(places)
        yield from _bylines(places)
        yield "page.nickname", list(islice(_nicknames(places), 1)), False
    yield "meta.author", [content for content in page.meta.get("author", ()) if "://" not in content], False
    if places is not None:
        yield "page.byline", list(_names_on_date_lines(page)), True
        yield "page.lead", list(islice(_names_above_text(places), 2)), True
        yield "page.signature", list(islice(_signatures(places), 1)), True


class _Places:
    """The elements of a page that may name its author, each kind found once, on first use."""

    def __init__(self, page: Page) -> None:
        self.tree: lxml.html.HtmlElement = page.tree
        self._page = page

    def is_of_article(self, element: lxml.html.HtmlElement) -> bool:
        """Whether `element` belongs to the page's own article."""
        return _is_of_article(self._page, element)

    @cached_property
    def marked(self) -> tuple[list[lxml.html.HtmlElement], ...]:
        """The elements marked as author, in four lists: by `itemprop`, by `rel`, by the class `fn`, by the class `author vcard`."""
        properties = [element for element in self._page.properties.get("author", ())[:40] if not _in_comment(self._page, element)]
        relations = [element for element in _related_as_author(self._page)[:40] if element.tag != "link" and self.is_of_article(element)]
        has_cards = any("fn" in name or "vcard" in name for name in self._page.classes)
        cards = [element for element in _VCARDS(self.tree)[:40] if self.is_of_article(element)] if has_cards else []
        return (
            properties,
            relations,
            [element for element in cards if "fn" in element.get("class").split()],
            [element for element in cards if element.get("class") == "author vcard"],
        )

    @cached_property
    def links(self) -> list[tuple[lxml.html.HtmlElement, str]]:
        """Every `<a>` with its `href` in lower case."""
        return [(element, element.get("href", "").lower()) for element in self.tree.iter("a")]

    @cached_property
    def classed(self) -> list[lxml.html.HtmlElement]:
        """The elements whose class, id or test id contains a word for author; at most 60."""
        test_ids = _TEST_IDS(self.tree) if self._page.mentions(b"data-testid") else ()
        kept = set(filter(_byline_names().search, self._page.classes.union(_IDS(self.tree), test_ids)))
        elements = self._page.elements(*_BYLINE_TAGS) if kept else ()
        named = (one for one in elements if one.get("class") in kept or one.get("id") in kept or one.get("data-testid") in kept)
        return list(islice(named, 60))

    @cached_property
    def spoken(self) -> list[lxml.html.HtmlElement]:
        """The elements with a text that begins like a byline (`By`, `Von`, `作者`); at most 60."""
        starts = (text for text in self._page.texts if len(text) < _MAX_LINE and text.lstrip().startswith(_BYLINE_STARTS))
        return list(dict.fromkeys(containing_element(text) for text in starts if not is_code(text)))[:60]

    @cached_property
    def set_off(self) -> list[lxml.html.HtmlElement]:
        """Short texts in bold or italics; at most 60."""
        elements = self._page.elements("em", "i", "strong", "b", "font")
        return list(islice((element for element in elements if not len(element) and 5 < len(element.text or "") < 40), 60))


def _related_as_author(page: Page) -> list[lxml.html.HtmlElement]:
    """The elements with `rel="author"`."""
    found: list[lxml.html.HtmlElement] = _RELATIONS(page.tree) if page.tree is not None and page.mentions(*_RELATED) else []
    return found


def _twitter_labels(page: Page) -> Iterator[str]:
    for number in "12":
        for label, value in zip(page.meta.get(f"twitter:label{number}", ()), page.meta.get(f"twitter:data{number}", ()), strict=False):
            if _phrases("%(author_labels)s").search(label):
                yield value


def _declared(page: Page, value: Any, *, only_people: bool = False) -> Iterator[str]:
    for item in as_list(value):
        node = page.dereference(item)
        if isinstance(node, str) and "://" not in node:
            yield node
        elif isinstance(node, dict):
            is_organisation = bool(types_of(node) & {"Organization", "NewsMediaOrganization"})
            for name in as_list(node.get("name")):
                if isinstance(name, str) and not (is_organisation and only_people):
                    # A comma inside an organisation's name separates no names.
                    yield name.replace(",", " ") if is_organisation else name


def _marked(places: _Places) -> Iterator[tuple[str, list[str], bool]]:
    for elements in places.marked:
        yield "page.author", [_byline_text(element) for element in _first_group(elements)], False
        yield "page.author", [element.get("content", "") for element in elements[:5]], False
    everywhere = "\n".join(address for _, address in places.links)
    paths = [path for path in phrases_of("pipeline.extraction", "author_paths") if path in everywhere]
    links = (element for element, address in places.links if any(path in address for path in paths) and places.is_of_article(element))
    yield "page.author", [squeeze(element.text_content()) for element in _first_group(islice(links, 20))], True


def _bylines(places: _Places) -> Iterator[tuple[str, list[str], bool]]:
    for element in places.classed:
        text = _byline_text(element) or _first_text(element)
        if 3 <= len(text) <= MAX_BYLINE and places.is_of_article(element):
            yield "page.byline", [text], True
    for element in places.spoken:
        text = _byline_text(element)
        if 3 <= len(text) <= MAX_BYLINE and _phrases(_BYLINE_START).match(text) and places.is_of_article(element):
            yield "page.byline", [text], True
    yield "page.byline", list(islice(_labelled(places), 3)), True


def _labelled(places: _Places) -> Iterator[str]:
    """The text after an element whose whole text is a label such as "Author:" or "Von"."""
    for element in places.spoken:
        if not len(element) and is_by(element.text or "") and places.is_of_article(element):
            following = element.getnext()
            text = squeeze(element.tail or "") or (squeeze(following.text_content()) if following is not None else "")
            if 3 <= len(text) <= MAX_BYLINE:
                yield text


def _signatures(places: _Places) -> Iterator[str]:
    """Texts in bold or italics that are the whole last paragraph of an article: signatures."""
    for element in places.set_off:
        place = element
        while place.getparent() is not None and place.tag not in {"p", "div", "td"} and len(place.getparent()) == 1:
            place = place.getparent()
        text = squeeze(place.text_content())
        if place.tag == "p" and text == squeeze(element.text or "") and place.getnext() is None and place.getprevious() is not None:
            yield text


def _names_above_text(places: _Places) -> Iterator[str]:
    """Texts in bold or italics that are a whole paragraph above the first long paragraph."""
    for element in places.set_off[:20]:
        place = element.getparent()
        if place.tag != "p" or squeeze(place.text_content()) != squeeze(element.text or "") or place.getnext() is None:
            continue
        if all(len(squeeze(before.text_content())) < MAX_BYLINE for before in place.itersiblings("p", preceding=True)):
            yield from (element.text or "").split("/")


def _names_on_date_lines(page: Page) -> Iterator[str]:
    """The other parts, between bars or dashes, of the first line of the article with a full date."""
    dated = (text for text in page.texts if len(text) < _MAX_LINE and ("20" in text or "19" in text))
    for node in islice(filterfalse(is_code, dated), 200):
        line = squeeze(node)
        if len(line) <= MAX_BYLINE and _FULL_DATE.search(line) and _is_of_article(page, containing_element(node)):
            yield from (part for part in re.split(r"\s*[|•·/]\s*|\s[–-]\s|\s(?:von|by|par|por)\s", line) if not any(map(str.isdigit, part)))
            return


def _chinese_bylines(page: Page) -> Iterator[str]:
    """The names in the first text of the article that is, or holds in brackets, a Chinese byline."""
    for text in filterfalse(str.isascii, page.texts):
        names = chinese_byline(text)
        if names and not is_code(text) and _is_of_article(page, containing_element(text)):
            yield from names
            return


def _nicknames(places: _Places) -> Iterator[str]:
    """User names: single words where an author's name is expected."""
    for element in places.classed:
        names = element.get("class", "").split()
        if any(_NICK_CLASS.match(name) for name in names):
            words = without_by(_byline_text(element)).split()
            is_alone = len(words) == 1 or (len(words) > 1 and looks_like_date(" ".join(words[1:])))
            if is_alone and _NICKNAME.match(words[0]) and places.is_of_article(element):
                yield words[0]
    for element in islice((element for element in places.tree.iter("a") if "/author/" in element.get("href", "")), 20):
        name, slug = squeeze(element.text_content()), element.get("href", "").rstrip("/").rpartition("/")[2]
        if name and letters_only(slug) and letters_only(slug) in letters_only(name) and places.is_of_article(element):
            yield name
    for element in places.spoken:
        match = _phrases(_SIGNED).match(squeeze(element.text or ""))
        if match and places.is_of_article(element):
            yield match[1]


def _is_of_article(page: Page, element: lxml.html.HtmlElement) -> bool:
    """Whether `element` belongs to the article: it is in no list of comments or of other articles, no picture's caption and no tag."""
    for place in surroundings(element, shared=page.heading_path):
        if place.tag == "footer" and next(place.iterancestors("article"), None) is not None:
            return True  # an article's own footer names its author
        if place.tag in {"footer", "nav", "figure", "figcaption", "button"} or _is_elsewhere(class_and_id(place)):
            return False
        if _is_tag(place.get("class", "")) or place.get("rel") == "tag":
            return False
    return True


def _in_comment(page: Page, element: lxml.html.HtmlElement) -> bool:
    return any(_is_comment(class_and_id(place)) for place in surroundings(element, shared=page.heading_path))


def _byline_text(element: lxml.html.HtmlElement) -> str:
    name = element.find(".//*[@itemprop='name']")
    inner = name if name is not None else element
    text = squeeze(" ".join(islice(inner.itertext(), 40)))
    return text if len(text) <= MAX_BYLINE else ""


def _first_text(element: lxml.html.HtmlElement) -> str:
    """The first text of a box about the author when it has two or three words, as a name above a biography has; else empty."""
    texts = (text for text in map(squeeze, islice(element.itertext(), 40)) if text and not is_section_label(text) and not is_by(text))
    text = next(texts, "")
    return text if len(text.split()) in {2, 3} else ""


def _first_group(elements: Iterable[lxml.html.HtmlElement]) -> list[lxml.html.HtmlElement]:
    """The first of `elements` and those after it in the same byline, at most 8: later ones name the authors of other articles."""
    group: list[lxml.html.HtmlElement] = []
    place: lxml.html.HtmlElement | None = None
    for element in elements:
        if not element.text_content().strip():
            continue
        if place is None:
            place = element.getparent()
            if place is not None and len(place) == 1 and place.getparent() is not None:
                place = place.getparent()
        elif element.getparent() is not place and element.getparent().getparent() is not place:
            break
        group.append(element)
    return group[:8]
