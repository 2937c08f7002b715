"""Parses XML sitemaps and sitemap indexes into entries, with Google's news extension; also gzip, and text files with one URL a line.

Pure: bytes in, a `Sitemap` out. Elements are recognised by their local names, whatever their namespace, because real files misspell it.
An element without a usable URL is only counted; only a document that is not a sitemap raises.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from lxml import etree

from pipeline.core.errors import FeedError
from pipeline.core.models import Entry, Interval, Moment
from pipeline.core.out_of_memory import is_out_of_memory
from pipeline.discovery.broken_xml import local_name, numeric_references, repair_references, without_half_characters
from pipeline.discovery.listings.entry_aliases import without_session
from pipeline.text.content_codings import decode
from pipeline.text.dates.parsing import read_moment
from pipeline.text.plain_text import plain
from pipeline.text.urls import join

MAX_DECODED_BYTES = 50 * 1024 * 1024
"""The limit of the protocol for an uncompressed sitemap (sitemaps.org, "Using Sitemap index files")."""
MAX_URLS = 50_000
"""The limit of the protocol for the URLs of one sitemap; further ones are not read."""

CONTAINERS = frozenset({"urlset", "sitemapindex"})
MAX_PREFACE = 10_000
"""Octets before a document that are skipped, and after it that are searched for its end."""
_START = re.compile(rb"<\?xml\b|<(?:[A-Za-z_][\w.-]{0,63}:)?(?:urlset|sitemapindex)\b", re.IGNORECASE)
_ROOT = re.compile(rb"<(?:[A-Za-z_][\w.-]{0,63}:)?(?:urlset|sitemapindex)\b", re.IGNORECASE)
_END = re.compile(rb"</(?:[A-Za-z_][\w.-]{0,63}:)?(?:urlset|sitemapindex)\s*>", re.IGNORECASE)
_ELEMENT_END = re.compile(rb"</(?:[A-Za-z_][\w.-]{0,63}:)?(?:url|sitemap)\s*>", re.IGNORECASE)
_DECLARATION = re.compile(rb"<\?xml\b[^>]{0,200}\?>", re.IGNORECASE)
GZIP = b"\x1f\x8b"
ZONES = (timedelta(hours=-14), timedelta(hours=12))
"""A day of some time zone begins up to 14 hours before the UTC day of the same date and ends up to 12 hours after it."""
_DAY = re.compile(r"(?<!\d)((?:19|20)\d\d)([-_/.]?)(0[1-9]|1[0-2])\2(0[1-9]|[12]\d|3[01])(?!\d)")
_MONTH = re.compile(r"(?<!\d)((?:19|20)\d\d)[-_/.]?(0[1-9]|1[0-2])(?!\d)")
_QUERY = re.compile(r"[?&](?:yyyy|year)=(\d{4})&(?:mm|month)=(\d{1,2})(?:&(?:dd|day)=(\d{1,2}))?(?!\d)")
DECLARES_ENTITIES = re.compile(rb"<!ENTITY", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ChildSitemap:
    """A sitemap that an index names; `changed` is its lastmod."""

    url: str
    changed: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sitemap:
    """The pages that a sitemap lists and the sitemaps that an index lists. `unlinked` counts elements without a usable URL."""

    entries: tuple[Entry, ...] = ()
    children: tuple[ChildSitemap, ...] = ()
    unlinked: int = 0


def read_sitemap(body: bytes, *, url: str, source_id: str | None) -> Sitemap:
    """The pages and sitemaps that the document at `url` lists, in its order, each URL once.

    Raises FeedError when the document is not a sitemap, declares entities, or exceeds `MAX_DECODED_BYTES`.
    """
    body = without_half_characters(_decompressed(body, url=url))
    if DECLARES_ENTITIES.search(body[:100_000]):
        raise FeedError(f"{url}: refused: the document declares entities")
    body = body[_beginning(body) :]
    if not body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return _read_list(body, url=url, source_id=source_id)
    return _read_xml(body, url=url, source_id=source_id)


def newer_children(sitemap: Sitemap, *, than: datetime) -> tuple[ChildSitemap, ...]:
    """The children that changed at or after `than`, newest first, then those without a lastmod.

    Sitemaps of past months keep their lastmod, so that of thousands of files only a few are fetched.
    """
    wanted = [child for child in sitemap.children if child.changed is None or child.changed >= than]
    return tuple(sorted(wanted, key=lambda child: (child.changed is None, -(child.changed.timestamp() if child.changed else 0), child.url)))


def children_for(sitemap: Sitemap, interval: Interval) -> tuple[ChildSitemap, ...]:
    """The children that may list a page published in `interval`.

    First those whose URL names its day or month, then those that changed after it began, then those that state neither; in each group the
    earliest change first.

    A child whose URL names another day or month is left out whatever its lastmod, because content systems rewrite old sitemaps.
    """
    wanted: list[tuple[int, float, str, ChildSitemap]] = []
    for child in sitemap.children:
        period = period_of(child.url)
        is_named = period is not None and overlaps(period, interval)
        if (period is not None and not is_named) or is_older(child, interval):
            continue
        changed = child.changed.timestamp() if child.changed is not None else 0.0
        wanted.append((0 if is_named else 1 if child.changed is not None else 2, changed, child.url, child))
    return tuple(child for *_, child in sorted(wanted, key=lambda one: one[:3]))


def is_older(child: ChildSitemap, interval: Interval) -> bool:
    """Whether the child, by its URL or lastmod, lists only pages from before `interval`."""
    period = period_of(child.url)
    changed = child.changed
    if changed is not None and changed == changed.replace(hour=0, minute=0, second=0, microsecond=0):
        changed += timedelta(days=1)  # a date without a time: it may have changed until the end of that day
    return (period is not None and period[1] <= interval.start) or (changed is not None and changed < interval.start)


def overlaps(period: tuple[datetime, datetime], interval: Interval) -> bool:
    """Whether the half-open period and the interval share a moment."""
    return period[0] < interval.end and interval.start < period[1]


def period_of(url: str) -> tuple[datetime, datetime] | None:
    """The half-open UTC span of the day or month that a sitemap's URL names, in any time zone; None when it names none."""
    try:
        days = [(int(year), int(month), int(day)) for year, _, month, day in _DAY.findall(url)]
        months = [(int(year), int(month)) for year, month in _MONTH.findall(url)]
        for year, month, day in _QUERY.findall(url):
            if day:
                days.append((int(year), int(month), int(day)))
            else:
                months.append((int(year), int(month)))
        spans = [_span(*named) for named in days] or [_span(*named) for named in months]
    except ValueError:  # 31 February
        return None
    return (min(start for start, _ in spans) + ZONES[0], max(end for _, end in spans) + ZONES[1]) if spans else None


