"""Finds candidates for an article's lead image: the picture URLs that its page and its feed entry declare.

Pure: reads a `Page` and does not change it. It never looks at a picture's bytes, which `pipeline.extraction.images` does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache, partial
from itertools import chain, islice
from urllib.parse import unquote, urlsplit

import lxml.etree
import lxml.html

from pipeline.core.models import Entry, ImageCandidate
from pipeline.extraction.html.structured_data import Node, as_list, text_of
from pipeline.extraction.pages import Page
from pipeline.text.phrases import phrase_pattern
from pipeline.text.plain_text import decode_entities
from pipeline.text.urls import join

MAX_LEAD_IMAGES = 5
"""Candidates for the lead image of a page. A plain choice: it bounds the requests for one page."""
SMALL_SIDE = 100
"""Pixels up to which the declared side of an `<img>` is that of an icon or a button. It is low, because mark-up declares sizes in the
layout."""

_TWITTER_IMAGE = ("twitter:image", "twitter:image:src", "twitter:image0")
_OTHER_IMAGE = ("image_src", "image", "thumbnailurl", "parsely-image-url", "sailthru.image.full", "thumbnail")
_SOURCES = ("data-src", "data-original", "data-lazy-src", "data-image", "src")
_NO_PICTURE = re.compile(
    r"^data:|\.(?:svgz?|ico|css|js|html?|php|mp4|mp3|m3u8|pdf|swf)$|(?:^|/)(?:null|undefined|none|false)$|\{\{|\$\{", re.IGNORECASE
)
_PROGRAM = re.compile(r"\.php$", re.IGNORECASE)
_PICTURE_FILE = re.compile(r"\.(?:jpe?g|png|webp|gif|avif)(?![a-z])", re.IGNORECASE)
"""The ending of a picture's file name; also in a query, because programs that scale pictures get it there (`thumb.php?src=bridge.jpg`)."""
_ONE_ADDRESS = re.compile(
    r"\s*(?:https?:/|\.{0,2}/|[\w-]+/)[^\s{}\"'<>]{1,500}\.(?:jpe?g|png|webp|avif)(?:[?#!][^\s{}\"'<>]*)?\s*$", re.IGNORECASE
)
_BACKGROUND = re.compile(r"background(?:-image)?\s*:[^;]{0,200}?url\(\s*[\"']?([^\"')]{1,500})", re.IGNORECASE)
_MIN_STEM = 4
"""Characters of a picture's file name without its ending; placeholders have shorter names."""
_furniture = partial(
    phrase_pattern,
    "pipeline.extraction",
    r"(?:^|[^a-z])(?:%(picture_furniture)s)(?![a-z])|^1x1(?![a-z\d])|(?:^|[^a-z])pixel(?=$|\.[a-z]{3,4}$|[^a-z]*1x1)"
    r"|^(?:%(picture_defaults)s)(?![a-z])|(?:%(picture_defaults)s)[-_]?(?:%(default_of)s)|(?:%(of_default)s)[-_](?:%(picture_defaults)s)(?![a-z])",
    ignores_case=False,
)
"""Matched against file names in lower case."""
_LOGO = re.compile(r"(?:^|[^a-z])(?:[a-z]{0,12}logos?|logotype|brand(?:ing)?|wordmark|masthead)(?![a-z])", re.IGNORECASE)
_THUMBNAIL = re.compile(r"/(?:thumbs?|thumbnails?)/", re.IGNORECASE)
_SITE_WIDE = re.compile(
    r"^(?:(?:og|fb|facebook|twitter|social|share|sharing|site|opengraph|open-graph)[-_]?(?:image|img|card|share|sharing|logo|default|banner|thumb(?:nail)?|preview)?"
    r"|(?:image|thumb)[-_]?(?:facebook|twitter|social|default))[-_0-9x]*$",
    re.IGNORECASE,
)
_tracker_host = partial(
    phrase_pattern, "pipeline.extraction", r"(?:^|\.)(?:%(tracker_hosts)s)\.(?:com|net|org|de|it)$|^pixel[.-]|^stats?\."
)
_IN_MAIN_ROLE = lxml.etree.XPath("/descendant-or-self::*/@role[. = 'main']/..")
_MAIN_ROLE = (b'="main"', b"='main'", b"=main", b'= "main"', b"= 'main'")
"""How the mark-up has `role="main"`."""
_BETWEEN_SOURCES = re.compile(r"(?<=\d[wx]),\s*|,\s+")
"""The comma between the entries of a `srcset`: URLs contain commas too, but none before a space or after a width."""
_FEW_WORDS = 4
"""Words up to which a file name with `logo` names a site's logo; longer names are those of pictures of an event."""


