"""Parses feed documents into entries: RSS 0.9x/1.0/2.0, Atom 0.3/1.0, RDF, JSON Feed 1.0/1.1.

Pure: bytes in, a `Feed` out. feedparser reads the XML kinds, always from a BytesIO: given a path or a string it would open files or URLs.
An entry without a usable link is only counted; only a document that is not a feed raises.
"""

from __future__ import annotations

import codecs
import io
import json
import re
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from xml.parsers import expat

import feedparser

from pipeline.core.errors import FeedError
from pipeline.core.models import Entry, Moment
from pipeline.core.out_of_memory import is_out_of_memory
from pipeline.discovery.broken_xml import declare_prefixes, repair_references, without_half_characters
from pipeline.discovery.listings.author_fields import bound_author_fields
from pipeline.discovery.listings.entry_aliases import entry_alias, with_unique_aliases, without_session
from pipeline.discovery.polling import period_s
from pipeline.text.dates.parsing import read_moment, style_of
from pipeline.text.encodings import decode
from pipeline.text.languages import two_letters
from pipeline.text.plain_text import cut_excerpt, plain
from pipeline.text.urls import join

JSON_FEED = re.compile(r"https?://(?:www\.)?jsonfeed\.org/version/")
JSON_ITEMS = re.compile(r'"items"\s*:\s*\[')
JSON_GAP = re.compile(r"[\s,]*")
"""The characters between two items of a JSON Feed."""
ENCODED_JSON = re.compile(rb"^\s*(?:\xef\xbb\xbf)?\s*\{")
HOLDS_ENTITY = re.compile(r"&[^#;\s]+;")
NAMESPACES = {
    "atom": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "feedburner": "http://rssnamespace.org/feedburner/ext/1.0",
    "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
    "media": "http://search.yahoo.com/mrss/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "slash": "http://purl.org/rss/1.0/modules/slash/",
    "sy": "http://purl.org/rss/1.0/modules/syndication/",
    "wfw": "http://wellformedweb.org/CommentAPI/",
}
"""The namespaces of the prefixes that feeds use by convention, for documents that do not declare them."""
UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
MAX_DEPTH = 256
"""Depth of nested elements from which a document is refused. A plain choice: feeds nest about ten deep."""
MAX_ENTITY = 1_000
"""Characters of a declared entity from which a document is refused. A plain choice: honest documents declare letters and names."""
WELL_FORMED_ALL_THE_SAME = (feedparser.NonXMLContentType, feedparser.CharacterEncodingOverride)
"""Complaints of feedparser about the HTTP header of a document that it could read."""


@dataclass(frozen=True, slots=True)
class Feed:
    """A parsed feed. `ill_formed` says how it breaks its format (None: it does not); `unlinked` counts entries without a usable URL."""

    title: str | None
    language: str | None
    entries: tuple[Entry, ...]
    ill_formed: str | None = None
    unlinked: int = 0
    period_s: float = 0.0
    """Seconds between polls that the document asks for (`ttl`, `sy:updatePeriod`), 0 when it asks for none."""
    older: str | None = None
    """The URL of the page with earlier entries of the feed (RFC 5005: `next`, `prev-archive`; JSON Feed: `next_url`)."""


def read_feed(body: bytes, *, url: str, content_type: str | None, source_id: str | None) -> Feed:
    """The entries of a feed document in its own order, their links made absolute against `url`, each URL once.

    `content_type` is the HTTP header, which may name the charset. Raises FeedError when the document is not a feed.
    """
    if ENCODED_JSON.match(body[:200]):
        return _read_json(body, url=url, source_id=source_id)
    return _read_xml(body, url=url, content_type=content_type, source_id=source_id)


def _read_xml(body: bytes, *, url: str, content_type: str | None, source_id: str | None) -> Feed:
    _refuse_hostile(body, url=url)
    given, body = body, without_half_characters(body)
    content_type = _type_as_read(body, content_type if body is given else None)
    body = declare_prefixes(repair_references(body), NAMESPACES)
    repair = None if body == given or given.startswith(UTF16) else "references or prefixes that XML does not define, repaired"
    headers = {"content-location": url}
    if content_type is not None:
        headers["content-type"] = content_type
    bound_author_fields()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of feedparser, about its own mapping of `updated`
        try:
            parsed = feedparser.parse(io.BytesIO(body), response_headers=headers, sanitize_html=False)
        except MemoryError:
            raise
        except Exception as error:  # for hostile documents feedparser passes on errors of any parser
            raise FeedError(f"{url}: not a feed: {type(error).__name__}: {error}") from error
        if not parsed.get("version") and not parsed.entries:
            raise FeedError(f"{url}: not a feed: {_problem(parsed) or 'the document has no feed element'}")
        title, language = plain(parsed.feed.get("title")) or None, parsed.feed.get("language")
        found = [_xml_entry(item, url=url, source_id=source_id, language=language, publisher=title) for item in parsed.entries]
    feed = _feed(title, language, found, ill_formed=_problem(parsed) or repair)
    return replace(feed, period_s=_period_s(parsed.feed), older=_older(parsed.feed, url=url))