def _span(year: int, month: int, day: int | None = None) -> tuple[datetime, datetime]:
    start = datetime(year, month, day or 1, tzinfo=UTC)
    return start, start + timedelta(days=1) if day else (start + timedelta(days=31)).replace(day=1)


def _decompressed(body: bytes, *, url: str) -> bytes:
    if not body.startswith(GZIP):
        return body
    try:
        plain_body = decode(body, ("gzip",), limit=MAX_DECODED_BYTES + 1, is_text=True)
    except ValueError as error:
        raise FeedError(f"{url}: not a sitemap: {error}") from error
    if len(plain_body) > MAX_DECODED_BYTES:
        raise FeedError(f"{url}: refused: more than {MAX_DECODED_BYTES} bytes when decompressed")
    return plain_body


def _read_list(body: bytes, *, url: str, source_id: str | None) -> Sitemap:
    """A text file with one URL a line (sitemaps.org, "Text file")."""
    lines = body.decode("utf-8-sig", errors="replace").split()
    if not lines or not all(line.lower().startswith(("http://", "https://")) for line in lines[:10]):
        raise FeedError(f"{url}: not a sitemap: neither XML nor a list of URLs")
    found = [_entry(join(url, line), source_id=source_id) for line in lines[:MAX_URLS]]
    return _sitemap(found, [])


