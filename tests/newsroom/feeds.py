"""The feeds of a publisher: RSS 2.0, Atom (RFC 4287) and JSON Feed 1.1, newest entry first."""

from __future__ import annotations

import json
from email.utils import format_datetime
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from tests.newsroom.metadata import stamp
from tests.newsroom.model import Article, Feed, Publisher

CONTENT_TYPES = {
    "rss": "application/rss+xml; charset={}",
    "atom": "application/atom+xml; charset={}",
    "json": "application/feed+json",
}
FORBIDDEN = "\x0b"
"""A vertical tab: no XML 1.0 document may hold one."""


def content_type(site: Publisher, feed: Feed) -> str:
    return feed.content_type or CONTENT_TYPES[feed.kind].format(site.charset)


def document(site: Publisher, feed: Feed) -> bytes:
    articles = site.newest_first(feed.section)
    if feed.kind == "json":
        return _json(site, feed, articles).encode()
    text = _rss(site, feed, articles) if feed.kind == "rss" else _atom(site, feed, articles)
    return text.encode(site.charset, "xmlcharrefreplace")


def _rss(site: Publisher, feed: Feed, articles: tuple[Article, ...]) -> str:
    items = "\n".join(_item(site, feed, article, first=number == 0) for number, article in enumerate(articles))
    return f"""<?xml version="1.0" encoding="{site.charset}"?>
<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom" xmlns:content="http://purl.org/rss/1.0/modules/content/"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/">
<channel>
<title>{escape(feed.title)}</title>
<link>{site.root}/</link>
<description>{escape(site.tagline)}</description>
<language>{site.language}</language>
<lastBuildDate>{format_datetime(site.last_changed)}</lastBuildDate>
<atom:link href="{site.root}{feed.path}" rel="self" type="application/rss+xml"/>
{items}
</channel>
</rss>
"""


def _item(site: Publisher, feed: Feed, article: Article, *, first: bool) -> str:
    stray = FORBIDDEN if feed.ill_formed and first else ""
    lines = [
        f"<title>{escape(article.title)}</title>",
        f"<link>{escape(site.entry_url(article))}</link>",
        f'<guid isPermaLink="false">{site.host}:{article.slug}</guid>',
        f"<description>{escape(article.deck)}{stray}</description>",
        *(f"<dc:creator>{escape(name)}</dc:creator>" for name in article.authors),
        *([f"<pubDate>{format_datetime(article.published)}</pubDate>"] if article.published else []),
        *(f"<category>{escape(word)}</category>" for word in (article.section, *article.keywords)),
    ]
    picture = site.picture_url(article)
    if feed.media and picture and article.picture:
        size = f'width="{article.picture.width}" height="{article.picture.height}"'
        lines.append(f'<media:content url={quoteattr(picture)} medium="image" {size}/>')
    if feed.full_text and not article.paywall:
        lines.append(f"<content:encoded>{escape(_html(article))}</content:encoded>")
    return "<item>\n" + "\n".join(lines) + "\n</item>"


def _atom(site: Publisher, feed: Feed, articles: tuple[Article, ...]) -> str:
    entries = "\n".join(_entry(site, feed, article) for article in articles)
    return f"""<?xml version="1.0" encoding="{site.charset}"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{site.language}">
<title>{escape(feed.title)}</title>
<subtitle>{escape(site.tagline)}</subtitle>
<id>tag:{site.host},2026:feed</id>
<link rel="alternate" type="text/html" href="{site.root}/"/>
<link rel="self" type="application/atom+xml" href="{site.root}{feed.path}"/>
<updated>{stamp(site.last_changed)}</updated>
{entries}
</feed>
"""


def _entry(site: Publisher, feed: Feed, article: Article) -> str:
    lines = [
        f'<title type="text">{escape(article.title)}</title>',
        f'<link rel="alternate" type="text/html" href={quoteattr(site.entry_url(article))}/>',
        f"<id>tag:{site.host},2026:{article.slug}</id>",
        f'<summary type="html">{escape(escape(article.deck))}</summary>',
        *(f"<author><name>{escape(name)}</name></author>" for name in article.authors),
        *(f"<category term={quoteattr(word)}/>" for word in (article.section, *article.keywords)),
    ]
    if article.published:
        lines.append(f"<published>{stamp(article.published)}</published>")
    changed = article.modified or article.published
    if changed:
        lines.append(f"<updated>{stamp(changed)}</updated>")
    if feed.full_text and not article.paywall:
        lines.append(f'<content type="html">{escape(_html(article))}</content>')
    return "<entry>\n" + "\n".join(lines) + "\n</entry>"


def _json(site: Publisher, feed: Feed, articles: tuple[Article, ...]) -> str:
    value = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "home_page_url": f"{site.root}/",
        "feed_url": site.root + feed.path,
        "description": site.tagline,
        "language": site.language,
        "items": [_json_item(site, feed, article) for article in articles],
    }
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def _json_item(site: Publisher, feed: Feed, article: Article) -> dict[str, Any]:
    body = {"content_html": _html(article)} if feed.full_text and not article.paywall else {"content_text": article.deck}
    item = {
        "id": f"{site.host}/{article.slug}",
        "url": site.entry_url(article),
        "title": article.title,
        "summary": article.deck,
        **body,
        "image": site.picture_url(article),
        "date_published": stamp(article.published) if article.published else None,
        "date_modified": stamp(article.modified) if article.modified else None,
        "authors": [{"name": name} for name in article.authors],
        "tags": list(article.keywords),
    }
    return {name: value for name, value in item.items() if value}


def _html(article: Article) -> str:
    return "".join(f"<p>{escape(text)}</p>" for text in article.paragraphs)
