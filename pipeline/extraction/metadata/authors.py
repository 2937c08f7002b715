"""Finds the authors of an article: the places of a page that name them, and which of these names are believed.

Pure: reads a `Page` and its feed entry. An agency, the site itself or its staff is returned only when the page names it as author and
names no person.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Set
from functools import partial
from itertools import filterfalse, islice
from typing import Any

import lxml.html

from pipeline.core.models import Entry
from pipeline.extraction.body.boilerplate import is_section_label
from pipeline.extraction.html.structured_data import as_list, types_of
from pipeline.extraction.metadata.author_places import (
    MAX_BYLINE,
    MAX_LINE,
    AuthorPlaces,
    byline_text,
    first_group,
    first_text,
    is_of_article,
    named_parts,
    related_as_author,
)
from pipeline.extraction.metadata.person_names import (
    chinese_byline,
    chinese_names,
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
from pipeline.text.plain_text import letters_only, squeeze, weight_of

AUTHOR_META = (
    "article:author", "og:article:author", "parsely-author", "sailthru.author", "byl", "dc.creator", "dc:creator",
    "dcterms.creator", "citation_author", "article:author_name", "shareaholic:article_author_name", "cxenseparse:author", "rbauthors",
    "authors", "article.author", "mediator_author", "og:author", "dc.creator.personal", "creator",
)  # fmt: skip
GUESSED_AUTHORS = frozenset({"page.lead", "page.signature"})
"""Sources of authors that no part of the page calls so: bold text above the article or below it."""
_MAX_HOUSE = 5
"""Words of the longest name of a site's staff. A plain choice."""

_phrases = partial(phrase_pattern, "pipeline.extraction")
_BYLINE_START = r"^\W*(?:(?:责编|责任编辑|作者|记者)\s*[:：]\s*|(?:%(byline_starts)s|(?:%(byline_labels)s)\s*:)\s*:?\s+(?=\S))"

_NICK_CLASS = re.compile(r"^(?:(?:post|entry|article|news)[-_]+)?(?:author|byline|autor|username|poster)(?:[-_]+name)?$", re.IGNORECASE)
_FULL_DATE = re.compile(r"\b[0-3]?\d[./][01]?\d[./](?:19|20)\d\d\b|\b(?:19|20)\d\d-\d\d-\d\d\b|\b[0-3]?\d\.? [^\W\d]{3,10} (?:19|20)\d\d\b")
_SIGNED = r"^(?:%(signatures)s)\s+([^\W\d_][\w.\-]{2,24})(?:\s(?:@|(?:on|am|um|at)\b).*)?$"
_NICKNAME = re.compile(r"^[^\W\d_][\w.\-]{2,24}$")

_HAN = re.compile("[\u3400-\u9fff]")
_ABOVE, _BELOW = 12, 4
"""Texts above and below the beginning of the text in which a line of Chinese names is its author's, as on 14 pages of 5 publishers."""
_CHINESE_PROSE = 80
"""Weighted characters from which a text is the beginning of an article. A plain choice."""


def find_authors(page: Page, entry: Entry | None) -> tuple[tuple[str, ...], str]:
    """The names of the authors in the order of the page, and their source; an empty tuple and an empty source when none is found.

    The first source that names a person decides: JSON-LD, `<meta>` without `author`, feed, Chinese bylines, microformats, links to author
    pages, bylines by class or wording, user names, `<meta name="author">`, lines with a date, names in bold above the text, signatures
    below it. When no source names a person, the authors are the first declared organisation (an agency); when there is none, the site or
    its staff if a declaration or a byline names it, under a name of its own, not as `Staff` or `News Desk`. Each of these goes before
    a signature.
    """
    own = {letters_only(name) for name in spellings_of_site(page, entry)} - {""}
    believed = _declared_twice(page, entry) - own
    organisation: tuple[tuple[str, ...], str] = ((), "")
    house: tuple[tuple[str, ...], str] = ((), "")
    shown: tuple[tuple[str, ...], str] = ((), "")
    for source, names, is_prose in _sources(page, entry):
        if not names:
            continue
        if source == "page.signature" and (organisation[0] or house[0] or shown[0]):
            break
        found = clean_names(names, is_prose=is_prose, believed=believed)
        people = tuple(
            name
            for name in found
            if letters_only(name) in believed or (letters_only(name) not in own and not names_staff(name) and not names_organisation(name))
        )
        if people:
            return _spelled_out(people, page), source
        if is_prose:
            newsroom = _names_of_house(names, own) if not shown[0] else ()
            shown = (newsroom, source) if newsroom else shown
            continue
        agencies = tuple(name for name in found if letters_only(name) not in own and not names_staff(name))
        organisation = organisation if organisation[0] or not agencies else (agencies, source)
        named = tuple(name for name in found if not is_staff_label(name))
        house = house if house[0] or not named else (named, source)
    return next((found for found in (organisation, house, shown) if found[0]), ((), ""))


def _names_of_house(bylines: Iterable[str], own: Set[str]) -> tuple[str, ...]:
    """The names in bylines that are the site's own (`own`, in letters), or a staff that the byline names (`Valley Times Team`)."""
    names = (name for name in clean_names(bylines) if len(name.split()) <= _MAX_HOUSE and not is_staff_label(name))
    return tuple(name for name in names if names_staff(name) or letters_only(name) in own)[:1]


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
    linked = [squeeze(element.text_content()) for element in related_as_author(page)[:10]]
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
    for _, names, _ in _marked(AuthorPlaces(page)):
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
    places = None if page.tree is None else AuthorPlaces(page)
    if places is not None:
        yield from _marked(places)
        yield from _bylines(places)
        yield "page.nickname", list(islice(_nicknames(places), 1)), False
    yield "meta.author", [content for content in page.meta.get("author", ()) if "://" not in content], False
    if places is not None:
        yield "page.byline", list(_names_on_date_lines(page)), True
        if _HAN.search(page.title_tag):
            yield "page.lead", list(_chinese_names_above(page)), False
        yield "page.lead", list(islice(_names_above_text(places), 2)), True
        yield "page.signature", list(islice(_signatures(places), 1)), True


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


