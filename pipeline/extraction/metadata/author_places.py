"""Finds the elements of a page that may name the article's author: marked as such, classed so, or beginning as a byline does.

Pure: reads a `Page`. `authors` decides which of the names are believed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property
from itertools import islice, takewhile

import lxml.etree
import lxml.html

from pipeline.extraction.body.boilerplate import is_section_label
from pipeline.extraction.html import furniture
from pipeline.extraction.html.furniture import class_and_id, surroundings
from pipeline.extraction.metadata.person_names import clean_names, is_by
from pipeline.extraction.pages import Page, containing_element, is_code
from pipeline.text.phrases import phrases_of
from pipeline.text.plain_text import squeeze

MAX_BYLINE = 120
"""Characters of the longest byline; a longer text is a biography."""
MAX_INITIALS = 3
"""Characters of the longest text that can be the initials beside a name."""

_BYLINE_TAGS = frozenset({"a", "span", "p", "div", "address", "li", "strong", "cite", "em", "h4", "td", "ul"})
_BYLINE_STARTS = ("(责", "（责", "责编", "责任", "作者", "记者", "By", "by", "BY", "Vo", "vo", "VO", "Pa", "Po", "Do", "Av", "Af", "Wr",
                  "Au", "au", "Te", "Er", "Ge", "Ve", "Pu", "Ei", "Ав")  # fmt: skip
MAX_LINE = 300
"""Characters of the longest text node that can be a byline, before its white space is squeezed."""
_IDS = lxml.etree.XPath("/descendant-or-self::*/@id", smart_strings=False)
_TEST_IDS = lxml.etree.XPath("/descendant-or-self::*/@data-testid", smart_strings=False)
_RELATIONS = lxml.etree.XPath("/descendant-or-self::*/@rel[. = 'author']/..")
_RELATED = (b'="author"', b"='author'", b"=author", b'= "author"', b"= 'author'")
"""How the mark-up has `rel="author"`."""
_TEXTS = lxml.etree.XPath("descendant::text()")
_VCARDS = lxml.etree.XPath("/descendant-or-self::*/@class[contains(concat(' ', ., ' '), ' fn ') or . = 'author vcard']/..")
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


class AuthorPlaces:
    """The elements of a page that may name its author, each kind found once, on first use."""

    def __init__(self, page: Page) -> None:
        self.tree: lxml.html.HtmlElement = page.tree
        self._page = page

    def is_of_article(self, element: lxml.html.HtmlElement) -> bool:
        """Whether `element` belongs to the page's own article."""
        return is_of_article(self._page, element)

    @cached_property
    def marked(self) -> tuple[list[lxml.html.HtmlElement], ...]:
        """The elements marked as author, in four lists: by `itemprop`, by `rel`, by the class `fn`, by the class `author vcard`."""
        properties = [element for element in self._page.properties.get("author", ())[:40] if not in_comment(self._page, element)]
        relations = [element for element in related_as_author(self._page)[:40] if element.tag != "link" and self.is_of_article(element)]
        has_cards = "fn" in self._page.class_text or "vcard" in self._page.class_text
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
        names = self._page.classes.union(_IDS(self.tree), test_ids)
        joined = "\n".join(names)
        words = [word for word in phrases_of("pipeline.extraction", "byline_names") if word in joined]
        kept = {name for name in names if any(word in name for word in words)}
        elements = self._page.elements(*_BYLINE_TAGS) if kept else ()
        named = (one for one in elements if one.get("class") in kept or one.get("id") in kept or one.get("data-testid") in kept)
        return list(islice(named, 60))

    @cached_property
    def spoken(self) -> list[lxml.html.HtmlElement]:
        """The elements with a text that begins like a byline (`By`, `Von`, `作者`); at most 60."""
        starts = (text for text in self._page.texts if len(text) < MAX_LINE and text.lstrip().startswith(_BYLINE_STARTS))
        return list(dict.fromkeys(containing_element(text) for text in starts if not is_code(text)))[:60]

    @cached_property
    def set_off(self) -> list[lxml.html.HtmlElement]:
        """Short texts in bold or italics; at most 60."""
        elements = self._page.elements("em", "i", "strong", "b", "font")
        return list(islice((element for element in elements if not len(element) and 5 < len(element.text or "") < 40), 60))


def related_as_author(page: Page) -> list[lxml.html.HtmlElement]:
    """The elements with `rel="author"`."""
    found: list[lxml.html.HtmlElement] = _RELATIONS(page.tree) if page.tree is not None and page.mentions(*_RELATED) else []
    return found


def is_of_article(page: Page, element: lxml.html.HtmlElement) -> bool:
    """Whether `element` belongs to the article: it is in no list of comments or of other articles, no picture's caption and no tag."""
    for place in surroundings(element, shared=page.heading_path):
        if place.tag == "footer" and next(place.iterancestors("article"), None) is not None:
            return True  # an article's own footer names its author
        if place.tag in {"footer", "nav", "figure", "figcaption", "button"} or _is_elsewhere(class_and_id(place)):
            return False
        if _is_tag(place.get("class", "")) or place.get("rel") == "tag":
            return False
    return True


def in_comment(page: Page, element: lxml.html.HtmlElement) -> bool:
    """Whether `element` is in a list of comments."""
    return any(_is_comment(class_and_id(place)) for place in surroundings(element, shared=page.heading_path))


def byline_text(element: lxml.html.HtmlElement) -> str:
    """The text of `element`, or of the name that microdata marks in it; empty when it is longer than a byline."""
    name = element.find(".//*[@itemprop='name']")
    inner = name if name is not None else element
    text = squeeze(" ".join(islice(inner.itertext(), 40)))
    return text if len(text) <= MAX_BYLINE else ""


def first_text(element: lxml.html.HtmlElement) -> str:
    """The first text of a box about the author when it has two or three words, as a name above a biography has; else empty."""
    texts = (text for text in map(squeeze, islice(element.itertext(), 40)) if text and not is_section_label(text) and not is_by(text))
    text = next(texts, "")
    return text if len(text.split()) in {2, 3} else ""


def named_parts(element: lxml.html.HtmlElement) -> list[str]:
    """The names in a byline of several texts (name, role, date): the first text, if it is a name, and the names in equal elements.

    Equal are elements of the same tag and class: `<a>Jane Roe</a> <a>John Doe</a> <span>Managing Editor</span>` names two people. Labels,
    words for "by" and initials before the name are skipped.
    """
    texts = [(squeeze(text), containing_element(text)) for text in islice(_TEXTS(element), 40) if len(text.strip()) > MAX_INITIALS]
    texts = [(text, place) for text, place in texts if not is_section_label(text) and not is_by(text)]
    if len(texts) < 2:
        return []
    first = texts[0][1]
    equal = (text for text, place in texts if place.tag == first.tag and place.get("class") == first.get("class"))
    names = [clean_names([text], is_prose=True) for text in dict.fromkeys(equal)]
    return [name for found in takewhile(bool, names) for name in found if len(name.split()) < 4]


def first_group(elements: Iterable[lxml.html.HtmlElement]) -> list[lxml.html.HtmlElement]:
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
