"""Which pages are no articles by what they declare and how they are built."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from pipeline.core.models import Article, CaptureRef, Entry, Moment
from pipeline.extraction.articles import build_article
from pipeline.extraction.page_kinds import kind_of, kind_without_author
from pipeline.extraction.pages import Page, read_page

TEXT = "<h1>Lamps for the long nights</h1>" + "<p>The lamps of the valley burn all night in winter, and nobody puts them out.</p>" * 8
PRICES = "".join(f"<li><a href='/p/{number}'>Lamp {number}</a><span>${number}.99</span></li>" for number in range(10, 24))


def page(body: str = TEXT, *, nodes: object = None, head: str = "", classes: str = "", html: str = "", path: str = "/a/lamps") -> Page:
    data = "" if nodes is None else f"<script type='application/ld+json'>{json.dumps(nodes)}</script>"
    text = f"<html {html}><head><title>Lamps</title>{head}{data}</head><body class='{classes}'>{body}</body></html>"
    return read_page(text.encode(), url=f"https://valley.example{path}", content_type="text/html")


NEWS = {"@type": "NewsArticle", "headline": "Lamps for the long nights", "datePublished": "2026-03-05T10:00:00Z"}
PRODUCT = {"@type": "Product", "name": "Lamp", "offers": {"@type": "Offer", "price": "12"}}


@pytest.mark.parametrize(
    ("read", "kind"),
    [
        (page(nodes=PRODUCT), "product"),
        (page(nodes={"@type": "ProductGroup", "hasVariant": [PRODUCT]}), "product"),
        (page(TEXT + "<button class='add-to-cart'>Buy</button>", head="<meta property='og:type' content='product.group'>"), "product"),
        (
            page(
                "<div itemscope itemtype='https://schema.org/Product'><div itemprop=offers itemtype='http://schema.org/Offer'></div></div>"
            ),
            "product",
        ),
        (page(classes="wp-singular product-template-default single single-product postid-12059"), "product"),
        (page(nodes={"@type": "DiscussionForumPosting", "headline": "Lamps", "datePublished": "2026-03-05"}), "forum"),
        (page(nodes={"@type": "QAPage", "mainEntity": {"@type": "Question"}}), "forum"),
        (page(f"<div itemtype='http://schema.org/QAPage'>{TEXT}</div>"), "forum"),
        (page(head="<meta name=generator content='Discourse 2026.3.0'>"), "forum"),
        (page(html="id='XF'"), "forum"),
        (page(html="id='XF' data-template='thread_view'"), "forum"),
        (page(f"<ul class='product-list'>{TEXT}</ul>", nodes={"@type": "CollectionPage", "name": "Lamps"}), "listing"),
        (page(f"{TEXT}<ul class='product-grid'>{PRICES}</ul>"), "listing"),
        (page(head="<meta name=generator content='Docusaurus v3.9.2'>"), "reference"),
        (page(TEXT + "<p>Call <code>lamp()</code>.</p>" * 30, path="/docs/lamps"), "reference"),
    ],
)
def test_a_page_that_says_or_shows_another_kind_is_no_article(read: Page, kind: str) -> None:
    assert kind_of(read) == kind


@pytest.mark.parametrize(
    "read",
    [
        page(),
        page(nodes=[NEWS, PRODUCT]),
        page(f"{TEXT}<ul class='product-grid'>{PRICES}</ul>", nodes=NEWS),
        page(f"{TEXT}<div class='ads'><ul>{PRICES}</ul></div>"),
        page(TEXT + "<pre>lamp()</pre>" * 40, nodes={**NEWS, "@type": "BlogPosting"}),
        page(nodes=[NEWS, {"@type": "QAPage"}]),
        page(classes="single single-post postid-77 page-template-default page-id-77", nodes=NEWS),
        page(TEXT + "<p>Call <code>lamp()</code>.</p>" * 30),
        page(classes="wp-singular page page-id-32428"),
        page(head="<meta property='og:type' content='product'>"),
        page(nodes=[PRODUCT, {"@type": "Review", "itemReviewed": PRODUCT, "author": {"name": "Jane Roe"}}]),
        page(html="id='XF' data-template='xa_ams_article_view'"),
        page(
            "<div itemscope itemtype='http://schema.org/Review'><h1 itemprop=headline>A lamp in the test</h1>"
            "<div itemprop=itemReviewed itemscope itemtype='http://schema.org/Product'>"
            "<div itemprop=offers itemtype='http://schema.org/Offer'></div></div></div>"
        ),
        page("<h1>Lamps cost $12.99 more</h1>" + "<p>A lamp costs $12.99 in the valley, and $9.99 in the town.</p>" * 20),
    ],
)
def test_a_declared_article_is_one_whatever_stands_beside_it(read: Page) -> None:
    assert kind_of(read) is None


def published(read: Page, entry: Entry) -> tuple[bool, str]:
    article = build_article(read, entry=entry, capture=CaptureRef("file", 0, datetime(2026, 11, 20, tzinfo=UTC)), payload_digest="")
    assert isinstance(article, Article)
    assert article.text
    return article.published is not None, article.alternatives.get("type", "")


def test_a_page_of_another_kind_keeps_its_text_and_is_dated_by_its_feed_alone() -> None:
    read = page(nodes={"@type": "DiscussionForumPosting", "headline": "Lamps for the long nights", "datePublished": "2026-03-05T10:00:00Z"})
    entry = Entry(url=read.url, source_id="valley", via="feed")
    assert published(read, entry) == (False, "page.kind forum")
    assert published(read, replace(entry, published=Moment(datetime(2026, 3, 5, tzinfo=UTC), "second")))[0]


@pytest.mark.parametrize("shop", ["<a href='/cart'>Cart</a>", "<form action='/cart/add'></form>", "<ul class='product-grid'></ul>"])
def test_a_guessed_date_of_a_page_that_sells_something_is_no_publication(shop: str) -> None:
    script = "<script>var state = {publishDate: '2026-03-05T10:00:00Z'}</script>"
    entry = Entry(url="https://valley.example/a/lamps", source_id=None, via="warc")
    assert published(page(f"{TEXT}{script}"), entry) == (True, "")
    assert published(page(f"{TEXT}{script}{shop}"), entry) == (False, "page.kind listing")
    assert published(page(f"<p class=byline>By Jane Roe</p>{TEXT}{script}{shop}"), entry)[0]


BUTTONS = "".join(f"<a class='btn btn-{number}' href='/o/{number}'>Offer {number}</a>" for number in range(24))
STATIC = {"@type": "WebPage", "name": "Lamps", "datePublished": "2026-03-05T10:00:00Z"}
WEBSITE = "<meta property='og:type' content='website'>"


@pytest.mark.parametrize(
    ("read", "dated_by", "kind"),
    [
        (page(f"{TEXT}{BUTTONS}", nodes=STATIC), "jsonld.datePublished", "service"),
        (page(f"{TEXT}<a href='/cart'>Cart</a>", nodes=STATIC), "jsonld.datePublished", "service"),
        (page(f"{TEXT}{BUTTONS}", head=WEBSITE), "page.text", "service"),
        (page(path="/collections/lamps"), "page.time", "listing"),
        (page(f"{TEXT}<ul class='product-grid'></ul><a href='/cart'>Cart</a>"), "page.text", "listing"),
        (page(path="/docs/lamps"), "htmldate", "reference"),
        (page(nodes=STATIC), "jsonld.datePublished", None),
        (page(f"{TEXT}{BUTTONS}"), "page.text", None),
        (page(f"{TEXT}{BUTTONS}", nodes=NEWS), "jsonld.datePublished", None),
        (page(f"{TEXT}{BUTTONS}", nodes=STATIC, classes="post single-post"), "jsonld.datePublished", None),
        (page(f"{TEXT}{BUTTONS}", nodes=STATIC, path="/why-lamps-burn-all-night"), "jsonld.datePublished", None),
        (page(f"{TEXT}<a href='/cart'>Cart</a>"), "page.text", None),
        (page(path="/docs/lamps"), "page.dateline", None),
        (page(nodes=NEWS, path="/products/lamps"), "jsonld.datePublished", None),
    ],
)
def test_a_page_without_an_author_is_judged_by_where_its_date_stands(read: Page, dated_by: str, kind: str | None) -> None:
    assert kind_without_author(read, dated_by=dated_by) == kind


def test_bold_words_above_a_text_are_no_author_that_makes_it_an_article() -> None:
    script = "<script>var state = {publishDate: '2026-03-05T10:00:00Z'}</script>"
    body = f"<div><p><b>Valley Lamps</b></p>{TEXT}</div>{script}<a href='/cart'>Cart</a>"
    assert published(page(body), Entry(url="https://valley.example/a/lamps", source_id=None, via="warc")) == (False, "page.kind listing")
