"""Builds an `Article` or a `Rejected` from a captured page: chooses every field from the page, its feed entry and the probes.

Pure: values in, one `Article` or `Rejected` out, for any input. `provenance` names the source of each field. Title, text, authors, dates
and images have modules of their own; the other fields are chosen here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from pipeline.core.models import AmpAnswer, Article, CaptureRef, Entry, Image, ImageCandidate, Picture, Rejected
from pipeline.extraction.body import body_text
from pipeline.extraction.confidence import confidence_of
from pipeline.extraction.dates import publication_dates
from pipeline.extraction.evidence import gather_evidence
from pipeline.extraction.html.structured_data import ARTICLE_TYPES, VIDEO_TYPES, as_list, text_of, types_of
from pipeline.extraction.images import measure_picture
from pipeline.extraction.lead_images import lead_images
from pipeline.extraction.metadata import titles
from pipeline.extraction.metadata.authors import GUESSED_AUTHORS, declared_authors, find_authors
from pipeline.extraction.metadata.web_urls import choose_web_url, declared_urls
from pipeline.extraction.page_kinds import kind_of, kind_without_author
from pipeline.extraction.pages import Page, amp_link
from pipeline.extraction.rejections import is_free, rejection_reason
from pipeline.text.languages import two_letters, written_in
from pipeline.text.plain_text import cut_excerpt, letters_only, plain, without_torn_end
from pipeline.text.urls import registered_domain

MAX_KEYWORDS = 30
"""Keywords that are kept of an article. A plain choice, against lists of hundreds."""
MIN_EXCERPT = 25
"""Characters below which a description is a label (`News`, the site's name)."""
_SHOWN = 200
"""Characters of a value that are kept in `alternatives`. A plain choice."""
_AROUND = re.compile(r'^[\s"“”„\[]+|(?<=\D)[\s"“”\]]+$')
"""Quotes and brackets around keywords that were printed as a list of a programming language; after a number they mean inches."""
_OPENING = 3000
"""Characters at the start of the text in which a cut-off description is searched. A plain choice."""


def build_article(
    page: Page,
    *,
    entry: Entry,
    capture: CaptureRef,
    payload_digest: str,
    pictures: tuple[Picture, ...] = (),
    amp: AmpAnswer | None = None,
    min_side: int = 200,
    max_pixels: int = 60_000_000,
) -> Article | Rejected:
    """The article on `page`, or a `Rejected` with `notHtml`, `noTitle`, `noText`, `badUrl` or one of `rejections.REASONS`.

    `pictures` and `amp` are the answers to requests for the page's `lead_images` and `amp_link`; a picture or AMP page that was not
    requested is taken as declared. A lead image has more than `min_side` pixels on both sides and at most `max_pixels`.
    """
    if not page.is_html or page.tree is None:
        return Rejected("notHtml")
    title = titles.find_title(page, entry)
    if title is None:
        return Rejected("noTitle")
    text = body_text.find_body(page, title=title.text)
    reason = rejection_reason(page, title=title.text, text=text.text if text else "")
    if reason is not None:
        return Rejected(reason)
    excerpt = _excerpt(page, entry, title=title.text, text=text.text if text else "")
    if text is None and excerpt is None:
        return Rejected("noText")
    web_url = choose_web_url(page, entry, title=title.text)
    if web_url is None:
        return Rejected("badUrl")
    chosen = _choose_fields(page, entry, title, text, excerpt, web_url, at=capture.at)
    images = _images(chosen.candidates, pictures=pictures, min_side=min_side, max_pixels=max_pixels)
    amp_web_url = None if amp is not None and amp.gone else amp_link(page)
    sources = {**chosen.sources(), "images": images[1], "ampWebUrl": "link.amphtml" if amp_web_url else ""}
    article = Article(
        original_url=entry.url,
        web_url=web_url[0],
        title=title.text,
        excerpt=excerpt[0] if excerpt else None,
        text=text.text if text else None,
        authors=chosen.authors[0],
        published=chosen.published.moment if chosen.published else None,
        modified=chosen.modified.moment.value if chosen.modified else None,
        language=chosen.spoken or None,
        provider_name=chosen.provider.text if chosen.provider else None,
        provider_domain=registered_domain(web_url[0]),
        images=images[0],
        amp_web_url=amp_web_url,
        type=chosen.type[0],
        keywords=chosen.keywords[0],
        is_accessible_for_free=is_free(page),
        source_id=entry.source_id,
        via=entry.via,
        capture=capture,
        payload_digest=payload_digest,
        provenance={field: source for field, source in sorted(sources.items()) if source},
        alternatives=_alternatives(page, entry, chosen, images[0]),
    )
    return replace(article, confidence=confidence_of(gather_evidence(page, entry, article)))


@dataclass(frozen=True, slots=True)
class _Fields:
    """The values that are chosen for an article, most of them as pairs of value and source; None for a field without a value."""

    title: titles.SourcedText
    text: body_text.Body | None
    excerpt: tuple[str, str] | None
    web_url: tuple[str, str]
    language: tuple[str, str] | None
    dated: publication_dates.Dated | None
    """The date of the page, also when it gives the article none."""
    kind: str | None
    """The kind of a page that is no article (`page_kinds`)."""
    modified: publication_dates.Dated | None
    authors: tuple[tuple[str, ...], str]
    provider: titles.SourcedText | None
    candidates: tuple[ImageCandidate, ...]
    type: tuple[Literal["article", "video"], str, tuple[tuple[str, str], ...]]
    keywords: tuple[tuple[str, ...], str]

    @property
    def published(self) -> publication_dates.Dated | None:
        """The publication date; a page of another kind gets none."""
        return self.dated if self.kind is None else None

    @property
    def spoken(self) -> str:
        """The code of the language; empty when it is unknown."""
        return self.language[0] if self.language else ""

    def sources(self) -> dict[str, str]:
        """The source of each field, empty for a field without a value."""
        return {
            "webUrl": self.web_url[1],
            "title": self.title.source,
            "excerpt": self.excerpt[1] if self.excerpt else "",
            "text": self.text.source if self.text else "",
            "authors": self.authors[1],
            "publishedDateTime": self.published.source if self.published else "",
            "modifiedDateTime": self.modified.source if self.modified else "",
            "language": self.language[1] if self.language else "",
            "providerName": self.provider.source if self.provider else "",
            "type": self.type[1],
            "keywords": self.keywords[1],
        }


def _choose_fields(
    page: Page,
    entry: Entry,
    title: titles.SourcedText,
    text: body_text.Body | None,
    excerpt: tuple[str, str] | None,
    web_url: tuple[str, str],
    *,
    at: datetime,
) -> _Fields:
    language = _language(page, entry, f"{title.text}\n{text.text if text else excerpt[0] if excerpt else ''}")
    spoken = language[0] if language else ""
    dated = publication_dates.published(page, entry, at=at, language=spoken)
    authors = find_authors(page, entry)
    return _Fields(
        title=title,
        text=text,
        excerpt=excerpt,
        web_url=web_url,
        language=language,
        dated=dated,
        kind=_other_kind(page, entry, dated, named_by=authors[1]),
        modified=publication_dates.modified(page, entry, at=at, language=spoken),
        authors=authors,
        provider=titles.find_site_name(page, entry),
        candidates=lead_images(page, entry),
        type=_type(page),
        keywords=next(_keywords(page, entry), ((), "")),
    )


def _alternatives(page: Page, entry: Entry, chosen: _Fields, images: tuple[Image, ...]) -> dict[str, str]:
    """The declared values of each field that differ from the chosen one, as `source value; source value`, by field."""
    title, authors = letters_only(chosen.title.text), letters_only(", ".join(chosen.authors[0]))
    excerpt = letters_only(chosen.excerpt[0]) if chosen.excerpt else ""
    provider = letters_only(chosen.provider.text) if chosen.provider else ""
    address, words = chosen.web_url[0].partition("?")[0].rstrip("/"), _set_of(", ".join(chosen.keywords[0]))
    said = {
        "publishedDateTime": _not_chosen(chosen.dated, chosen.published),
        "title": _others(titles.declared_titles(page, entry), lambda text: letters_only(text) == title),
        "excerpt": _others(_declared_descriptions(page, entry), lambda text: letters_only(cut_excerpt(text)) == excerpt),
        "providerName": _others(titles.declared_site_names(page, entry), lambda name: letters_only(name) == provider),
        "authors": _others(declared_authors(page, entry), lambda text: letters_only(text) == authors),
        "webUrl": _others(declared_urls(page), lambda url: url.partition("?")[0].rstrip("/") == address),
        "images": [(found.source, found.url) for found in chosen.candidates if not images or found.url != images[0].url],
        "text": chosen.text.others if chosen.text else (),
        "type": chosen.type[2] if chosen.kind is None else (("page.kind", chosen.kind), *chosen.type[2]),
        "keywords": _others(_shown_keywords(page, entry), lambda stated: _set_of(stated) == words),
        "language": _others([("html.lang", page.language_tag)], lambda tag: two_letters(tag) in {chosen.spoken, None}),
    }
    return {name: "; ".join(f"{source} {value}" for source, value in values) for name, values in sorted(said.items()) if values}


def _other_kind(page: Page, entry: Entry, dated: publication_dates.Dated | None, *, named_by: str) -> str | None:
    """The kind of a dated page that is no article, which then gets no publication date; None when its feed dates it.

    `named_by` is the source of its authors, empty without any.
    """
    if dated is None or entry.published is not None:
        return None
    is_anonymous = not named_by or named_by in GUESSED_AUTHORS
    return kind_of(page) or (kind_without_author(page, dated_by=dated.source) if is_anonymous else None)


def _not_chosen(dated: publication_dates.Dated | None, published: publication_dates.Dated | None) -> tuple[tuple[str, str], ...]:
    """Source and value of the dates that were not chosen, with `dated` itself when the article gets no date."""
    if dated is None:
        return ()
    return dated.others if published is not None else ((dated.source, dated.moment.value.isoformat()), *dated.others)


def _others(candidates: Iterable[tuple[str, str]], is_same: Callable[[str], bool]) -> tuple[tuple[str, str], ...]:
    return tuple(dict.fromkeys((source, value[:_SHOWN]) for source, value in candidates if value and not is_same(value)))


def _declared_descriptions(page: Page, entry: Entry) -> Iterator[tuple[str, str]]:
    return ((source, text) for text, source in _descriptions(page, entry, ""))


def _excerpt(page: Page, entry: Entry, *, title: str, text: str) -> tuple[str, str] | None:
    """The first description of at least MIN_EXCERPT characters that is not the title; else a short one, else the title; with its source."""
    short: tuple[str, str] | None = None
    repeated: tuple[str, str] | None = None
    for candidate, source in _descriptions(page, entry, text):
        if not candidate:
            continue
        excerpt = cut_excerpt(without_torn_end(_completed(candidate, text)))
        if letters_only(candidate) == letters_only(title):
            repeated = repeated or (excerpt, source)
        elif len(excerpt) >= MIN_EXCERPT:
            return excerpt, source
        else:
            short = short or (excerpt, source)
    return short or repeated


def _completed(description: str, text: str) -> str:
    """The description, completed with the rest of its sentence when it was cut off and the article's text has that sentence."""
    bare = description.rstrip(" .…")
    if len(bare) < MIN_EXCERPT or (description[-1] in ".!?" and not description.endswith("..")):
        return description
    line = " ".join(text[:_OPENING].split())
    start = line.find(bare)
    if start < 0:
        return description
    rest = re.match(r"[^\s.!?][^.!?]*[.!?]+[\"'”’»)]*|[\s,;:–-][^.!?]*[.!?]+[\"'”’»)]*", line[start + len(bare) :])
    return bare + rest[0] if rest else description


def _descriptions(page: Page, entry: Entry, text: str) -> Iterator[tuple[str, str]]:
    for name, source in (
        ("og:description", "og.description"),
        ("description", "meta.description"),
        ("twitter:description", "twitter.description"),
    ):
        for content in page.meta.get(name, ()):
            yield plain(content), source
    for article in page.articles:
        yield plain(text_of(article.get("description"))), "jsonld.description"
    yield plain(entry.excerpt), "feed.summary"
    yield next((line for line in text.splitlines() if len(line) >= 2 * MIN_EXCERPT), text), "text"


def _language(page: Page, entry: Entry, text: str) -> tuple[str, str] | None:
    """The language that the text is clearly written in; else the declared one, the page before the feed; with its source."""
    declared = [(page.language_tag, "html.lang")]
    declared += [(text_of(article.get("inLanguage")), "jsonld.inLanguage") for article in page.articles]
    declared += [
        (value, f"meta.{name}")
        for name in ("og:locale", "content-language", "language", "dc.language")
        for value in page.meta.get(name, ())
    ]
    declared += [(entry.language or "", "feed.language")]
    stated = next(((code, source) for code, source in ((two_letters(tag), source) for tag, source in declared) if code), None)
    written = written_in(text, stated[0] if stated else None)
    if written and (stated is None or written != stated[0]):
        return written, "text"
    return stated


def _images(
    candidates: Iterable[ImageCandidate], *, pictures: tuple[Picture, ...], min_side: int, max_pixels: int
) -> tuple[tuple[Image, ...], str]:
    """The first candidate that is large enough: by its measured size when it was requested, else by its declared size."""
    probed = {picture.url: picture for picture in pictures}
    for candidate in candidates:
        picture = probed.get(candidate.url)
        width, height = candidate.width, candidate.height
        if picture is not None:
            size = measure_picture(picture.data, max_pixels=max_pixels) if picture.data is not None else None
            if picture.gone or (picture.data is not None and size is None):
                continue
            if size is not None:
                if min(size[0], size[1]) > min_side:
                    return (Image(candidate.url, size[0], size[1], is_cached=True),), candidate.source
                continue
        if width is not None and height is not None and min(width, height) <= min_side:
            continue
        return (Image(candidate.url, width, height, is_cached=False),), candidate.source
    return (), ""


def _type(page: Page) -> tuple[Literal["article", "video"], str, tuple[tuple[str, str], ...]]:
    """`video` when any declaration says so, else `article`; the source; and source and value of the declarations that differ."""
    declared = list(_declared_types(page))
    type_: Literal["article", "video"] = "video" if any(kind == "video" for kind, _, _ in declared) else "article"
    source = next((source for kind, source, _ in declared if kind == type_), "")
    return type_, source, tuple(dict.fromkeys((place, said) for kind, place, said in declared if kind != type_))


def _declared_types(page: Page) -> Iterator[tuple[str, str, str]]:
    """Type, source and declared value of each declaration of a type; `website` is no type, because pages of both types declare it."""
    for content in page.meta.get("og:type", ()):
        kind = next((kind for kind in ("video", "article") if content.lower().startswith(kind)), None)
        if kind:
            yield kind, "og.type", content[:_SHOWN]
    for node in page.articles or page.nodes[:3]:
        types = types_of(node)
        if types & (VIDEO_TYPES | ARTICLE_TYPES):
            yield "video" if types & VIDEO_TYPES else "article", "jsonld.type", ", ".join(sorted(types))[:_SHOWN]


def _keywords(page: Page, entry: Entry) -> Iterator[tuple[tuple[str, ...], str]]:
    """Keywords and source of each declaration that has some, the most trusted first."""
    for values, source in (
        ([text_of(value) for article in page.articles for value in as_list(article.get("keywords"))], "jsonld.keywords"),
        (list(page.meta.get("article:tag", ())), "meta.article:tag"),
        (list(page.meta.get("news_keywords", ())), "meta.news_keywords"),
        (list(page.meta.get("keywords", ())), "meta.keywords"),
        (list(entry.keywords), "feed.category"),
    ):
        words = [_AROUND.sub("", plain(word)) for value in values for word in re.split(r"[,;]", value)]
        kept = tuple(dict.fromkeys(word for word in words if 1 < len(word) <= 80))[:MAX_KEYWORDS]
        if kept:
            yield kept, source


def _shown_keywords(page: Page, entry: Entry) -> Iterator[tuple[str, str]]:
    return ((source, ", ".join(words)) for words, source in _keywords(page, entry))


def _set_of(words: str) -> set[str]:
    return set(words.casefold().split(", "))