def _marked(places: AuthorPlaces) -> Iterator[tuple[str, list[str], bool]]:
    for elements in places.marked:
        yield "page.author", [byline_text(element) for element in first_group(elements)], False
        yield "page.author", [element.get("content", "") for element in elements[:5]], False
    everywhere = "\n".join(address for _, address in places.links)
    paths = [path for path in phrases_of("pipeline.extraction", "author_paths") if path in everywhere]
    links = (element for element, address in places.links if any(path in address for path in paths) and places.is_of_article(element))
    yield "page.author", [name for element in first_group(islice(links, 20)) for name in _names_in(element)], True


def _names_in(link: lxml.html.HtmlElement) -> list[str]:
    return named_parts(link) or [squeeze(link.text_content())]


def _bylines(places: AuthorPlaces) -> Iterator[tuple[str, list[str], bool]]:
    for element in places.classed:
        text = byline_text(element) or first_text(element)
        if 3 <= len(text) <= MAX_BYLINE and places.is_of_article(element):
            yield "page.byline", named_parts(element) or [text], True
    for element in places.spoken:
        text = byline_text(element) or squeeze(element.text or "")
        if 3 <= len(text) <= MAX_BYLINE and _phrases(_BYLINE_START).match(text) and places.is_of_article(element):
            yield "page.byline", [text], True
    yield "page.byline", list(islice(_labelled(places), 3)), True


def _labelled(places: AuthorPlaces) -> Iterator[str]:
    """The text after an element whose whole text is a label such as "Author:" or "Von"."""
    for element in places.spoken:
        if not len(element) and is_by(element.text or "") and places.is_of_article(element):
            following = element.getnext()
            text = squeeze(element.tail or "") or (squeeze(following.text_content()) if following is not None else "")
            if 3 <= len(text) <= MAX_BYLINE:
                yield text


def _signatures(places: AuthorPlaces) -> Iterator[str]:
    """Texts in bold or italics that are the whole last paragraph of an article: signatures."""
    for element in places.set_off:
        place = element
        while place.getparent() is not None and place.tag not in {"p", "div", "td"} and len(place.getparent()) == 1:
            place = place.getparent()
        text = squeeze(place.text_content())
        if place.tag == "p" and text == squeeze(element.text or "") and place.getnext() is None and place.getprevious() is not None:
            yield text


def _names_above_text(places: AuthorPlaces) -> Iterator[str]:
    """Texts in bold or italics that are a whole paragraph above the first long paragraph."""
    for element in places.set_off[:20]:
        place = element.getparent()
        if place.tag != "p" or squeeze(place.text_content()) != squeeze(element.text or "") or place.getnext() is None:
            continue
        if all(len(squeeze(before.text_content())) < MAX_BYLINE for before in place.itersiblings("p", preceding=True)):
            yield from (part for part in (element.text or "").split("/") if not is_section_label(part))


def _names_on_date_lines(page: Page) -> Iterator[str]:
    """The other parts, between bars or dashes, of the first line of the article with a full date."""
    dated = (text for text in page.texts if len(text) < MAX_LINE and ("20" in text or "19" in text))
    for node in islice(filterfalse(is_code, dated), 200):
        line = squeeze(node)
        if len(line) <= MAX_BYLINE and _FULL_DATE.search(line) and is_of_article(page, containing_element(node)):
            yield from (part for part in re.split(r"\s*[|•·/]\s*|\s[–-]\s|\s(?:von|by|par|por)\s", line) if not any(map(str.isdigit, part)))
            return


def _chinese_bylines(page: Page) -> Iterator[str]:
    """The names in the first text of the article that is, or holds in brackets, a Chinese byline."""
    for text in filterfalse(str.isascii, page.texts):
        names = chinese_byline(text)
        if names and not is_code(text) and is_of_article(page, containing_element(text)):
            yield from names
            return


def _chinese_names_above(page: Page) -> Iterator[str]:
    """The names on lines of Chinese names just above or below the beginning of the text, outside of links."""
    lines = [(squeeze(text), text) for text in page.texts if not is_code(text)]
    start = next((number for number, (line, _) in enumerate(lines) if weight_of(line) >= _CHINESE_PROSE), len(lines))
    for line, text in lines[max(0, start - _ABOVE) : start + _BELOW]:
        place = containing_element(text) if chinese_names(line) else None
        if place is not None and place.tag != "a" and is_of_article(page, place):
            yield from chinese_names(line)


def _nicknames(places: AuthorPlaces) -> Iterator[str]:
    """User names: single words where an author's name is expected."""
    for element in places.classed:
        names = element.get("class", "").split()
        if any(_NICK_CLASS.match(name) for name in names):
            words = without_by(byline_text(element)).split()
            is_alone = len(words) == 1 or (len(words) > 1 and looks_like_date(" ".join(words[1:])))
            if is_alone and _NICKNAME.match(words[0]) and places.is_of_article(element):
                yield words[0]
    for element in islice((element for element, _ in places.links if "/author/" in element.get("href", "")), 20):
        name, slug = squeeze(element.text_content()), element.get("href", "").rstrip("/").rpartition("/")[2]
        if name and letters_only(slug) and letters_only(slug) in letters_only(name) and places.is_of_article(element):
            yield name
    for element in places.spoken:
        match = _phrases(_SIGNED).match(squeeze(element.text or ""))
        if match and places.is_of_article(element):
            yield match[1]
