"""What the sample world is made of, as its YAML files say it. Values only: reading is `world`, showing is `pages` and `feeds`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any, Literal, Self

Metadata = Literal["graph", "list", "plain", "open-graph", "meta", "time", "microdata"]
"""Where a publisher's pages state title, date, authors and picture; `pages` has one function for each."""

EARLIEST = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class PictureSpec:
    """A picture to draw: its pixels follow from these values alone."""

    width: int
    height: int
    format: Literal["jpeg", "png"]
    scene: str
    seed: str
    caption: str = ""
    credit: str = ""
    query: str = ""
    """Stands behind `?` in the picture's URL."""

    @classmethod
    def parse(cls, text: str, *, seed: str, caption: str = "", credit: str = "", query: str = "") -> Self:
        """`hills 1200x675 jpeg`; ValueError for anything else."""
        match = re.fullmatch(r"(\w+) (\d+)x(\d+) (jpeg|png)", text)
        if match is None:
            raise ValueError(f"a picture is written as `hills 1200x675 jpeg`, not {text!r}")
        scene, width, height, format_ = match.groups()
        return cls(int(width), int(height), format_, scene, seed, caption, credit, query)  # type: ignore[arg-type]

    @property
    def suffix(self) -> str:
        return "jpg" if self.format == "jpeg" else "png"


@dataclass(frozen=True, slots=True)
class Article:
    """One article at one publisher. `published` keeps the offset that its publisher writes."""

    slug: str
    title: str
    body: str
    deck: str = ""
    published: datetime | None = None
    modified: datetime | None = None
    authors: tuple[str, ...] = ()
    section: str = "News"
    keywords: tuple[str, ...] = ()
    story: str | None = None
    """The event it reports, the same word at every publisher; None for one that stands alone."""
    picture: PictureSpec | None = None
    amp: bool = False
    link: str | None = None
    """Path that the feed names instead of the article's own, which it leads to by a 301."""
    link_suffix: str | None = None
    """Put behind the URL in the feed instead of the publisher's own suffix."""
    copy_of: str | None = None
    """`host/slug` of the article whose text this is."""
    paywall: bool = False
    video: bool = False
    missing: bool = False
    """Stands in the feed; its page is a 404."""

    @property
    def paragraphs(self) -> tuple[str, ...]:
        return tuple(" ".join(part.split()) for part in re.split(r"\n\s*\n", self.body.strip()) if part.strip())

    @property
    def words(self) -> int:
        return len(self.body.split())


@dataclass(frozen=True, slots=True)
class Feed:
    path: str
    kind: Literal["rss", "atom", "json"]
    title: str
    section: str | None = None
    """Only this section; None for everything."""
    content_type: str | None = None
    full_text: bool = False
    media: bool = False
    ill_formed: bool = False
    """Holds a character that XML 1.0 does not allow (section 2.2)."""


@dataclass(frozen=True, slots=True)
class Publisher:
    """A site: one YAML file."""

    name: str
    host: str
    path: str
    """Pattern of its articles' paths, e.g. `/{date:%Y/%m/%d}/{slug}`; `{section}` is there too."""
    layout: str
    metadata: Metadata
    feeds: tuple[Feed, ...]
    articles: tuple[Article, ...]
    tagline: str = ""
    scheme: Literal["http", "https"] = "https"
    language: str = "en"
    charset: str = "utf-8"
    amp_path: str = "{path}/amp"
    link_suffix: str = ""
    picture_host: str | None = None
    logo_as_picture: bool = False
    """Every page names the logo as its `og:image`."""
    disallow: tuple[str, ...] = ()
    site_name: str | None = None
    """How it calls itself in its metadata, where that is not `name`."""

    @property
    def root(self) -> str:
        return f"{self.scheme}://{self.host}"

    @property
    def logo_url(self) -> str:
        return f"{self.root}/assets/logo.png"

    def url(self, article: Article) -> str:
        """The canonical URL."""
        section = re.sub(r"[^\w]+", "-", article.section.lower()).strip("-")
        return self.root + self.path.format(section=section, slug=article.slug, date=article.published or EARLIEST)

    def entry_url(self, article: Article) -> str:
        """What the feeds name: a redirect or a URL with tracking parameters, where the publisher has such."""
        if article.link is not None:
            return self.root + article.link
        return self.url(article) + (self.link_suffix if article.link_suffix is None else article.link_suffix)

    def amp_url(self, article: Article) -> str | None:
        path = self.url(article).removeprefix(self.root)
        return self.root + self.amp_path.format(path=path) if article.amp else None

    def picture_url(self, article: Article) -> str | None:
        if article.picture is None:
            return None
        base = f"{self.scheme}://{self.picture_host or self.host}/media/{article.slug}.{article.picture.suffix}"
        return base + (f"?{article.picture.query}" if article.picture.query else "")

    def newest_first(self, section: str | None = None) -> tuple[Article, ...]:
        wanted = (article for article in self.articles if section in (None, article.section))
        return tuple(sorted(wanted, key=lambda one: (one.published or EARLIEST, one.slug), reverse=True))

    @property
    def last_changed(self) -> datetime:
        return max(article.modified or article.published or EARLIEST for article in self.articles)


def publisher(data: Mapping[str, Any]) -> Publisher:
    """A publisher from its YAML file; ValueError or TypeError for a key that is not one of the fields."""
    feeds = tuple(Feed(**feed) for feed in data["feeds"])
    articles = tuple(_article(item, data["host"]) for item in data["articles"])
    return Publisher(**{**_tuples(Publisher, data), "feeds": feeds, "articles": articles})


def copied(article: Article, original: Article) -> Article:
    """`article` with the words of `original` wherever it has none of its own."""
    return replace(article, title=article.title or original.title, deck=article.deck or original.deck, body=original.body)


def _article(data: Mapping[str, Any], host: str) -> Article:
    values = {"title": "", "body": "", **_tuples(Article, data)}
    picture = values.get("picture")
    if picture is not None:
        details = {"spec": picture} if isinstance(picture, str) else dict(picture)
        values["picture"] = PictureSpec.parse(details.pop("spec"), seed=f"{host}/{values['slug']}", **details)
    if isinstance(values.get("published"), datetime) and values["published"].tzinfo is None:
        raise ValueError(f"{host}/{values['slug']}: the time needs its offset")
    return Article(**values)


def _tuples(kind: type, data: Mapping[str, Any]) -> dict[str, Any]:
    lists = {field.name for field in fields(kind) if str(field.type).startswith("tuple")}
    return {name: tuple(value) if name in lists else value for name, value in data.items()}
