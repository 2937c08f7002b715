"""Reads JSON-LD as pages really write it: parses with repairs, flattens to node objects, finds the node of the page's article.

Pure: strings in, plain dictionaries out. It never raises on a page's content; from a block that cannot be repaired it takes the
properties that a regular expression finds.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, urlsplit

Node = Mapping[str, Any]
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
"""Levels of nested JSON-LD nodes that are read. A plain choice: it bounds the time."""
_MAX_THINGS = 2000
"""JSON-LD nodes that are read of a page. A plain choice: it bounds the time."""
_CDATA = re.compile(r"<!\[CDATA\[|\]\]>|<!--|-->")
_TRAILING_COMMA = re.compile(r",(?=\s*[}\]])")
_BAD_ESCAPE = re.compile(r'\\(?!["\\/bfnrtu])')
_SALVAGED = re.compile(
    r'"(headline|datePublished|dateModified|dateCreated|articleBody|description|inLanguage)"\s*:\s*"((?:[^"\\]|\\.){1,200000})"',
    re.DOTALL,
)
_SALVAGED_AUTHOR = re.compile(r'"author"\s*:\s*[\[{\s]*(?:"@type"\s*:\s*"Person"\s*,\s*)?"name"\s*:\s*"([^"\\]{3,80})"')


def read_json_ld(blocks: Iterable[str]) -> tuple[Node, ...]:
    """Every node object of a page's JSON-LD blocks in document order; nested nodes follow their parents."""
    found: list[Node] = []
    for block in blocks:
        for value in _values(block):
            found.extend(_nodes(value, 0))
            if len(found) > _MAX_THINGS:
                return tuple(found[:_MAX_THINGS])
    return tuple(found)


def types_of(node: Node) -> frozenset[str]:
    """The names of a node's types without the URL or prefix of their vocabulary."""
    declared = node.get("@type", node.get("type"))
    if isinstance(declared, str):
        return _only_type(declared)
    return frozenset(_bare_type(name) for name in as_list(declared) if isinstance(name, str))


@lru_cache(maxsize=1024)
def _only_type(name: str) -> frozenset[str]:
    return frozenset((_bare_type(name),))


@lru_cache(maxsize=1024)
def _bare_type(name: str) -> str:
    return re.split(r"[/#:]", name)[-1].strip()


def articles_of(nodes: Sequence[Node], addresses: Sequence[str]) -> tuple[Node, ...]:
    """The nodes that describe the page's own article, the best first.

    `addresses` are the URLs of the page (fetched, canonical, `og:url`). Nodes with one of these URLs come first, then nodes without a URL
    in document order. A node with another URL describes another page, unless it is the only or the first article node.
    """
    paths = {_path(address) for address in addresses if address}
    ranked: list[tuple[int, int, Node]] = []
    articles = [node for node in nodes if types_of(node) & ARTICLE_TYPES]
    for number, node in enumerate(articles):
        own = {_path(address) for address in _addresses(node)}
        if own & paths:
            rank = 0
        elif not own:
            rank = 1
        else:
            rank = 2
        # A review's or list's item without dates or text is not an article in its own right.
        ranked.append((rank + 3 * (not {"headline", "datePublished", "articleBody", "name"} & node.keys()), number, node))
    ranked.sort(key=lambda item: item[:2])
    if not ranked:
        return ()
    best = ranked[0][0]
    if best % 3 == 2:
        return (ranked[0][2],) if len(ranked) == 1 or ranked[0][1] == 0 else ()
    return tuple(node for rank, _, node in ranked if rank % 3 < 2)


def videos_of(nodes: Sequence[Node], addresses: Sequence[str]) -> tuple[Node, ...]:
    """The video nodes that the page is about: their URL is one of `addresses`, the URLs of the page."""
    paths = {_path(address) for address in addresses if address}
    return tuple(node for node in nodes if types_of(node) & VIDEO_TYPES and paths & set(map(_path, _addresses(node))))


def text_of(value: Any) -> str:
    """The string in a JSON-LD value: itself, the first string of a list, or `@value`, `name` or `url` of an object; else empty."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, list):
        return next((text for text in map(text_of, value) if text), "")
    if isinstance(value, dict):
        return next((text for text in (text_of(value.get(key)) for key in ("@value", "name", "url")) if text), "")
    return ""


def boolean_of(value: Any) -> bool | None:
    """The schema.org Boolean in a JSON-LD value (`true`, `"True"`, `"https://schema.org/True"`, in a list or `@value`); else None."""
    if isinstance(value, bool):
        return value
    name = text_of(value) if not isinstance(value, list) else next((text_of(item) or str(item) for item in value), "")
    return {"true": True, "false": False}.get(_bare_type(name).lower())


def as_list(value: Any) -> list[Any]:
    """`value` as a list: a JSON-LD property holds one value, an array, or an object with `@list` or `@set`. None gives an empty list."""
    if isinstance(value, dict) and len(value) == 1:
        value = value.get("@list", value.get("@set", value))
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def nodes_by_id(nodes: Iterable[Node]) -> dict[str, Node]:
    """Node objects by `@id`; of several with one id, the one with most properties."""
    index: dict[str, Node] = {}
    for node in nodes:
        identity = node.get("@id")
        if isinstance(identity, str) and len(node) > len(index.get(identity, {})):
            index[identity] = node
    return index


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
    """`text` from its first bracket to its last, without the marks of CDATA sections and HTML comments."""
    bare = _CDATA.sub("", text)
    start = min((position for position in (bare.find("{"), bare.find("[")) if position >= 0), default=0)
    end = max(bare.rfind("}"), bare.rfind("]"))
    return bare[start : end + 1] if end >= start else bare


def _repaired(text: str) -> str:
    bare = _unwrapped(html.unescape(text) if "&quot;" in text[:200] else text)
    return _BAD_ESCAPE.sub(r"\\\\", _TRAILING_COMMA.sub("", bare))


def _concatenated(text: str) -> list[Any]:
    """The JSON values at the start of a block that holds several in a row, or one followed by other text; at most 20."""
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
    """An Article node with the first string of each important property, found by regular expression in a block that is not valid JSON."""
    if not re.search(r'"@type"\s*:\s*\[?\s*"\w*(?:Article|BlogPosting)"', text):
        return {}
    node: dict[str, Any] = {"@type": "Article"}
    for key, value in _SALVAGED.findall(text):
        try:
            node.setdefault(key, json.loads(f'"{value}"', strict=False))
        except ValueError:
            node.setdefault(key, value)
    names = _SALVAGED_AUTHOR.findall(text)
    if names:
        node["author"] = [{"@type": "Person", "name": name} for name in names]
    return node


def _nodes(value: Any, depth: int) -> Iterator[Node]:
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


def _addresses(node: Node) -> Iterator[str]:
    for key in ("url", "mainEntityOfPage", "@id"):
        for value in as_list(node.get(key)):
            address = value if isinstance(value, str) else (value.get("@id") or value.get("url")) if isinstance(value, dict) else None
            if isinstance(address, str) and _is_deep(address):
                yield address


def _is_deep(address: str) -> bool:
    """Whether `address` names a page below the home page: many templates put the home page's URL or a fragment on every page."""
    try:
        return address.startswith(("http", "/")) and len(urlsplit(address).path.strip("/")) > 1
    except ValueError:
        return False


def _path(address: str) -> str:
    """The decoded path in lower case without its last slash, equal for the common spellings of one page's URL."""
    try:
        return unquote(urlsplit(address).path).rstrip("/").lower()
    except ValueError:
        return address
