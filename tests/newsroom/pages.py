"""The pages of a publisher as HTML: the article amid everything that stands around one, its AMP page, the front page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from html import escape
from string import Template

from tests.newsroom import metadata
from tests.newsroom.model import Article, Publisher

PARAGRAPHS_BEFORE_PAYWALL = 1


def article_page(site: Publisher, article: Article, *, templates: Mapping[str, Template]) -> bytes:
    """The page of `article` in its publisher's layout and charset."""
    newest = [one for one in site.newest_first() if one != article and not one.missing]
    text = templates[site.layout].substitute(
        _frame(site),
        head=metadata.head(site, article),
        section=escape(article.section),
        title=escape(article.title),
        deck=escape(article.deck),
        authors=_authors(article),
        date=_date(article.published),
        updated=f"Updated {_date(article.modified)}" if article.modified else "",
        figure=_figure(site, article),
        body=_body(article),
        share=_share(site, article),
        tags="".join(f'<li><a href="/tag/{escape(word)}">{escape(word)}</a></li>' for word in article.keywords),
        related=_links(site, newest[:4], decks=True),
        popular=_links(site, sorted(newest, key=lambda one: (len(one.title), one.slug))[:6], decks=False),
    )
    return text.encode(site.charset, "xmlcharrefreplace")


def amp_page(site: Publisher, article: Article, *, templates: Mapping[str, Template]) -> bytes:
    """The AMP page: little but the text, a link back, and the required boilerplate."""
    picture, spec = site.picture_url(article), article.picture
    image = ""
    if picture and spec:
        image = f'<amp-img src="{escape(picture)}" width="{spec.width}" height="{spec.height}" layout="responsive"></amp-img>'
    text = templates["amp"].substitute(
        _frame(site),
        canonical=escape(site.url(article)),
        title=escape(article.title),
        authors=_authors(article),
        date=_date(article.published),
        figure=image,
        body=_body(article),
    )
    return text.encode(site.charset, "xmlcharrefreplace")


def front_page(site: Publisher, *, templates: Mapping[str, Template]) -> bytes:
    shown = [article for article in site.newest_first() if not article.missing]
    text = templates["front"].substitute(_frame(site), links=_links(site, shown, decks=True))
    return text.encode(site.charset, "xmlcharrefreplace")


def _frame(site: Publisher) -> dict[str, str]:
    """What every page of a site shares."""
    sections = sorted({article.section for article in site.articles})
    return {
        "language": site.language,
        "charset": site.charset,
        "site": escape(site.name),
        "tagline": escape(site.tagline),
        "root": site.root,
        "navigation": "".join(f'<li><a href="/section/{escape(name.lower())}">{escape(name)}</a></li>' for name in sections),
    }


def _body(article: Article) -> str:
    shown, wall = article.paragraphs, ""
    if article.paywall:
        shown = shown[:PARAGRAPHS_BEFORE_PAYWALL]
        wall = '<div class="subscribers"><h3>Subscribe to continue</h3><p>This article is for subscribers. Already one? Log in.</p></div>'
    return "\n".join([*(_paragraph(text) for text in shown), wall])


def _paragraph(text: str) -> str:
    """`## ` opens a heading, `> ` a quotation; anything else is a paragraph."""
    if text.startswith("## "):
        return f"<h2>{escape(text[3:], quote=False)}</h2>"
    if text.startswith("> "):
        return f"<blockquote><p>{escape(text[2:], quote=False)}</p></blockquote>"
    return f"<p>{escape(text, quote=False)}</p>"


def _figure(site: Publisher, article: Article) -> str:
    url, spec = site.picture_url(article), article.picture
    if url is None or spec is None:
        return ""
    caption = f"<figcaption>{escape(spec.caption)} <span class=credit>{escape(spec.credit)}</span></figcaption>" if spec.caption else ""
    image = f'<img src="{escape(url)}" alt="{escape(spec.caption)}" width="{spec.width}" height="{spec.height}">'
    return f"<figure>{image}{caption}</figure>"


def _authors(article: Article) -> str:
    names = [f'<a rel="author" href="/by/{"-".join(name.lower().split())}">{escape(name)}</a>' for name in article.authors]
    return " and ".join(names)


def _date(moment: datetime | None) -> str:
    if moment is None:
        return ""
    return f'<time datetime="{metadata.stamp(moment)}">{moment.day} {moment:%B %Y, %H:%M}</time>'


def _share(site: Publisher, article: Article) -> str:
    return "".join(
        f'<li><a href="https://{host}/share?url={escape(site.url(article))}">{name}</a></li>'
        for name, host in (("Post", "chirp.example"), ("Share", "facepage.example"), ("Mail", "mail.example"))
    )


def _links(site: Publisher, articles: list[Article], *, decks: bool) -> str:
    items = []
    for article in articles:
        deck = f"<p>{escape(article.deck)}</p>" if decks and article.deck else ""
        items.append(f'<li><a href="{escape(site.url(article))}">{escape(article.title)}</a>{deck}</li>')
    return "\n".join(items)
