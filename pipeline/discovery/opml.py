"""OPML subscription lists (OPML 2.0) in and out. Pure: bytes to outlines, sources to bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lxml import etree

from pipeline.core.catalogue import Source
from pipeline.core.errors import FeedError
from pipeline.text.plain_text import plain

FEED_KINDS = frozenset({"rss", "atom", "json", "rdf", "include", ""})


@dataclass(frozen=True, slots=True)
class Outline:
    """A subscription: the feed's URL, its title, and the titles of the folders that hold it, outermost first."""

    url: str
    title: str
    site: str | None
    folders: tuple[str, ...]


def read_opml(data: bytes, *, path: str) -> tuple[Outline, ...]:
    """The subscriptions of an OPML document in its order, each feed once. Raises FeedError naming `path` when it is no OPML."""
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise FeedError(f"{path}: not OPML: {error}") from error
    if root is None or etree.QName(root).localname.lower() != "opml":
        raise FeedError(f"{path}: not OPML: its root element is {'missing' if root is None else root.tag}")
    body = next((child for child in root if child.tag == "body"), None)
    outlines: dict[str, Outline] = {}
    for outline in _outlines(body, ()) if body is not None else ():
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
        if child.tag != "outline":
            continue
        attributes = {name.lower(): value for name, value in child.attrib.items()}
        title = plain(attributes.get("title") or attributes.get("text"))
        url = (attributes.get("xmlurl") or "").strip()
        if url.startswith(("http://", "https://")) and attributes.get("type", "").lower() in FEED_KINDS:
            yield Outline(url, title or url, (attributes.get("htmlurl") or "").strip() or None, folders)
        yield from _outlines(child, (*folders, title) if title and not url else folders)