def _refuse_hostile(body: bytes, *, url: str) -> None:
    """Raise FeedError for XML that nests too deeply or declares entities within entities. Ill-formed XML passes: feedparser repairs it."""
    depth = 0

    def start(_name: str, _attributes: object) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise FeedError(f"{url}: refused: elements are nested more than {MAX_DEPTH} deep")

    def end(_name: str) -> None:
        nonlocal depth
        depth -= 1

    def declare(name: str, _is_parameter: bool, value: str | None, *_where: str | None) -> None:
        if value is not None and (HOLDS_ENTITY.search(value) or len(value) > MAX_ENTITY):
            raise FeedError(f"{url}: refused: the entity {name} contains others or is too long")

    scanner = expat.ParserCreate()
    scanner.StartElementHandler, scanner.EndElementHandler, scanner.EntityDeclHandler = start, end, declare
    try:
        scanner.Parse(body, True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        if is_out_of_memory(error):
            raise MemoryError from error


def _type_as_read(body: bytes, content_type: str | None) -> str | None:
    """The content type for feedparser: with charset UTF-8 when the bytes are valid UTF-8, whatever the header says.

    RFC 3023 prefers the charset of the header, but servers send the same charset for all files, and bytes beyond ASCII are hardly ever
    valid UTF-8 by chance.
    """
    if body.isascii() or b"\0" in body[:4] or decode(body, content_type)[0] != "utf-8":
        return content_type
    return f"{(content_type or 'application/xml').partition(';')[0].strip()}; charset=utf-8"


def _period_s(feed: Any) -> float:
    ttl, update_period, frequency = (_string(feed.get(name)) for name in ("ttl", "sy_updateperiod", "sy_updatefrequency"))
    return period_s(ttl, update_period=update_period, update_frequency=frequency)


def _older(feed: Any, *, url: str) -> str | None:
    for relation in ("next", "prev-archive"):
        for link in feed.get("links", []):
            if link.get("rel") == relation and link.get("href"):
                return join(url, link["href"])
    return None


def _xml_entry(item: Any, *, url: str, source_id: str | None, language: str | None, publisher: str | None) -> Entry | None:
    link = _xml_link(item, url=url)
    if link is None:
        return None
    published = _xml_moment(item, "published", language)
    updated = _xml_moment(item, "updated", language)
    return Entry(
        url=link,
        source_id=source_id,
        via="feed",
        title=plain(item.get("title")) or None,
        excerpt=_excerpt(item.get("summary")),
        # Atom requires only `updated`; without `published` it is the publication date
        published=published or updated,
        modified=updated,
        authors=_authors(author.get("name") for author in item.get("authors", [])),
        language=item.get("language") or language,
        image=_xml_image(item, url=url),
        keywords=tuple(dict.fromkeys(term for tag in item.get("tags", []) if (term := plain(tag.get("term"))))),
        publisher=publisher,
        alias=entry_alias(item.get("id"), link),
    )


def _xml_link(item: Any, *, url: str) -> str | None:
    candidates = [item.get("feedburner_origlink"), item.get("link")]
    candidates += [link.get("href") for link in item.get("links", []) if link.get("rel") == "alternate"]
    candidates.append(item.get("id") if str(item.get("id", "")).startswith(("http://", "https://")) else None)
    return next((without_session(joined) for candidate in candidates if candidate and (joined := join(url, candidate))), None)


def _xml_image(item: Any, *, url: str) -> str | None:
    candidates: list[Mapping[str, Any]] = [*item.get("media_content", []), *item.get("enclosures", []), *item.get("media_thumbnail", [])]
    for candidate in candidates:
        address = candidate.get("url") or candidate.get("href")
        kind = candidate.get("type") or candidate.get("medium") or "image"
        if address and "image" in kind:
            return join(url, address)
    return None


def _xml_moment(item: Any, name: str, language: str | None) -> Moment | None:
    return _moment(dict.get(item, name), language)  # feedparser's own get() returns `published` where `updated` is missing


def _read_json(body: bytes, *, url: str, source_id: str | None) -> Feed:
    try:
        data, problem = _json_document(body.decode("utf-8-sig"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise FeedError(f"{url}: not a feed: broken JSON: {error}") from error
    items = data.get("items") if isinstance(data, dict) else None
    if not isinstance(items, list) or not JSON_FEED.match(str(data.get("version", ""))):
        raise FeedError(f"{url}: not a feed: JSON without a JSON Feed version and items")
    title, language = _text(data.get("title")), _string(data.get("language"))
    found = [
        _json_entry(item, data, url=url, source_id=source_id, language=language, publisher=title)
        for item in items
        if isinstance(item, dict)
    ]
    older = _string(data.get("next_url"))
    return replace(_feed(title, language, found, ill_formed=problem), older=join(url, older) if older else None)


def _json_document(text: str) -> tuple[Any, str | None]:
    """The value of a JSON document, and its fault: raw control characters in strings (RFC 8259 forbids them), or a missing end.

    If the document breaks off, the complete items are kept. Raises JSONDecodeError when nothing can be read.
    """
    try:
        return json.loads(text), None
    except json.JSONDecodeError as error:
        problem = f"broken JSON: {error}"
    lenient = json.JSONDecoder(strict=False)
    start = JSON_ITEMS.search(text)
    try:
        return lenient.decode(text), problem
    except json.JSONDecodeError:
        if start is None:
            raise
    head = lenient.decode(f"{text[: start.start()].rstrip().rstrip(',')}}}")
    items: list[Any] = []
    at = start.end()
    while True:
        gap = JSON_GAP.match(text, at)
        try:
            item, at = lenient.raw_decode(text, gap.end() if gap is not None else at)
        except json.JSONDecodeError:
            if not items:
                raise
            return {**head, "items": items}, problem
        items.append(item)


def _json_entry(
    item: dict[str, Any], data: dict[str, Any], *, url: str, source_id: str | None, language: str | None, publisher: str | None
) -> Entry | None:
    identity = _string(item.get("id")) or ""
    address = _string(item.get("url")) or _string(item.get("external_url")) or (identity if identity.startswith(("http", "/")) else None)
    link = join(url, address) if address is not None else None
    if link is None:
        return None
    link = without_session(link)
    authors = item.get("authors") or data.get("authors") or []
    if isinstance(item.get("author"), dict):  # JSON Feed 1.0
        authors = [item["author"]]
    modified = _moment(item.get("date_modified"), language)
    image = _string(item.get("image")) or _string(item.get("banner_image"))
    tags = item.get("tags")
    return Entry(
        url=link,
        source_id=source_id,
        via="feed",
        title=_text(item.get("title")),
        excerpt=_excerpt(_string(item.get("summary")) or _string(item.get("content_text")) or _string(item.get("content_html"))),
        published=_moment(item.get("date_published"), language) or modified,
        modified=modified,
        authors=_authors(author.get("name") for author in authors if isinstance(author, dict)) if isinstance(authors, list) else (),
        language=_string(item.get("language")) or language,
        image=join(url, image) if image else None,
        keywords=tuple(dict.fromkeys(plain(tag) for tag in tags if isinstance(tag, str))) if isinstance(tags, list) else (),
        publisher=publisher,
        alias=entry_alias(identity, link),
    )


def _moment(stated: Any, language: str | None) -> Moment | None:
    """The time that a publisher states in the feed's `language`; None where reading the month first would give another day."""
    if not isinstance(stated, str):
        return None
    style = style_of("", two_letters(language))
    moment = read_moment(stated, style)
    return moment if moment == read_moment(stated, replace(style, day_first=False)) else None


def _feed(title: str | None, language: str | None, found: Iterable[Entry | None], *, ill_formed: str | None) -> Feed:
    entries: dict[str, Entry] = {}
    unlinked = 0
    for entry in found:
        if entry is None:
            unlinked += 1
        else:
            entries.setdefault(entry.url, entry)
    whole = with_unique_aliases(tuple(entries.values()))
    return Feed(title=title, language=language, entries=whole, ill_formed=ill_formed, unlinked=unlinked)


def _problem(parsed: Any) -> str | None:
    problem = parsed.get("bozo_exception", "ill-formed") if parsed.get("bozo") else None
    return None if problem is None or isinstance(problem, WELL_FORMED_ALL_THE_SAME) else " ".join(str(problem).split())


def _authors(names: Iterable[Any]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for given in names if isinstance(given, str) and (name := plain(given))))


def _excerpt(markup: str | None) -> str | None:
    return cut_excerpt(plain(markup)) or None if markup else None


def _string(value: Any) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _text(value: Any) -> str | None:
    text = _string(value)
    return plain(text) or None if text else None
