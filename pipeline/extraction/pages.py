"""Reads an HTML page: decodes and parses its bytes, and collects the declarations of its head.

Pure: bytes in, a frozen `Page` out. On any bytes it raises nothing but MemoryError. It does not read the article's text and does not
decide which of several declarations is right; the module of each field does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, filterfalse, islice
from operator import itemgetter
from typing import Any, NamedTuple

import lxml.etree
import lxml.html

from pipeline.core.out_of_memory import is_out_of_memory
from pipeline.extraction.html.deferred_markup import place_deferred_markup
from pipeline.extraction.html.structured_data import SITE_TYPES, Node, articles_of, nodes_by_id, read_json_ld, types_of, videos_of
from pipeline.text.encodings import decode
from pipeline.text.plain_text import letters_only, squeeze
from pipeline.text.urls import join

HTML_TYPES = frozenset({"text/html", "application/xhtml+xml", "application/vnd.wap.xhtml+xml"})

_NOT_HTML = (b"%PDF-", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"PK\x03\x04", b"\x1f\x8b", b"{", b"[")
_FEED_ROOT = re.compile(rb"<(?:rss|feed|rdf:RDF|urlset|sitemapindex|svg|opml)[\s>]", re.IGNORECASE)

_PLAIN = lxml.etree.ElementDefaultClassLookup(element=lxml.html.HtmlElement)
"""One class for all elements. lxml.html calls a Python function to choose a class for each, which took 5 % of the time to read a page."""
_BREADCRUMBS = re.compile("breadcrumb", re.IGNORECASE)
_SHOWN_TEXTS = lxml.etree.XPath(
    ".//text()[not(ancestor::script or ancestor::style or ancestor::svg or ancestor::noscript or ancestor::template)]"
)
_CLASSES = lxml.etree.XPath("/descendant-or-self::*/@class", smart_strings=False)
_PROPERTIES = lxml.etree.XPath("/descendant-or-self::*/@itemprop")
_TEXTS = lxml.etree.XPath("//body/descendant::text()[normalize-space()]")


@dataclass(frozen=True, eq=False)
class Page:
    """A parsed page. `tree` is shared by all readers of the page and must not be changed; it is None when the page is not HTML.

    `meta` maps the lower-case name of a `<meta>` (`name`, `property`, `itemprop`, `http-equiv`) to its contents in document order.
    `nodes` are all JSON-LD node objects; `articles` are those of the page's own article, or else of its video, the best first. `canonical`,
    `amphtml` and `base` are absolute URLs.
    """

    url: str
    is_html: bool
    encoding: str
    base: str
    tree: lxml.html.HtmlElement | None = None
    meta: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    nodes: tuple[Node, ...] = ()
    articles: tuple[Node, ...] = ()
    canonical: str | None = None
    amphtml: str | None = None
    title_tag: str = ""
    language_tag: str = ""
    markup: bytes | None = None
    """The parsed bytes in lower case; None where they are not known."""

    def mentions(self, *words: bytes) -> bool:
        """Whether one of `words`, in lower case, is in the page's bytes: asked before a search of the whole tree for an attribute."""
        return self.markup is None or any(word in self.markup for word in words)

    @cached_property
    def texts(self) -> list[Any]:
        """The text nodes of the body in document order, without blank ones.

        Scripts and styles are included: testing the few nodes of interest with `is_code` is faster than excluding all of them in XPath.
        """
        found: list[Any] = [] if self.tree is None else _TEXTS(self.tree)
        return found

    @cached_property
    def classes(self) -> frozenset[str]:
        """The distinct values of the `class` attributes; one XPath query is faster than reading the attribute of each element."""
        return frozenset() if self.tree is None else frozenset(_CLASSES(self.tree))

    @cached_property
    def class_text(self) -> str:
        """The distinct values of the `class` attributes on a line each: a search in it is faster than one in each of them."""
        return "\n".join(self.classes)

    @cached_property
    def properties(self) -> Mapping[str, list[lxml.html.HtmlElement]]:
        """The elements with an `itemprop` attribute, by its value, in document order."""
        found: dict[str, list[lxml.html.HtmlElement]] = {}
        for value in _PROPERTIES(self.tree) if self.tree is not None and self.mentions(b"itemprop") else ():
            found.setdefault(str(value), []).append(value.getparent())
        return found

    def elements(self, *tags: str) -> Iterator[lxml.html.HtmlElement]:
        """The elements with these tags in document order, below every root: a broken page has several root elements."""
        if self.tree is None:
            return iter(())
        return chain.from_iterable(root.iter(*tags) for root in (self.tree, *self.tree.itersiblings()))

    @cached_property
    def sites(self) -> tuple[Node, ...]:
        """The JSON-LD nodes of the web site and of the news organisation."""
        return tuple(node for node in self.nodes if types_of(node) & SITE_TYPES)

    @cached_property
    def heading(self) -> lxml.html.HtmlElement | None:
        """The longest `<h1>` or `<h2>` whose text is part of `<title>`, else the first `<h1>`; outside of breadcrumbs and `<nav>`."""
        if self.tree is None:
            return None
        headings = list(islice(self.tree.iter("h1", "h2"), 30))
        title = letters_only(self.title_tag)
        told = [(len(text), one) for one in headings if (text := letters_only(shown_text(one))) and text in title]
        told.sort(key=itemgetter(0), reverse=True)
        candidates = chain((one for _, one in told), (one for one in headings if one.tag == "h1"))
        return next(filterfalse(_is_in_navigation, candidates), None)

    @cached_property
    def heading_path(self) -> frozenset[lxml.html.HtmlElement]:
        """The first headings and their ancestors: an element that contains a heading of the page is no furniture."""
        headings = [] if self.tree is None else list(islice(self.tree.iter("h1"), 5))
        headings += [] if self.heading is None else [self.heading]
        return frozenset(place for heading in headings for place in (heading, *heading.iterancestors()))

    @cached_property
    def _by_id(self) -> Mapping[str, Node]:
        return nodes_by_id(self.nodes)

    def dereference(self, value: Any) -> Any:
        """The JSON-LD node that a bare reference (`{"@id": ...}`) points to; any other value unchanged."""
        if isinstance(value, dict) and "@id" in value and not value.keys() & {"name", "url"}:
            return self._by_id.get(str(value["@id"]), value)
        return value


