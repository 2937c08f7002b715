"""An HTML page read once: its bytes decoded and parsed, and what its head declares.

Pure: bytes in, a frozen `Page` out. Never raises on any bytes, never looks at the article's text, never judges which declaration is right:
that is for those who read a `Page`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from itertools import chain, islice
from operator import itemgetter
from typing import Any
from urllib.parse import unquote, urlsplit

import lxml.etree
import lxml.html

from pipeline.encodings import decode
from pipeline.models import Entry, ImageCandidate
from pipeline.structured import Thing, articles_of, by_id, listed, read_json_ld, text_of, videos_of
from pipeline.text import decode_entities, letters_only, squeeze
from pipeline.urls import join

HTML_TYPES = frozenset({"text/html", "application/xhtml+xml", "application/vnd.wap.xhtml+xml"})

_NOT_HTML = (b"%PDF-", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"PK\x03\x04", b"\x1f\x8b", b"{", b"[")
_FEED_ROOT = re.compile(rb"<(?:rss|feed|rdf:RDF|urlset|sitemapindex|svg|opml)[\s>]", re.IGNORECASE)

MAX_LEAD_IMAGES = 5
SMALL_SIDE = 100
"""Pixels; an `<img>` declared no larger is furniture. Generous: sizes in mark-up are those of the layout."""

_TWITTER_IMAGE = ("twitter:image", "twitter:image:src", "twitter:image0")
_OTHER_IMAGE = ("image_src", "image", "thumbnailurl", "parsely-image-url", "sailthru.image.full", "thumbnail")
_SOURCES = ("data-src", "data-original", "data-lazy-src", "data-image", "src")
_NO_PICTURE = re.compile(r"^data:|\.(?:svgz?|ico|css|js|html?|php|mp4|mp3|m3u8|pdf|swf)$", re.IGNORECASE)
_FURNITURE = re.compile(
    r"(?:^|[^a-z])(?:favicon|sprites?|icons?|ico|btn|buttons?|avatars?|gravatar|spacer|blank|pixel|1x1|transparent|placeholder|loader|loading"
    r"|spinner|no-?(?:image|img|photo|pic|thumb)|dummy|badges?|close-btn|captcha|emojis?|smil(?:ey|ies)|touch-icon|missing|arrows?)(?![a-z])"
    r"|^(?:default|fallback)(?![a-z])|(?:default|fallback)[-_]?(?:image|img|share|og|social|thumb(?:nail)?|pic(?:ture)?|photo|post|article|news|logo)"
    r"|(?:image|img|share|og|social|thumb(?:nail)?|photo|news)[-_](?:default|fallback)(?![a-z])",
    re.IGNORECASE,
)
_LOGO = re.compile(r"(?:^|[^a-z])(?:[a-z]{0,12}logos?|logotype|brand(?:ing)?|wordmark|masthead)(?![a-z])", re.IGNORECASE)
_PLAIN = lxml.etree.ElementDefaultClassLookup(element=lxml.html.HtmlElement)
"""All elements of one class: lxml.html asks a function in Python for each, which took a twentieth of the reading of a page."""
_PATH = re.compile("breadcrumb", re.IGNORECASE)
_THUMBNAIL = re.compile(r"/(?:thumbs?|thumbnails?)/", re.IGNORECASE)
_SITE_WIDE = re.compile(
    r"^(?:(?:og|fb|facebook|twitter|social|share|sharing|site|opengraph|open-graph)[-_]?(?:image|img|card|share|sharing|logo|default|banner|thumb(?:nail)?|preview)?"
    r"|(?:image|thumb)[-_]?(?:facebook|twitter|social|default))[-_0-9x]*$",
    re.IGNORECASE,
)
_TRACKER_HOST = re.compile(
    r"(?:^|\.)(?:scorecardresearch|doubleclick|google-analytics|quantserve|facebook|chartbeat|imrworldwide|adnxs|taboola|outbrain|feedburner"
    r"|feedsportal|gravatar|googlesyndication|krxd|omtrdc|2o7|xiti|ioam|vgwort|w\.org)\.(?:com|net|org|de|it)$|^pixel[.-]|^stats?\.",
    re.IGNORECASE,
)
_TEXTS = lxml.etree.XPath("//body/descendant::text()[normalize-space(.) and not(parent::script or parent::style)]")
_MAIN_PLACES = lxml.etree.XPath("//@itemprop[. = 'articleBody']/.. | //main | //@role[. = 'main']/..")
_FEW_WORDS = 4
"""A file name with `logo` and more words than this is taken for a picture about a logo."""


@dataclass(frozen=True, eq=False)
class Page:
    """A parsed page. `tree` belongs to the page: who changes it takes a copy.

    `meta` maps the lower-case name of a `<meta>` (`name`, `property`, `itemprop`, `http-equiv`) to its contents in document order;
    `articles` are the JSON-LD nodes of the page's own article, or else video, best first, `things` all of them. URLs are absolute. `tree`
    is None when there is no HTML.
    """

    url: str
    is_html: bool
    encoding: str
    base: str
    tree: lxml.html.HtmlElement | None = None
    meta: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    things: tuple[Thing, ...] = ()
    articles: tuple[Thing, ...] = ()
    canonical: str | None = None
    amphtml: str | None = None
    title_tag: str = ""
    language_tag: str = ""

    @cached_property
    def texts(self) -> list[Any]:
        """The body's texts in document order, as lxml gives them; without blank ones and those of scripts and styles."""
        found: list[Any] = [] if self.tree is None else _TEXTS(self.tree)
        return found

    def elements(self, *tags: str) -> Iterator[lxml.html.HtmlElement]:
        """The elements with these tags in document order; a broken page has several roots, one behind the other."""
        if self.tree is None:
            return iter(())
        return chain.from_iterable(root.iter(*tags) for root in (self.tree, *self.tree.itersiblings()))

    @cached_property
    def heading(self) -> lxml.html.HtmlElement | None:
        """The heading that says most of the page's title, outside of the way that leads to it; the first one where none does."""
        if self.tree is None:
            return None
        headings = [one for one in islice(self.tree.iter("h1", "h2"), 30) if not _is_on_the_way(one)]
        title = letters_only(self.title_tag)
        told = [(len(text), one) for one in headings if (text := letters_only(one.text_content())) and text in title]
        return max(told, key=itemgetter(0))[1] if told else next((one for one in headings if one.tag == "h1"), None)

    def node(self, value: Any) -> Any:
        """The JSON-LD node that a bare reference points to; any other value as it is."""
        if isinstance(value, dict) and "@id" in value and not value.keys() & {"name", "url"}:
            return by_id(self.things).get(str(value["@id"]), value)
        return value


