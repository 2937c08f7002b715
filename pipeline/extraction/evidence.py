"""Gathers the evidence for an article's fields: signs on the page that a value is right or wrong.

Pure: reads a `Page`, its feed entry and the article built from them, and changes none of them. `confidence` turns the evidence into
probabilities. Evidence is the number of places that state a value, and the form of the value. Gathering it may cost a hundredth of the
time of reading the page, so nothing that takes long is read a second time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from pipeline.core.models import Article, Entry, Moment
from pipeline.extraction.dates.publication_dates import PUBLISHED_META, url_date
from pipeline.extraction.html.structured_data import as_list, text_of, types_of
from pipeline.extraction.metadata.authors import AUTHOR_META
from pipeline.extraction.pages import Page
from pipeline.text.plain_text import letters_only, weight_of

_PICTURE_META = (
    *("og:image", "og:image:url", "og:image:secure_url", "twitter:image", "twitter:image:src", "image_src", "image", "thumbnailurl"),
    *("parsely-image-url", "thumbnail"),
)
_SENTENCE_END = '.!?…。！？"”»)]』」'
_SHORT_LINE = 60
"""Characters below which a line is short; lines of running text seldom are."""
_NUMBER = re.compile(r"\d{4}")
_SEPARATORS = 3
"""Hyphens or underscores from which a part of a path is made of the words of a title."""
_LEAST_LETTERS = 12
"""Letters of the shorter of two titles from which they state the same title when one contains the other, as with the site's name added."""
_BEGINNING = 200
"""Characters of a text by which its weight is estimated. A plain choice: counting all of it takes too long."""
_OTHER_KINDS = frozenset(
    ("Product", "Offer", "ItemList", "CollectionPage", "QAPage", "FAQPage", "Organization", "WebSite", "Service", "Course", "Event")
)


@dataclass(frozen=True, slots=True)
class Stated:
    """The source of a field's value, and the numbers of other places of the page or the feed that state the same or another value."""

    source: str
    same: int
    other: int


@dataclass(frozen=True, slots=True)
class TextEvidence:
    """The form of the text, and how other readings of the text and JSON-LD agree with it."""

    source: str
    weight: float
    lines: int
    short_lines: int
    """Lines of fewer than 60 characters."""
    is_ended: bool
    """Whether the last line ends as a sentence does."""
    refused: int
    """The number of other readings of the text that were not chosen."""
    declared_share: float | None
    """The length of JSON-LD's `articleBody` as a share of the text's; None without one."""


@dataclass(frozen=True, slots=True)
class PageEvidence:
    """What kind of page it is, by its declarations and its structure."""

    is_article_node: bool
    """JSON-LD has a node of an article."""
    is_article_type: bool
    """`og:type` is an article or a video."""
    other_kinds: int
    """Kinds of things other than articles that JSON-LD describes: products, lists, questions."""
    characters: int
    """Characters of all texts between tags, those of scripts included."""
    has_slug: bool
    """Whether the URL's path has a number or several words of a title."""
    depth: int
    """Parts of the URL's path."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The evidence for each field of an article; None for a field without a value."""

    page: PageEvidence
    title: Stated
    title_letters: int
    is_title_heading: bool
    """Whether the page's own heading is the title."""
    text: TextEvidence | None
    published: Stated | None
    is_modified: bool
    """Whether a time of the last change is named."""
    authors: Stated | None
    author_words: tuple[int, ...]
    """Words of each author's name."""
    image: Stated | None


def gather_evidence(page: Page, entry: Entry, article: Article) -> Evidence:
    """The evidence that `page` and `entry` give for the values of `article`, which was built from them."""
    source = article.provenance.get
    return Evidence(
        page=_page_evidence(page),
        title=_stated(source("title", ""), _declared_titles(page, entry), letters_only(article.title)),
        title_letters=len(article.title),
        is_title_heading=page.heading is not None and letters_only(article.title) in letters_only(str(page.heading.text_content())[:500]),
        text=_text_evidence(page, article) if article.text else None,
        published=_published(article.published, article, page) if article.published else None,
        is_modified=article.modified is not None,
        authors=_authors(page, entry, article) if article.authors else None,
        author_words=tuple(len(name.split()) for name in article.authors),
        image=_image(page, entry, article) if article.images else None,
    )