def read_page(body: bytes, *, url: str, content_type: str | None = None) -> Page:
    """Decode and parse a page and read its head.

    `url` is the URL after redirects, `content_type` the value of the HTTP header. `pipeline.text.encodings` chooses the encoding.
    """
    encoding, text = decode(body, content_type)
    if not _looks_like_html(body, content_type):
        return Page(url=url, is_html=False, encoding=encoding, base=url)
    body = body if text is None else text.encode("utf-8", "replace")
    tree = _parse(body)
    if tree is None:
        return Page(url=url, is_html=False, encoding=encoding, base=url)
    place_deferred_markup(tree, has_templates=b"<template" in body)
    return _read_head(tree, url=url, encoding=encoding, markup=body.lower())


def amp_link(page: Page) -> str | None:
    """The absolute URL of the page's `<link rel="amphtml">`."""
    return page.amphtml


class _Head(NamedTuple):
    """The elements of a page's head as they stand: contents of `<meta>` by name, URLs of `<link>` by relation, JSON-LD blocks."""

    meta: dict[str, list[str]]
    links: dict[str, str]
    json_ld: list[str]
    base: str
    title: str


def _scan_head(tree: lxml.html.HtmlElement, *, url: str) -> _Head:
    meta: dict[str, list[str]] = {}
    links: dict[str, str] = {}
    blocks: list[str] = []
    base, title = url, ""
    for element in tree.iter("meta", "link", "script", "base", "title"):
        get = element.get
        if element.tag == "meta":
            content = (get("content") or get("value") or "").strip()
            for key in ("property", "name", "itemprop", "http-equiv") if content else ():
                name = get(key)
                if name:
                    meta.setdefault(name.strip().lower(), []).append(content)
        elif element.tag == "link":
            address = get("href", "").strip()
            for relation in get("rel", "").lower().split():
                if address and relation in {"canonical", "amphtml", "image_src"}:
                    links.setdefault(relation, address)
        elif element.tag == "script":
            if "ld+json" in get("type", "").lower() and element.text:
                blocks.append(element.text)
        elif element.tag == "base":
            base = (base == url and join(url, get("href", ""))) or base
        elif not title and not _inside_svg(element):
            title = squeeze(element.text_content())
    if "image_src" in links:
        meta.setdefault("image_src", []).append(links["image_src"])
    return _Head(meta, links, blocks, base, title)


