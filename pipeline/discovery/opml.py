"""Reads and writes OPML 2.0 subscription lists. Pure: bytes to outlines, sources to bytes.

Elements are recognised by their local names. Deviations of other programs are accepted: bare ampersands, `feed:` URLs, any `type`.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lxml import etree

from pipeline.core.catalogue import Source
from pipeline.core.errors import FeedError
from pipeline.discovery.broken_xml import local_name, numeric_references, repair_references, without_half_characters
from pipeline.text.plain_text import plain
from pipeline.text.urls import join, without_credentials

FEED_SCHEMES = {"feed": "http", "feeds": "https", "rss": "http", "itpc": "http", "pcast": "http", "podcast": "http"}
"""Schemes that desktop readers use for feeds, and the scheme with which such a URL is fetched."""
_FEED_SCHEME = re.compile(r"(" + "|".join(FEED_SCHEMES) + r"):(?://)?", re.IGNORECASE)
_STATED = re.compile(rb"\bxmlurl\s{0,9}=\s{0,9}(?:\"([^\"<>]{1,2000})\"|'([^'<>]{1,2000})')", re.IGNORECASE)
_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)
_WEB_ADDRESS = re.compile(r"(https?)://([^/?#]+)", re.IGNORECASE)
NOT_FEEDS = frozenset({"include", "link"})
"""Types of outlines whose `url` is another list or a page (OPML 2.0); an `xmlUrl` beside it is still a feed."""


@dataclass(frozen=True, slots=True)
class Outline:
    """A subscription: the feed's URL, its title, and the titles of the folders that hold it, outermost first.

    `problem` says why it cannot be followed (None: it can); `url` is then the text that the outline has as the address.
    """

    url: str
    title: str
    site: str | None
    folders: tuple[str, ...]
    problem: str | None = None


def read_opml(data: bytes, *, path: str) -> tuple[Outline, ...]:
    """The subscriptions of an OPML document in its order, each feed once; one that cannot be followed has a `problem`.

    Raises FeedError, which names `path`, when the document is not OPML.
    """
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, huge_tree=False)
    data = repair_references(without_half_characters(data))
    try:
        root = etree.fromstring(numeric_references(data), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise FeedError(f"{path}: not OPML: {error}") from error
    if root is None or local_name(root) != "opml":
        raise FeedError(f"{path}: not OPML: its root element is {'missing' if root is None else local_name(root) or root.tag}")
    outlines: dict[str, Outline] = {}
    for outline in (*_outlines(root, ()), *_outlines_lost(data)):
        outlines.setdefault(outline.url, outline)
    return tuple(outlines.values())


def write_opml(sources: Iterable[Source], *, title: str) -> bytes:
    """The sources' feeds as OPML 2.0, in folders by topic, in the given order."""
    root = etree.Element("opml", version="2.0")
    etree.SubElement(etree.SubElement(root, "head"), "title").text = title
    body = etree.SubElement(root, "body")
    folders: dict[str, etree._Element] = {}
    for source in sources:
        if source.topic not in folders:
            folders[source.topic] = etree.SubElement(body, "outline", text=source.topic, title=source.topic)
        for url in source.feeds:
            attributes = {"type": "rss", "text": source.name, "title": source.name, "xmlUrl": url}
            etree.SubElement(folders[source.topic], "outline", attributes)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def _outlines(element: etree._Element, folders: tuple[str, ...]) -> Iterator[Outline]:
    for child in element:
        name = local_name(child)
        if name != "outline":
            yield from _outlines(child, folders) if name in ("opml", "body") else ()
            continue
        attributes = {key.rpartition("}")[2].rpartition(":")[2].lower(): value.strip() for key, value in child.attrib.items()}
        title = plain(attributes.get("title") or attributes.get("text"))
        outline = _outline(attributes, title, folders, is_folder=len(child) > 0)
        if outline is not None:
            yield outline
        yield from _outlines(child, (*folders, title) if title and outline is None else folders)


def _outlines_lost(data: bytes) -> Iterator[Outline]:
    """A subscription for every feed address in the document's text: the parser drops an outline with a quotation mark in its title."""
    for match in _STATED.finditer(_COMMENT.sub(b"", data)):
        stated = html.unescape((match[1] or match[2]).decode("utf-8", errors="replace")).strip()
        if stated:
            yield _followed(stated, "", None, ())


def _outline(attributes: dict[str, str], title: str, folders: tuple[str, ...], *, is_folder: bool) -> Outline | None:
    """The subscription in an outline's attributes (names in lower case); None for a folder or a note, which have no URL."""
    kind, site = attributes.get("type", "").lower(), attributes.get("htmlurl") or None
    stated = attributes.get("xmlurl") or (attributes.get("url") if kind not in NOT_FEEDS else None)
    if not stated:
        elsewhere = None if is_folder else attributes.get("url") or site or (title if kind or "xmlurl" in attributes else None)
        problem = f"an outline of type {kind} has no feed address" if kind else "it has no feed address"
        return Outline(elsewhere, title or elsewhere, site, folders, problem) if elsewhere else None
    return _followed(stated, title, site, folders)


def _followed(stated: str, title: str, site: str | None, folders: tuple[str, ...]) -> Outline:
    """The subscription to the feed at the address `stated`, with its problem where that cannot be fetched."""
    url = feed_address(stated)
    if url is None:
        return Outline(stated, title or stated, site, folders, "its address is no http or https URL")
    shown = without_credentials(url)
    if shown != url:
        return Outline(shown, title or shown, site, folders, "its address holds a name and a password")
    return Outline(url, title or url, site, folders)


def feed_address(stated: str) -> str | None:
    """The http or https URL of a feed's address: `feed://host/` is `http://host/`, `feed:https://host/` is `https://host/`.

    Scheme and host are in lower case, `//host/` is taken for https, and an ampersand that was escaped twice is one. None for what is no
    such address.
    """
    stated = f"https:{stated}" if stated.startswith("//") else stated
    stated = stated.replace("&amp;", "&")
    scheme = _FEED_SCHEME.match(stated)
    if scheme is not None:
        rest = stated[scheme.end() :]
        stated = rest if _WEB_ADDRESS.match(rest) else f"{FEED_SCHEMES[scheme[1].lower()]}://{rest}"
    web = _WEB_ADDRESS.match(stated)
    if web is None:
        return None
    address = f"{web[1].lower()}://{web[2].lower()}{stated[web.end() :]}"
    return join(address, address)
