"""How a page states its title, date, authors and picture to machines: seven ways that content systems have, one function each.

Each takes a `Publisher` and an `Article` and returns the HTML that goes into `<head>`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from html import escape
from typing import Any

from tests.newsroom.model import Article, Publisher


def head(site: Publisher, article: Article) -> str:
    """Everything in `<head>` but charset and styles."""
    title = f"{article.title} {'|' if site.metadata in ('graph', 'list', 'meta') else '-'} {site.name}"
    amp = site.amp_url(article)
    lines = [
        f"<title>{escape(title)}</title>",
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<link rel="canonical" href="{escape(site.url(article))}">',
        *([f'<link rel="amphtml" href="{escape(amp)}">'] if amp else []),
        *(_feed_link(site, number) for number in range(len(site.feeds))),
        *STYLES[site.metadata](site, article),
    ]
    return "\n".join(lines)


def _graph(site: Publisher, article: Article) -> list[str]:
    """A plugin of the WordPress kind: one `@graph`, nodes that point at each other by `@id`."""
    url, kind = site.url(article), "VideoObject" if article.video else "NewsArticle"
    people = [{"@type": "Person", "@id": f"{site.root}/#/person/{_slug(name)}", "name": name} for name in article.authors]
    node = {
        "@type": kind,
        "@id": f"{url}#article",
        "isPartOf": {"@id": url},
        "headline" if kind == "NewsArticle" else "name": article.title,
        **_dates(article, ("uploadDate",) if article.video else ("datePublished", "dateModified")),
        "author": [{"@id": person["@id"], "name": person["name"]} for person in people],
        "publisher": {"@id": f"{site.root}/#organization"},
        "articleSection": [article.section],
        "keywords": list(article.keywords),
        "inLanguage": site.language,
        **_paywall(article),
    }
    if article.video:
        node |= {"description": article.deck, "duration": "PT2M14S", "contentUrl": f"{url}/clip.mp4"}
        node |= {"thumbnailUrl": _picture(site, article)}
    pages: list[dict[str, Any]] = [
        {"@type": "WebPage", "@id": url, "url": url, "name": f"{article.title} | {site.name}", "isPartOf": {"@id": f"{site.root}/#site"}},
        {"@type": "BreadcrumbList", "itemListElement": [{"@type": "ListItem", "position": 1, "name": "Home", "item": site.root}]},
        {"@type": "WebSite", "@id": f"{site.root}/#site", "url": f"{site.root}/", "name": site.name, "description": site.tagline},
        _organization(site) | {"@id": f"{site.root}/#organization"},
    ]
    picture = _image_object(site, article)
    if picture and not article.video:
        node["image"] = {"@id": f"{url}#primaryimage"}
        pages.append(picture | {"@id": f"{url}#primaryimage"})
    return [*_open_graph(site, article, dated=True), _ld({"@context": "https://schema.org", "@graph": [node, *pages, *people]})]


def _list(site: Publisher, article: Article) -> list[str]:
    """A list of objects in one script: authors as Persons, pictures as bare URLs, types as a list."""
    picture = _picture(site, article)
    node = {
        "@context": "http://schema.org",
        "@type": ["NewsArticle", "Article"],
        "mainEntityOfPage": {"@type": "WebPage", "@id": site.url(article)},
        "headline": article.title,
        "description": article.deck,
        **_dates(article, ("datePublished", "dateModified")),
        "author": [{"@type": "Person", "name": name, "url": f"{site.root}/by/{_slug(name)}"} for name in article.authors],
        "publisher": _organization(site),
        # Escaped as if JSON were HTML: some content systems do it.
        **({"image": [escape(picture), escape(f"{picture}#square")]} if picture else {}),
        **_paywall(article),
    }
    trail = {
        "@context": "http://schema.org",
        "@type": "BreadcrumbList",
        "itemListElement": [{"@type": "ListItem", "position": 1, "item": {"@id": site.root, "name": site.name}}],
    }
    return [*_open_graph(site, article, dated=False), _ld([trail, node])]


def _plain(site: Publisher, article: Article) -> list[str]:
    """One object; all authors in one string; nothing else but a description."""
    picture = _image_object(site, article)
    node = {
        "@context": "https://schema.org/",
        "@type": "NewsArticle",
        "url": site.url(article),
        "headline": article.title,
        "alternativeHeadline": article.deck,
        **_dates(article, ("datePublished", "dateModified")),
        "author": " and ".join(article.authors),
        "publisher": {"@type": "NewsMediaOrganization", "name": site.site_name or site.name},
        **({"image": picture} if picture else {}),
        **_paywall(article),
    }
    return [f'<meta name="description" content="{escape(article.deck)}">', _ld(node)]


def _open_graph_only(site: Publisher, article: Article) -> list[str]:
    return _open_graph(site, article, dated=True)


def _meta(site: Publisher, article: Article) -> list[str]:
    """Meta tags from before Open Graph; times without seconds. The social picture alone is in Open Graph."""
    picture = _picture(site, article)
    stamp = f"{article.published:%Y-%m-%dT%H:%M%z}" if article.published else None
    pairs = [
        ("description", article.deck),
        ("author", ", ".join(article.authors)),
        ("pubdate", stamp),
        ("DC.date.issued", stamp),
        ("DC.publisher", site.name),
        ("news_keywords", ", ".join(article.keywords)),
        ("twitter:card", "summary_large_image"),
        ("twitter:title", article.title),
        ("twitter:image", picture),
    ]
    lines = [f'<meta name="{name}" content="{escape(value)}">' for name, value in pairs if value]
    lines += [f'<meta property="og:image" content="{escape(picture)}">'] if picture else []
    return lines + ([_ld({"@context": "https://schema.org", "@type": "WebPage", **_paywall(article)})] if article.paywall else [])


def _time(site: Publisher, article: Article) -> list[str]:
    """Nothing for machines but a description: date and author stand in the text."""
    return [f'<meta name="description" content="{escape(article.deck)}">'] if article.deck else []


def _microdata(site: Publisher, article: Article) -> list[str]:
    """Microdata: the template carries `itemprop` for title, text and author, these links the rest."""
    picture = _picture(site, article)
    values = {**_dates(article, ("datePublished", "dateModified")), "image": picture, "description": article.deck}
    lines = [f'<meta itemprop="{name}" content="{escape(value)}">' for name, value in values.items() if value]
    return [*lines, f'<meta property="og:site_name" content="{escape(site.site_name or site.name)}">']


STYLES: dict[str, Callable[[Publisher, Article], list[str]]] = {
    "graph": _graph,
    "list": _list,
    "plain": _plain,
    "open-graph": _open_graph_only,
    "meta": _meta,
    "time": _time,
    "microdata": _microdata,
}


def stamp(moment: datetime) -> str:
    """ISO 8601 with the offset as the publisher writes it."""
    return moment.isoformat().replace("+00:00", "Z") if moment.tzinfo is UTC else moment.isoformat()


def _open_graph(site: Publisher, article: Article, *, dated: bool) -> list[str]:
    kind = "video.other" if article.video else "article"
    picture = _picture(site, article)
    pairs = [
        ("og:type", kind),
        ("og:site_name", site.site_name or site.name),
        ("og:title", article.title),
        ("og:description", article.deck),
        ("og:url", site.url(article)),
        ("og:image", picture),
    ]
    if article.picture is not None and not site.logo_as_picture:
        pairs += [("og:image:width", str(article.picture.width)), ("og:image:height", str(article.picture.height))]
    if dated:
        times = _dates(article, ("article:published_time", "article:modified_time"))
        pairs += [*times.items(), *(("article:author", name) for name in article.authors)]
        pairs += [("article:section", article.section), *(("article:tag", word) for word in article.keywords)]
    return [f'<meta property="{name}" content="{escape(value)}">' for name, value in pairs if value]


def _picture(site: Publisher, article: Article) -> str | None:
    return site.logo_url if site.logo_as_picture else site.picture_url(article)


def _image_object(site: Publisher, article: Article) -> dict[str, Any] | None:
    url, spec = _picture(site, article), article.picture
    if url is None:
        return None
    size = {} if spec is None or site.logo_as_picture else {"width": spec.width, "height": spec.height}
    return {"@type": "ImageObject", "url": url, **size}


def _organization(site: Publisher) -> dict[str, Any]:
    name = site.site_name or site.name
    return {"@type": "NewsMediaOrganization", "name": name, "url": site.root, "logo": {"@type": "ImageObject", "url": site.logo_url}}


def _dates(article: Article, names: tuple[str, ...]) -> dict[str, str]:
    values = (article.published, article.modified or article.published)
    return {name: stamp(value) for name, value in zip(names, values, strict=False) if value}


def _paywall(article: Article) -> dict[str, Any]:
    if not article.paywall:
        return {}
    return {
        "isAccessibleForFree": False,
        "hasPart": {"@type": "WebPageElement", "isAccessibleForFree": False, "cssSelector": ".subscribers"},
    }


def _feed_link(site: Publisher, number: int) -> str:
    feed = site.feeds[number]
    kind = {"rss": "application/rss+xml", "atom": "application/atom+xml", "json": "application/feed+json"}[feed.kind]
    return f'<link rel="alternate" type="{kind}" title="{escape(feed.title)}" href="{feed.path}">'


def _ld(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False).replace("</", "<\\/")
    return f'<script type="application/ld+json">{text}</script>'


def _slug(name: str) -> str:
    return "-".join(name.lower().split())