def _read_xml(body: bytes, *, url: str, source_id: str | None) -> Sitemap:
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, huge_tree=False, remove_comments=True)
    try:
        root = etree.fromstring(numeric_references(repair_references(_one_document(body))), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        if is_out_of_memory(error):
            raise MemoryError from error
        raise FeedError(f"{url}: not a sitemap: {error}") from error
    kind = local_name(root) if root is not None else ""
    if kind not in CONTAINERS:
        raise FeedError(f"{url}: not a sitemap: its root element is {kind or 'missing'}")
    found: list[Entry | None] = []
    children: list[ChildSitemap | None] = []
    for element in _listed(root):
        if local_name(element) == "url" and len(found) < MAX_URLS:
            found.append(_page(element, url=url, source_id=source_id))
        elif local_name(element) == "sitemap" and len(children) < MAX_URLS:
            children.append(_child(element, url=url))
    return _sitemap(found, children)


def _beginning(body: bytes) -> int:
    """The offset of the document after text that a server printed before it: a warning of PHP, blank lines."""
    start = _START.search(body[:MAX_PREFACE])
    return start.start() if start is not None else 0


def _one_document(body: bytes) -> bytes:
    """The document up to its last whole element where its end is missing; several documents, one after another, in one container."""
    if not _END.search(body[-MAX_PREFACE:]):
        body = body[: max((match.end() for match in _ELEMENT_END.finditer(body)), default=len(body))]
    if len(_ROOT.findall(body)) < 2:
        return body
    return b"<urlset>" + _DECLARATION.sub(b"", body) + b"</urlset>"


def _listed(root: etree._Element) -> Iterator[etree._Element]:
    """The elements of the document in its order, also of containers inside a container, as plugins nest them."""
    waiting = [iter(root)]
    while waiting:
        element = next(waiting[-1], None)
        if element is None:
            waiting.pop()
        elif local_name(element) in CONTAINERS:
            waiting.append(iter(element))
        else:
            yield element


def _page(element: etree._Element, *, url: str, source_id: str | None) -> Entry | None:
    changed = _moment(_text(element, "lastmod"))
    news = next((child for child in element if local_name(child) == "news"), None)
    if news is None:
        return _entry(_link(element, url=url), source_id=source_id, modified=changed)
    publication = next((child for child in news if local_name(child) == "publication"), None)
    keywords = (plain(word) for word in (_text(news, "keywords") or "").split(","))
    return _entry(
        _link(element, url=url),
        source_id=source_id,
        modified=changed,
        published=_moment(_text(news, "publication_date")),
        title=plain(_text(news, "title")) or None,
        language=_text(publication, "language") if publication is not None else None,
        publisher=(plain(_text(publication, "name")) or None) if publication is not None else None,
        keywords=tuple(dict.fromkeys(word for word in keywords if word)),
    )


def _entry(
    link: str | None,
    *,
    source_id: str | None,
    published: Moment | None = None,
    modified: Moment | None = None,
    title: str | None = None,
    language: str | None = None,
    publisher: str | None = None,
    keywords: tuple[str, ...] = (),
) -> Entry | None:
    if link is None:
        return None
    return Entry(
        url=link,
        source_id=source_id,
        via="sitemap",
        title=title,
        published=published,
        modified=modified,
        language=language,
        publisher=publisher,
        keywords=keywords,
    )


def _child(element: etree._Element, *, url: str) -> ChildSitemap | None:
    link = _link(element, url=url)
    changed = _moment(_text(element, "lastmod"))
    return ChildSitemap(link, changed.value if changed is not None else None) if link is not None else None


def _link(element: etree._Element, *, url: str) -> str | None:
    """The URL in the element's `loc`, or in the text of the element itself, as in some indexes."""
    text = (_text(element, "loc") or (element.text or "").strip()).replace("&amp;", "&")  # escaped twice
    link = join(url, text) if text.lower().startswith(("http://", "https://", "/")) else None
    return without_session(link) if link is not None else None


def _moment(text: str | None) -> Moment | None:
    return read_moment(text) if text else None


def _text(element: etree._Element, name: str) -> str | None:
    found = next((child for child in _elements(element) if local_name(child) == name), None)
    return (found.text or "").strip() or None if found is not None else None


def _elements(element: etree._Element) -> Iterator[etree._Element]:
    return (child for child in element if isinstance(child.tag, str))


def _sitemap(found: list[Entry | None], children: list[ChildSitemap | None]) -> Sitemap:
    entries: dict[str, Entry] = {}
    named: dict[str, ChildSitemap] = {}
    for entry in found:
        if entry is not None:
            entries.setdefault(entry.url, entry)
    for child in children:
        if child is not None:
            named.setdefault(child.url, child)
    return Sitemap(tuple(entries.values()), tuple(named.values()), unlinked=sum(one is None for one in [*found, *children]))