def lead_images(page: Page, entry: Entry | None) -> tuple[ImageCandidate, ...]:
    """At most `MAX_LEAD_IMAGES` candidates for the lead image, the best first.

    The order is JSON-LD, Open Graph, Twitter card, older `<meta>` and `<link>`, `<img>` elements of the article, the feed entry. Logos,
    buttons, trackers and site-wide defaults are left out by their URLs. A URL that is declared twice counts once, with the first size
    declared for it.
    """
    found: dict[str, ImageCandidate] = {}
    for candidate in _candidates(page, entry):
        known = found.get(candidate.url)
        if known is None:
            if len(found) == MAX_LEAD_IMAGES:
                break
            found[candidate.url] = candidate
        elif known.width is None and candidate.width is not None:
            found[candidate.url] = replace(known, width=candidate.width, height=candidate.height)
    return tuple(_full_sizes_first(list(found.values())))


def _full_sizes_first(candidates: list[ImageCandidate]) -> list[ImageCandidate]:
    """The candidates, with the full-size file of a leading thumbnail, or a still picture from the source of a leading GIF, before it."""
    if not candidates:
        return []
    first = candidates[0]
    name = urlsplit(first.url).path.rpartition("/")[2]
    for other in candidates[1:]:
        path = urlsplit(other.url).path
        is_full = _THUMBNAIL.search(urlsplit(first.url).path) and path.rpartition("/")[2] == name and not _THUMBNAIL.search(path)
        is_still = name.lower().endswith(".gif") and other.source == first.source and not path.lower().endswith(".gif")
        if is_full or is_still:
            return [other, *(one for one in candidates if one is not other)]
    return candidates


def _candidates(page: Page, entry: Entry | None) -> Iterator[ImageCandidate]:
    logos = {text_of(logo.get("url") or logo.get("contentUrl")) for logo in _logos(page)}
    named = (
        *_json_ld_images(page),
        *_open_graph_images(page),
        *((url, None, None, "twitter.image") for name in _TWITTER_IMAGE for url in page.meta.get(name, ())),
        *((url, None, None, f"meta.{name}") for name in _OTHER_IMAGE for url in page.meta.get(name, ())),
    )
    for address, width, height, source in chain(
        named, _article_images(page), [(entry.image, None, None, "feed.image")] if entry and entry.image else []
    ):
        url = join(page.base, decode_entities(address))
        if url and url not in {page.url, page.base} and address not in logos and is_picture_address(url):
            yield ImageCandidate(url=url, width=width, height=height, source=source)


@lru_cache(maxsize=1024)
def is_picture_address(url: str) -> bool:
    """Whether `url` can be that of a lead image, and not of a logo, button, tracker, placeholder or site-wide default."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    path = unquote(parts.path)
    is_program = _PROGRAM.search(path) and _PICTURE_FILE.search(unquote(parts.query))
    if _tracker_host().search(host) or (_NO_PICTURE.search(path) and not is_program) or len(path) < 2:
        return False
    segments = [segment for segment in path.split("/") if segment]
    name = segments[-1] if segments else ""
    stem = re.sub(r"\.[A-Za-z]{3,4}$", "", name)
    if _is_furniture(name) or _SITE_WIDE.match(stem):
        return False
    return not (_LOGO.search(stem) and len(re.findall(r"[a-z]{2,}", stem, re.IGNORECASE)) <= _FEW_WORDS)


@lru_cache(maxsize=1024)
def _is_furniture(name: str) -> bool:
    return bool(_furniture().search(name.lower()))


def _logos(page: Page) -> Iterator[Node]:
    publishers = [page.dereference(publisher) for article in page.articles for publisher in as_list(article.get("publisher"))]
    for node in (*page.nodes, *(publisher for publisher in publishers if isinstance(publisher, dict))):
        for logo in as_list(node.get("logo")):
            referenced = page.dereference(logo)
            if isinstance(referenced, dict):
                yield referenced
            elif isinstance(logo, str):
                yield {"url": logo}


_Declared = tuple[str, int | None, int | None, str]


def _json_ld_images(page: Page) -> Iterator[_Declared]:
    for article in page.articles:
        for key in ("image", "thumbnailUrl", "primaryImageOfPage", "video"):
            for value in as_list(article.get(key))[:5]:
                node = page.dereference(value)
                if isinstance(node, str):
                    yield node, None, None, f"jsonld.{key}"
                elif isinstance(node, dict):
                    address = (
                        text_of(node.get("contentUrl") if key != "video" else None) or text_of(node.get("url")) or text_of(node.get("@id"))
                    )
                    if key == "video":
                        address = text_of(node.get("thumbnailUrl") or node.get("thumbnail"))
                    if address:
                        yield address, pixels(node.get("width")), pixels(node.get("height")), f"jsonld.{key}"


def _open_graph_images(page: Page) -> Iterator[_Declared]:
    for name in ("og:image", "og:image:url", "og:image:secure_url"):
        for number, address in enumerate(page.meta.get(name, ())[:5]):
            # The n-th size is taken as that of the n-th image; when sizes are missing, the last images have none.
            sizes = [page.meta.get(f"og:image:{side}", ()) for side in ("width", "height")]
            width, height = (pixels(size[number]) if len(size) > number else None for size in sizes)
            yield address, width, height, "og.image"


def _article_images(page: Page) -> Iterator[_Declared]:
    """The `<img>` elements below the article's element that are not declared small, then its background pictures."""
    place = _article_element(page)
    if place is None:
        return
    for image in islice(place.iter("img", "amp-img"), 60):
        attributes = image.attrib
        address = next(
            (attributes[key] for key in _SOURCES if attributes.get(key, "").strip() and not attributes[key].startswith("data:")), ""
        ) or _widest(attributes.get("data-srcset") or attributes.get("srcset") or "")
        if not address or not _has_picture_name(address):
            address = _lazy_address(image) or address
        if not address or _is_furniture(f"{attributes.get('class', '')} {attributes.get('id', '')}"):
            continue
        width, height = pixels(attributes.get("width")), pixels(attributes.get("height"))
        if (width is not None and width <= SMALL_SIDE) or (height is not None and height <= SMALL_SIDE):
            continue
        yield address, width, height, "page.img"
    for element in islice(place.iter("source", "div", "figure", "section", "a", "span"), 200):
        behind = _BACKGROUND.search(element.get("style", ""))
        address = behind[1] if behind is not None and _PICTURE_FILE.search(behind[1]) else _lazy_address(element)
        if address and not _is_furniture(f"{element.get('class', '')} {element.get('id', '')}"):
            yield address, None, None, "page.background"