def _read_head(tree: lxml.html.HtmlElement, *, url: str, encoding: str, markup: bytes) -> Page:
    meta, links, blocks, base, title = _scan_head(tree, url=url)
    canonical = join(base, links["canonical"]) if "canonical" in links else None
    amphtml = join(base, links["amphtml"]) if "amphtml" in links else None
    nodes = read_json_ld(blocks)
    addresses = [url, canonical or "", *meta.get("og:url", ())]
    articles = articles_of(nodes, addresses)
    if not articles and not any(kind.lower().startswith("article") for kind in meta.get("og:type", ())):
        articles = videos_of(nodes, addresses)
    return Page(
        url=url,
        is_html=True,
        encoding=encoding,
        base=base,
        tree=tree,
        meta={name: tuple(contents) for name, contents in meta.items()},
        nodes=nodes,
        articles=articles,
        canonical=canonical,
        amphtml=amphtml,
        title_tag=title,
        language_tag=next(_language_tags(tree), ""),
        markup=markup,
    )


def _language_tags(tree: lxml.html.HtmlElement) -> Iterator[str]:
    root = tree if tree.tag == "html" else tree.getroottree().getroot()
    for key in ("lang", "xml:lang", "{http://www.w3.org/XML/1998/namespace}lang"):
        value = root.get(key)
        if value and value.strip():
            yield value.strip()


def _inside_svg(element: lxml.html.HtmlElement) -> bool:
    parent = element.getparent()
    return parent is not None and parent.tag in {"svg", "symbol", "g", "path"}


def _parse(body: bytes) -> lxml.html.HtmlElement | None:
    # libxml2 ends the document at a NUL, and without huge_tree at 256 open elements.
    body = body.replace(b"\0", b"")
    parser = lxml.html.HTMLParser(
        encoding="utf-8",
        remove_comments=True,
        remove_pis=True,
        huge_tree=True,
        collect_ids=False,
        default_doctype=False,
    )
    parser.set_element_class_lookup(_PLAIN)
    try:
        tree = lxml.html.document_fromstring(body, parser=parser)
    except (lxml.etree.LxmlError, ValueError, AssertionError) as error:
        if is_out_of_memory(error):
            raise MemoryError from error
        return None
    return tree if isinstance(tree, lxml.html.HtmlElement) and isinstance(tree.tag, str) else None


def _looks_like_html(body: bytes, content_type: str | None) -> bool:
    """Whether the header says HTML and the first bytes do not contradict it; without a header, whether the bytes look like HTML."""
    start = body[:1024].lstrip(b"\xef\xbb\xbf \t\r\n\f")
    if not start or start.startswith(_NOT_HTML):
        return False
    media_type = (content_type or "").partition(";")[0].strip().lower()
    if (
        media_type
        and media_type not in HTML_TYPES
        and media_type not in {"text/plain", "application/octet-stream", "*/*", "text/xml", "application/xml"}
    ):
        return False
    has_html = re.search(rb"<(?:!doctype html|html|head|body|meta|title|article|div|p)[\s>]", body[:20_000], re.IGNORECASE)
    if _FEED_ROOT.search(start) and not re.search(rb"<(?:!doctype html|html)[\s>]", start, re.IGNORECASE):
        return False
    return bool(has_html) or media_type in HTML_TYPES or b"\0" in start


def shown_text(element: lxml.html.HtmlElement) -> str:
    """The text of an element as a reader sees it: without scripts, styles, templates and the titles of SVG icons."""
    if next(element.iter("script", "style", "svg", "noscript", "template"), None) is None:
        return str(element.text_content())
    return "".join(_SHOWN_TEXTS(element))


def containing_element(text: Any) -> lxml.html.HtmlElement:
    """The element that contains a text node of `Page.texts`. To lxml, a text after an element belongs to that element."""
    element = text.getparent()
    return element.getparent() if text.is_tail else element


def is_code(text: Any) -> bool:
    """Whether a text node of `Page.texts` is the content of a script or a style."""
    return containing_element(text).tag in {"script", "style"}


def _is_in_navigation(element: lxml.html.HtmlElement) -> bool:
    """Whether the element is inside `<nav>` or breadcrumbs."""
    return any(
        place.tag == "nav" or _BREADCRUMBS.search(f"{place.get('class', '')} {place.get('id', '')}") for place in element.iterancestors()
    )