def _page_evidence(page: Page) -> PageEvidence:
    path = _path(page.url)
    parts = path.split("/")
    kinds = frozenset().union(*map(types_of, page.nodes)) if page.nodes else frozenset()
    return PageEvidence(
        is_article_node=bool(page.articles),
        is_article_type=any(kind.lower().startswith(("article", "video")) for kind in page.meta.get("og:type", ())),
        other_kinds=len(kinds & _OTHER_KINDS),
        characters=sum(map(len, page.texts)),
        has_slug=_NUMBER.search(path) is not None or any(part.count("-") + part.count("_") >= _SEPARATORS for part in parts),
        depth=sum(map(bool, parts)),
    )


def _path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return ""


def _stated(source: str, declared: Iterable[tuple[str, str]], key: str) -> Stated:
    """Count the other places in `declared` by whether they state the chosen value, whose letters are `key`.

    They do when one contains the other; `source`, the place of the chosen value, does not count.
    """
    others = {place: value for place, value in declared if value and place != source}
    same = sum(
        value == key or (min(len(value), len(key)) >= _LEAST_LETTERS and (value in key or key in value)) for value in others.values()
    )
    return Stated(source, same, len(others) - same)


def _declared_titles(page: Page, entry: Entry) -> Iterator[tuple[str, str]]:
    for article in page.articles[:1]:
        yield "jsonld.headline", letters_only(text_of(article.get("headline")))
    for name, place in (("og:title", "og.title"), ("twitter:title", "twitter.title")):
        for content in page.meta.get(name, ())[:1]:
            yield place, letters_only(content)
    yield "page.title", letters_only(page.title_tag)
    yield "feed.title", letters_only(entry.title or "")


def _text_evidence(page: Page, article: Article) -> TextEvidence:
    text = article.text or ""
    lines, begins = text.split("\n"), text[:_BEGINNING]
    declared = next((len(body) for node in page.articles if (body := text_of(node.get("articleBody")))), 0)
    return TextEvidence(
        source=article.provenance.get("text", ""),
        weight=len(text) * weight_of(begins) / len(begins),
        lines=len(lines),
        short_lines=sum(len(line) < _SHORT_LINE for line in lines),
        is_ended=lines[-1][-1:] in _SENTENCE_END,
        refused=article.alternatives.get("text", "").count("; ") + ("text" in article.alternatives),
        declared_share=declared / len(text) if declared else None,
    )


def _published(published: Moment, article: Article, page: Page) -> Stated:
    days = {str(published.value.date()), str(published.local_day or published.value.date())}
    source = article.provenance.get("publishedDateTime", "")
    others = {place for place, text in _declared_days(page) if place != source and text[:10] in days}
    refused = article.alternatives.get("publishedDateTime", "")
    return Stated(source, len(others), refused.count("; ") + bool(refused))


def _declared_days(page: Page) -> Iterator[tuple[str, str]]:
    for node in page.articles[:1]:
        yield "jsonld.datePublished", text_of(node.get("datePublished"))
    for name in filter(page.meta.__contains__, PUBLISHED_META):
        yield f"meta.{name}", page.meta[name][0]
    in_url = url_date(page.url)
    if in_url is not None:
        yield "url", str(in_url.value.date())


def _authors(page: Page, entry: Entry, article: Article) -> Stated:
    source = article.provenance.get("authors", "")
    keys = [letters_only(name) for name in article.authors]
    places: dict[str, str] = {}
    for place, value in _declared_names(page, entry):
        places[place] = places.get(place, "") + letters_only(value)
    others = {place: value for place, value in places.items() if value and place != source}
    same = sum(all(key in value for key in keys) for value in others.values())
    return Stated(source, same, len(others) - same)


def _declared_names(page: Page, entry: Entry) -> Iterator[tuple[str, str]]:
    for article in page.articles[:1]:
        for value in as_list(article.get("author"))[:8]:
            yield "jsonld.author", text_of(page.dereference(value))
    for name in filter(page.meta.__contains__, ("author", *AUTHOR_META)):
        yield f"meta.{name}", " ".join(content for content in page.meta[name][:8] if "://" not in content)
    for name in entry.authors[:8]:
        yield "feed.author", name


def _image(page: Page, entry: Entry, article: Article) -> Stated:
    """Count the other places by whether they name the picture; compared is the last part of its URL, because others contain its size."""
    name = _path(article.images[0].url).rpartition("/")[2] or article.images[0].url
    source = article.provenance.get("images", "")
    declared = {key: page.meta[key][0] for key in _PICTURE_META if key in page.meta}
    for node in page.articles[:1]:
        declared["jsonld.image"] = str(node.get("image") or "")
    declared["feed.image"] = entry.image or ""
    others = [value for key, value in declared.items() if value and key.replace(":", ".", 1) != source]
    same = sum(name in value for value in others)
    return Stated(source, same, len(others) - same)
