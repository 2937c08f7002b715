"""JSON-LD as pages really write it: read with tolerance, flattened, its article found.

Pure: strings in, plain dictionaries out. Never raises on what a page holds; a block that no repair makes readable gives what
can be salvaged.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, urlsplit

Thing = Mapping[str, Any]
"""A JSON-LD node object."""

ARTICLE_TYPES = frozenset(
    re.findall(
        r"\w+",
        """
        Article NewsArticle ReportageNewsArticle AnalysisNewsArticle AskPublicNewsArticle BackgroundNewsArticle OpinionNewsArticle
        ReviewNewsArticle BlogPosting LiveBlogPosting SocialMediaPosting DiscussionForumPosting TechArticle ScholarlyArticle Report
        AdvertiserContentArticle SatiricalArticle Review CriticReview Recipe Interview
        """,
    )
)
VIDEO_TYPES = frozenset({"VideoObject", "Movie", "Clip", "TVEpisode"})
SITE_TYPES = frozenset({"NewsMediaOrganization", "WebSite"})
PAGE_TYPES = frozenset({"WebPage", "ItemPage", "MediaGallery", "ImageGallery", "CollectionPage", "CreativeWork", "AudioObject"})

_MAX_DEPTH = 12
_MAX_THINGS = 2000
_CDATA = re.compile(r"<!\[CDATA\[|\]\]>|<!--|-->")
_TRAILING_COMMA = re.compile(r",(?=\s*[}\]])")
_BAD_ESCAPE = re.compile(r'\\(?!["\\/bfnrtu])')
_SALVAGED = re.compile(
    r'"(headline|datePublished|dateModified|dateCreated|articleBody|description|inLanguage)"\s*:\s*"((?:[^"\\]|\\.){1,200000})"',
    re.DOTALL,
)
_SALVAGED_AUTHOR = re.compile(r'"author"\s*:\s*[\[{\s]*(?:"@type"\s*:\s*"Person"\s*,\s*)?"name"\s*:\s*"([^"\\]{3,80})"')


def read_json_ld(blocks: Iterable[str]) -> tuple[Thing, ...]:
    """Every node object of a page's JSON-LD blocks, in document order, those nested in others after their parents."""
    found: list[Thing] = []
    for block in blocks:
        for value in _values(block):
            found.extend(_nodes(value, 0))
            if len(found) > _MAX_THINGS:
                return tuple(found[:_MAX_THINGS])
    return tuple(found)


def types_of(thing: Thing) -> frozenset[str]:
    """The names of a node's types without their vocabulary."""
    declared = thing.get("@type", thing.get("type"))
    if isinstance(declared, str):
        return _only_type(declared)
    return frozenset(_bare_type(name) for name in listed(declared) if isinstance(name, str))


@lru_cache(maxsize=1024)
def _only_type(name: str) -> frozenset[str]:
    return frozenset((_bare_type(name),))


@lru_cache(maxsize=1024)
def _bare_type(name: str) -> str:
    return re.split(r"[/#:]", name)[-1].strip()


def articles_of(things: Sequence[Thing], addresses: Sequence[str]) -> tuple[Thing, ...]:
    """The nodes that describe the page's own article, the best first.

    `addresses` are the URLs that the page goes by. A node that names another address as its own is about another page, unless it is the
    only article there; of nodes that name none, the first comes first.
    """
    paths = {_path(address) for address in addresses if address}
    ranked: list[tuple[int, int, Thing]] = []
    articles = [thing for thing in things if types_of(thing) & ARTICLE_TYPES]
    for number, thing in enumerate(articles):
        own = {_path(address) for address in _addresses(thing)}
        if own & paths:
            rank = 0
        elif not own:
            rank = 1
        else:
            rank = 2
        # A review's or list's item without dates or text is not an article in its own right.
        ranked.append((rank + 3 * (not {"headline", "datePublished", "articleBody", "name"} & thing.keys()), number, thing))
    ranked.sort(key=lambda item: item[:2])
    if not ranked:
        return ()
    best = ranked[0][0]
    if best % 3 == 2:
        return (ranked[0][2],) if len(ranked) == 1 or ranked[0][1] == 0 else ()
    return tuple(thing for rank, _, thing in ranked if rank % 3 < 2)


def videos_of(things: Sequence[Thing], addresses: Sequence[str]) -> tuple[Thing, ...]:
    """The nodes of videos that name one of `addresses`, the URLs that the page goes by, as their own: the page is theirs."""
    paths = {_path(address) for address in addresses if address}
    return tuple(thing for thing in things if types_of(thing) & VIDEO_TYPES and paths & set(map(_path, _addresses(thing))))


def first_text(things: Iterable[Thing], *keys: str) -> tuple[str, str] | None:
    """The first non-blank string under any of `keys`, and its key; nodes are asked in order, and each for all keys."""
    for thing in things:
        for key in keys:
            text = text_of(thing.get(key))
            if text:
                return text, key
    return None