def _has_picture_name(address: str) -> bool:
    """Whether a file's name is more than that of a placeholder (`px.png`, `spacer.gif`)."""
    name = address.partition("?")[0].rpartition("/")[2]
    return len(re.sub(r"\.[A-Za-z]{3,4}$", "", name)) >= _MIN_STEM and not _is_furniture(name)


def _lazy_address(element: lxml.html.HtmlElement) -> str:
    """The first `data-*` attribute that is the address of a picture file, or the widest of a list of them; empty when there is none."""
    for name, value in element.items():
        if name.startswith("data-") and _ONE_ADDRESS.match(value):
            return str(value).strip()
        if name.startswith("data-") and _PICTURE_FILE.search(value) and _ONE_ADDRESS.match(widest := _widest(value)):
            return widest
    return _widest(element.get("srcset", "")) if element.tag == "source" and _PICTURE_FILE.search(element.get("srcset", "")) else ""


def _widest(sources: str) -> str:
    """The URL of the largest picture in a `srcset` (`a.jpg 320w, b.jpg 2x`), the first of equals; empty when there is none."""
    found = [source.split() for source in _BETWEEN_SOURCES.split(sources) if source.strip()]
    return max(found, key=_width)[0].strip(",") if found else ""


def _width(source: list[str]) -> float:
    match = re.fullmatch(r"(\d{1,5}(?:\.\d{1,3})?)[wx]", source[-1].rstrip(","))
    return float(match[1]) if match else 1.0


def _article_element(page: Page) -> lxml.html.HtmlElement | None:
    tree = page.tree
    if tree is None:
        return None
    articles = list(islice(tree.iter("article"), 30))
    if articles and (len(articles) == 1 or articles[0].find(".//h1") is not None):
        return articles[0]
    in_main_role = _IN_MAIN_ROLE(tree) if page.mentions(*_MAIN_ROLE) else []
    mains = {*islice(tree.iter("main"), 1), *page.properties.get("articleBody", ())[:1], *in_main_role[:1]}
    if mains:
        return mains.pop() if len(mains) == 1 else next(element for element in tree.iter(*{one.tag for one in mains}) if element in mains)
    place = page.heading
    for _ in range(3):
        place = place.getparent() if place is not None else None
    return place


def pixels(value: object) -> int | None:
    """A declared width or height in pixels (`640`, `"640"`, `"640px"`, a QuantitativeValue); None for percentages, zero and other text."""
    if isinstance(value, dict):
        value = value.get("value")
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    match = re.match(r"\s*(\d{1,5})(?:\.\d+)?\s*(?:px)?\s*$", str(value))
    return int(match[1]) or None if match else None