def read_page(body: bytes, *, url: str, content_type: str | None = None) -> Page:
    """Decode, parse and read the head of a page; `content_type` is the header's value, `url` where the fetch ended.

    How the encoding is found is told in `pipeline.encodings`.
    """
    encoding, text = decode(body, content_type)
    if not _looks_like_html(body, content_type):
        return Page(url=url, is_html=False, encoding=encoding, base=url)
    tree = _parse(body if text is None else text.encode("utf-8", "replace"))
    if tree is None:
        return Page(url=url, is_html=False, encoding=encoding, base=url)
    return _read_head(tree, url=url, encoding=encoding)


def amp_link(page: Page) -> str | None:
    """The page's own `link rel=amphtml`, absolute."""
    return page.amphtml


def _read_head(tree: lxml.html.HtmlElement, *, url: str, encoding: str) -> Page:
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
    canonical = join(base, links["canonical"]) if "canonical" in links else None
    amphtml = join(base, links["amphtml"]) if "amphtml" in links else None
    if "image_src" in links:
        meta.setdefault("image_src", []).append(links["image_src"])
    things = read_json_ld(blocks)
    addresses = [url, canonical or "", *meta.get("og:url", ())]
    articles = articles_of(things, addresses)
    if not articles and not any(kind.lower().startswith("article") for kind in meta.get("og:type", ())):
        articles = videos_of(things, addresses)
    return Page(
        url=url,
        is_html=True,
        encoding=encoding,
        base=base,
        tree=tree,
        meta={name: tuple(contents) for name, contents in meta.items()},
        things=things,
        articles=articles,
        canonical=canonical,
        amphtml=amphtml,
        title_tag=title,
        language_tag=next(_language_tags(tree), ""),
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
    except (lxml.etree.LxmlError, ValueError, AssertionError):
        return None
    return tree if isinstance(tree, lxml.html.HtmlElement) and isinstance(tree.tag, str) else None


def _looks_like_html(body: bytes, content_type: str | None) -> bool:
    """What the header says and the first bytes do not deny; without a header, what the bytes look like."""
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


def lead_images(page: Page, entry: Entry | None) -> tuple[ImageCandidate, ...]:
    """At most five pictures that may stand for the article, the best first.

    In order: JSON-LD, Open Graph, Twitter card, older declarations, the pictures of the article itself, the feed's. Logos, buttons,
    trackers and site-wide defaults are left out by their addresses; a picture that is named twice counts once, with the sizes that
    one of its names declares.
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
    """As given, but a thumbnail in front gives way to the same file in full size, and a GIF to another picture of its kind of place."""
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
        if url and address not in logos and is_picture_address(url):
            yield ImageCandidate(url=url, width=width, height=height, source=source)


@lru_cache(maxsize=1024)
def is_picture_address(url: str) -> bool:
    """Whether `url` may be a lead image, by what its host and path say: no logo, button, tracker, placeholder or site-wide default."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    path = unquote(parts.path)
    if _TRACKER_HOST.search(host) or _NO_PICTURE.search(path) or len(path) < 2:
        return False
    segments = [segment for segment in path.split("/") if segment]
    name = segments[-1] if segments else ""
    stem = re.sub(r"\.[A-Za-z]{3,4}$", "", name)
    if _is_furniture(name) or _SITE_WIDE.match(stem):
        return False
    return not (_LOGO.search(stem) and len(re.findall(r"[a-z]{2,}", stem, re.IGNORECASE)) <= _FEW_WORDS)


@lru_cache(maxsize=1024)
def _is_furniture(name: str) -> bool:
    return bool(_FURNITURE.search(name))


def _logos(page: Page) -> Iterator[Thing]:
    publishers = [page.node(publisher) for article in page.articles for publisher in listed(article.get("publisher"))]
    for thing in (*page.things, *(publisher for publisher in publishers if isinstance(publisher, dict))):
        for logo in listed(thing.get("logo")):
            node = page.node(logo)
            if isinstance(node, dict):
                yield node
            elif isinstance(logo, str):
                yield {"url": logo}


_Declared = tuple[str, int | None, int | None, str]


def _json_ld_images(page: Page) -> Iterator[_Declared]:
    for article in page.articles:
        for key in ("image", "thumbnailUrl", "primaryImageOfPage", "video"):
            for value in listed(article.get(key))[:5]:
                node = page.node(value)
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
            # Sizes follow their image; a page that declares fewer of them than images does not say whose they are.
            sizes = [page.meta.get(f"og:image:{side}", ()) for side in ("width", "height")]
            width, height = (pixels(size[number]) if len(size) > number else None for size in sizes)
            yield address, width, height, "og.image"


def _article_images(page: Page) -> Iterator[_Declared]:
    """The pictures of the article's own element, unless they are declared small."""
    place = _article_element(page)
    for image in islice(place.iter("img", "amp-img"), 60) if place is not None else ():
        attributes = image.attrib
        address = next(
            (attributes[key] for key in _SOURCES if attributes.get(key, "").strip() and not attributes[key].startswith("data:")), ""
        )
        if not address or _is_furniture(f"{attributes.get('class', '')} {attributes.get('id', '')}"):
            continue
        width, height = pixels(attributes.get("width")), pixels(attributes.get("height"))
        if (width is not None and width <= SMALL_SIDE) or (height is not None and height <= SMALL_SIDE):
            continue
        yield address, width, height, "page.img"


def _article_element(page: Page) -> lxml.html.HtmlElement | None:
    tree = page.tree
    if tree is None:
        return None
    articles = list(islice(tree.iter("article"), 30))
    if articles and (len(articles) == 1 or articles[0].find(".//h1") is not None):
        return articles[0]
    found = _MAIN_PLACES(tree)
    if found:
        return found[0]
    place = page.heading
    for _ in range(3):
        place = place.getparent() if place is not None else None
    return place


def holder(text: Any) -> lxml.html.HtmlElement:
    """The element that one of `Page.texts` stands in; to lxml, a text behind an element is that element's."""
    element = text.getparent()
    return element.getparent() if text.is_tail else element


def _is_on_the_way(element: lxml.html.HtmlElement) -> bool:
    """Whether it stands in a navigation or a path of links (breadcrumbs)."""
    return any(place.tag == "nav" or _PATH.search(f"{place.get('class', '')} {place.get('id', '')}") for place in element.iterancestors())


def pixels(value: object) -> int | None:
    """A declared side in pixels (`640`, `"640"`, `"640px"`, a QuantitativeValue); None for percentages, zero and nonsense."""
    if isinstance(value, dict):
        value = value.get("value")
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    match = re.match(r"\s*(\d{1,5})(?:\.\d+)?\s*(?:px)?\s*$", str(value))
    return int(match[1]) or None if match else None