def text_of(value: Any) -> str:
    """The string in a JSON-LD value: itself, the first of a list, or `@value`, `name`, `url` of an object."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, list):
        return next((text for text in map(text_of, value) if text), "")
    if isinstance(value, dict):
        return next((text for text in (text_of(value.get(key)) for key in ("@value", "name", "url")) if text), "")
    return ""


def truth_of(value: Any) -> bool | None:
    """The schema.org Boolean in a JSON-LD value: itself, its name in any case, its address, also in a list or `@value`; else None."""
    if isinstance(value, bool):
        return value
    name = text_of(value) if not isinstance(value, list) else next((text_of(item) or str(item) for item in value), "")
    return {"true": True, "false": False}.get(_bare_type(name).lower())


def listed(value: Any) -> list[Any]:
    """`value` as a list: JSON-LD writes one value and many in the same place, and may call many a list or a set."""
    if isinstance(value, dict) and len(value) == 1:
        value = value.get("@list", value.get("@set", value))
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def by_id(things: Iterable[Thing]) -> dict[str, Thing]:
    """Node objects by `@id`; of several with one id, the fullest."""
    index: dict[str, Thing] = {}
    for thing in things:
        identity = thing.get("@id")
        if isinstance(identity, str) and len(thing) > len(index.get(identity, {})):
            index[identity] = thing
    return index


def resolve(value: Any, index: Mapping[str, Thing]) -> Any:
    """The node that a bare reference (`{"@id": ...}`) points to; any other value as it is."""
    if isinstance(value, dict) and isinstance(value.get("@id"), str) and not value.keys() & {"name", "url"}:
        return index.get(value["@id"], value)
    return value


def _values(block: str) -> Iterator[Any]:
    text = block.strip()
    if not text:
        return
    for form in (str, _unwrapped, _repaired):
        try:
            yield json.loads(form(text), strict=False)
        except (ValueError, RecursionError):
            continue
        return
    yield from _concatenated(_repaired(text)) or [_salvage(text)]


def _unwrapped(text: str) -> str:
    """`text` from its first bracket to its last, without CDATA and comment marks."""
    bare = _CDATA.sub("", text)
    start = min((position for position in (bare.find("{"), bare.find("[")) if position >= 0), default=0)
    end = max(bare.rfind("}"), bare.rfind("]"))
    return bare[start : end + 1] if end >= start else bare


def _repaired(text: str) -> str:
    bare = _unwrapped(html.unescape(text) if "&quot;" in text[:200] else text)
    return _BAD_ESCAPE.sub(r"\\\\", _TRAILING_COMMA.sub("", bare))


def _concatenated(text: str) -> list[Any]:
    """The values of a block that holds several one after the other, or one and then garbage."""
    decoder, position = json.JSONDecoder(strict=False), 0
    values: list[Any] = []
    while position < len(text) and len(values) < 20:
        try:
            value, position = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            break
        values.append(value)
        while position < len(text) and text[position] in " \t\r\n,;":
            position += 1
    return values


def _salvage(text: str) -> dict[str, Any]:
    """The first plain values of the keys that matter, from a block that is no JSON."""
    if not re.search(r'"@type"\s*:\s*\[?\s*"\w*(?:Article|BlogPosting)"', text):
        return {}
    thing: dict[str, Any] = {"@type": "Article"}
    for key, value in _SALVAGED.findall(text):
        try:
            thing.setdefault(key, json.loads(f'"{value}"', strict=False))
        except ValueError:
            thing.setdefault(key, value)
    names = _SALVAGED_AUTHOR.findall(text)
    if names:
        thing["author"] = [{"@type": "Person", "name": name} for name in names]
    return thing


def _nodes(value: Any, depth: int) -> Iterator[Thing]:
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, list):
        for item in value[:500]:
            yield from _nodes(item, depth + 1)
    elif isinstance(value, dict):
        if "@type" in value or "@id" in value or "type" in value:
            yield value
        for nested in value.values():
            if isinstance(nested, dict | list):
                yield from _nodes(nested, depth + 1)


def _addresses(thing: Thing) -> Iterator[str]:
    for key in ("url", "mainEntityOfPage", "@id"):
        for value in listed(thing.get(key)):
            address = value if isinstance(value, str) else (value.get("@id") or value.get("url")) if isinstance(value, dict) else None
            if isinstance(address, str) and _is_deep(address):
                yield address


def _is_deep(address: str) -> bool:
    """Whether `address` says which page it is of: a bare home page or fragment is boilerplate."""
    try:
        return address.startswith(("http", "/")) and len(urlsplit(address).path.strip("/")) > 1
    except ValueError:
        return False


def _path(address: str) -> str:
    """What two spellings of one page's address share."""
    try:
        return unquote(urlsplit(address).path).rstrip("/").lower()
    except ValueError:
        return address
