"""Records as RSS 2.0 or Atom (RFC 4287). Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape
from typing import Any
from xml.etree import ElementTree as ET

from pipeline.publishing.exports.links import safe_link
from pipeline.text.control_characters import drop_controls

DUBLIN_CORE = "http://purl.org/dc/elements/1.1/"
ATOM = "http://www.w3.org/2005/Atom"
NO_XML = re.compile(r"[\ufffe\uffff\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class FeedHead:
    """The title of a feed, its permanent id, and the URL of a page about it (None when there is none)."""

    title: str
    id: str
    link: str | None


def rss(head: FeedHead, records: Sequence[Mapping[str, Any]]) -> str:
    """An RSS document with an item for each row of `articles`, in the given order."""
    ET.register_namespace("dc", DUBLIN_CORE)
    root = ET.Element("rss", version="2.0")
    channel = ET.SubElement(root, "channel")
    _text(channel, "title", head.title)
    _text(channel, "link", head.link or head.id)
    _text(channel, "description", head.title)
    if records:
        _text(channel, "lastBuildDate", _mail_date(_newest(records)))
    for record in records:
        item = ET.SubElement(channel, "item")
        _text(item, "title", record["title"])
        _text(item, "link", safe_link(record["webUrl"]))
        _text(item, "guid", record["webUrl"], isPermaLink="false")
        _text(item, "pubDate", _mail_date(record["publishedDateTime"]))
        _text(item, "description", escape(record["excerpt"], quote=False) if record["excerpt"] else None)  # readers take it for HTML
        for topic in record["topics"]:
            _text(item, "category", topic)
        _text(item, f"{{{DUBLIN_CORE}}}creator", record["provider"]["name"])
    return _document(root)


def atom(head: FeedHead, records: Sequence[Mapping[str, Any]]) -> str:
    """An Atom document with an entry for each row of `articles`, in the given order."""
    root = ET.Element("feed", xmlns=ATOM)
    _text(root, "title", head.title)
    _text(root, "id", head.id)
    if head.link is not None:
        ET.SubElement(root, "link", href=head.link)
    _text(root, "updated", _stamp(_newest(records)))
    for record in records:
        entry = ET.SubElement(root, "entry")
        _text(entry, "title", record["title"], type="text")
        _text(entry, "id", record["webUrl"])
        if link := safe_link(record["webUrl"]):
            ET.SubElement(entry, "link", href=link)
        _text(entry, "published", _stamp(record["publishedDateTime"]))
        _text(entry, "updated", _stamp(record["publishedDateTime"]))
        _text(ET.SubElement(entry, "author"), "name", record["provider"]["name"])
        _text(entry, "summary", record["excerpt"], type="text")
        for topic in record["topics"]:
            ET.SubElement(entry, "category", term=_xml(topic))
    return _document(root)


def _text(parent: ET.Element, name: str, value: str | None, **attributes: str) -> None:
    """Add a child with this text to `parent`; without a text add nothing."""
    if value:
        ET.SubElement(parent, name, {key: _xml(one) for key, one in attributes.items()}).text = _xml(value)


def _xml(text: str) -> str:
    """`text` without the characters that XML 1.0 forbids."""
    return NO_XML.sub("\N{REPLACEMENT CHARACTER}", drop_controls(text))


def _newest(records: Sequence[Mapping[str, Any]]) -> datetime:
    return max((record["publishedDateTime"] for record in records), default=datetime.fromtimestamp(0, UTC))


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _mail_date(moment: datetime) -> str:
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def _document(root: ET.Element) -> str:
    ET.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'
