"""The sample news world: reads `data/sample` and lays out every URL of it. It knows no sockets and no clock."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from string import Template

import yaml

from tests.newsroom import feeds, pages, pictures
from tests.newsroom.answers import Resource, redirect
from tests.newsroom.model import EARLIEST, Article, Publisher, copied, publisher

SAMPLE = Path(__file__).resolve().parents[2] / "data" / "sample"
PICTURE_TYPES = {"jpeg": "image/jpeg", "png": "image/png"}
Resources = dict[str, Resource]


@dataclass(frozen=True)
class World:
    """Publishers, and what stands at each of their URLs."""

    catalogue: Path
    """The folder for `NEWS_CONFIG`."""
    publishers: tuple[Publisher, ...]
    resources: Mapping[str, Resource]

    @classmethod
    def load(cls, folder: Path = SAMPLE) -> World:
        """The world of `folder`; ValueError, KeyError or TypeError where a file of it is wrong. Read once in a process."""
        return _load(folder)

    @classmethod
    def empty(cls) -> World:
        """A world without publishers, for tests that bring their own pages."""
        return cls(SAMPLE / "catalogue", (), {})

    @property
    def articles(self) -> Iterator[tuple[Publisher, Article]]:
        return ((site, article) for site in self.publishers for article in site.articles)

    @property
    def stories(self) -> dict[str, tuple[str, ...]]:
        """Canonical URLs of the articles that report the same event, by story; those that stand alone are in none."""
        found: dict[str, list[str]] = {}
        for site, article in self.articles:
            if article.story is not None and not article.missing:
                found.setdefault(article.story, []).append(site.url(article))
        return {story: tuple(sorted(urls)) for story, urls in sorted(found.items())}


@functools.cache
def _load(folder: Path) -> World:
    files = sorted((folder / "publishers").glob("*.yaml"))
    sites = [publisher(yaml.safe_load(file.read_text(encoding="utf-8"))) for file in files]
    originals = {f"{site.host}/{article.slug}": article for site in sites for article in site.articles}
    whole = tuple(replace(site, articles=tuple(_filled(article, originals) for article in site.articles)) for site in sites)
    templates = {file.stem: Template(file.read_text(encoding="utf-8")) for file in sorted((folder / "templates").glob("*.html"))}
    resources: Resources = {}
    for site in whole:
        for url, resource in _site(site, templates).items():
            if url in resources:
                raise ValueError(f"{url} stands twice in the sample world")
            resources[url] = resource
    return World(folder / "catalogue", whole, resources)


def _filled(article: Article, originals: Mapping[str, Article]) -> Article:
    return article if article.copy_of is None else copied(article, originals[article.copy_of])


def _site(site: Publisher, templates: Mapping[str, Template]) -> Resources:
    rules = "".join(f"Disallow: {path}\n" for path in ("/cgi-bin/", "/search", *site.disallow))
    page_type = "text/html; charset=utf-8" if site.charset == "utf-8" else "text/html"
    found: Resources = {
        f"{site.root}/robots.txt": Resource(f"User-agent: *\n{rules}".encode(), "text/plain; charset=utf-8"),
        f"{site.root}/": Resource(pages.front_page(site, templates=templates), page_type, last_modified=site.last_changed),
        site.logo_url: Resource(functools.partial(pictures.logo, site.name), "image/png", last_modified=EARLIEST_LOGO),
    }
    for feed in site.feeds:
        octets = feeds.document(site, feed)
        found[site.root + feed.path] = Resource(octets, feeds.content_type(site, feed), last_modified=site.last_changed)
    for article in site.articles:
        if not article.missing:
            found |= _article(site, article, templates, page_type)
    return found


def _article(site: Publisher, article: Article, templates: Mapping[str, Template], page_type: str) -> Resources:
    changed = article.modified or article.published or site.last_changed
    page = pages.article_page(site, article, templates=templates)
    found = {site.url(article): Resource(page, page_type, last_modified=changed)}
    if article.link is not None:
        found[site.root + article.link] = redirect(site.url(article))
    amp, picture = site.amp_url(article), site.picture_url(article)
    if amp is not None:
        octets = pages.amp_page(site, article, templates=templates)
        found[amp] = Resource(octets, page_type, last_modified=changed)
    if picture is not None and article.picture is not None:
        draw = functools.partial(pictures.draw, article.picture)
        found[picture] = Resource(draw, PICTURE_TYPES[article.picture.format], last_modified=changed)
    return found


EARLIEST_LOGO = EARLIEST.replace(year=2024)
