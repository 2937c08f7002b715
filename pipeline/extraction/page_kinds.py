"""Recognises pages that are no articles: a product, a forum's thread, a shop's list, a manual.

Pure: reads a `Page`. Two signs are needed: the page's declarations (JSON-LD, microdata, `og:type`, its content system), and its build
(offers, prices, code) or the lack of a declared article. Measured on wcxb_other (180 pages that are no articles) and on all sets of
articles, see docs/benchmarks.md. The static pages of a site (`page-id-7` of WordPress) are recognised only where they also sell, because
many of them are articles with a date and an author.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Literal
from urllib.parse import urlsplit

import lxml.etree
import lxml.html

from pipeline.extraction.dates.publication_dates import GUESSED, SEARCHED
from pipeline.extraction.html.structured_data import ARTICLE_TYPES, types_of
from pipeline.extraction.pages import Page
from pipeline.text.phrases import phrase_pattern

Kind = Literal["product", "forum", "listing", "reference", "service"]

MIN_PRICES = 8
"""Prices from which a page is a shop's list; an article with advertisements has as many, but no class names of a shop."""
MIN_CODE = 25
"""`<pre>` and `<code>` elements from which a page is that of a manual; a tutorial on a blog has as many, but another address."""
MIN_BUTTONS = 20
"""Links and buttons with the class of a button from which a page offers something. With 15, four articles of the shared sets are lost and
one page more is recognised; with 30, four fewer are."""
_MAX_PRICE = 24
"""Characters of the longest text that is a price, with a word beside it (`From $12.99`)."""

_DISCUSSIONS = frozenset({"DiscussionForumPosting", "QAPage"})
_OFFERED = frozenset({"Product", "ProductGroup", "Course", "SomeProducts", "ProductModel"})
_OFFERS = frozenset({"Offer", "AggregateOffer", "PriceSpecification", "BuyAction"})
_LISTS = frozenset({"CollectionPage", "SearchResultsPage", "ItemList", "OfferCatalog"})
_SERVICES = frozenset({"FAQPage", "LocalBusiness", "ProfessionalService", "Store"})
_ARTICLES = ARTICLE_TYPES - {"DiscussionForumPosting", "SocialMediaPosting", "Review", "CriticReview"}
_ITEM_TYPES = lxml.etree.XPath("/descendant-or-self::*/@itemtype", smart_strings=False)
_CART = lxml.etree.XPath(
    "boolean(//a[contains(@href, '/cart') or contains(@href, '/basket') or contains(@href, '/checkout')]"
    " | //form[contains(@action, '/cart')])"
)
_CODE_COUNT = lxml.etree.XPath("count(//pre | //code)")
_PRICE = re.compile(r"^(?:\D{0,10}\s)?[$€£¥₹]\s?\d[\d.,]*$|^\d[\d.,]*\s?(?:[$€£¥₹]|USD|EUR|GBP|CHF|zł|kr)$")
_SHOP = re.compile(r"product[-_]?(?:card|item|tile|grid|list)|add[-_]?to[-_]?(?:cart|bag|basket)", re.IGNORECASE)
_SOLD = re.compile(r"(?:^|\s)(?:single-product|page-product|catalog-product-view|template-product)(?:$|\s)")
_forum_software = partial(phrase_pattern, "pipeline.extraction", "%(forum_software)s")
_FORUM_ROOTS = frozenset({"XF", "XenForo"})
"""Ids that XenForo gives to `<html>`."""
_manual_software = partial(phrase_pattern, "pipeline.extraction", "%(manual_software)s")
_MANUAL_ADDRESS = re.compile(
    r"^https?://(?:docs?|api|developers?|help|manuals?)\.|/(?:docs?|manual|reference|api|handbook|latest|stable)/|readthedocs",
    re.IGNORECASE,
)
_SHELF = re.compile(r"/(?:collections|shop|store|sub-?category|product-category|categories|products)(?:/|$)", re.IGNORECASE)
"""Paths under which shop systems list their goods. 4 of 5 shared pages with such a path and without an article's JSON-LD are lists; the
sixth has an author."""
_TITLED = re.compile(r"\d{4}|(?:[^-_/]*[-_]){3}")
"""What the path of an article contains: a number of four digits, or four words of a title."""
_TEMPLATE_OF_POSTS = re.compile(r"(?:^|\s)single")
"""The class that WordPress gives to the `<body>` of posts, and not to static pages."""
_BUTTON = re.compile(r"(?:^|[-_\s])(?:btn|button|cta)(?:$|[-_\s])", re.IGNORECASE)


def kind_of(page: Page) -> Kind | None:
    """`product`, `forum`, `listing` or `reference`; None when there are too few signs that the page is no article."""
    if page.tree is None or any(types_of(article) & _ARTICLES for article in page.articles):
        return None
    kinds = _kinds(page)
    generator = " ".join(page.meta.get("generator", ()))
    if kinds & _DISCUSSIONS or _forum_software().search(generator) or _is_thread(page.tree):
        return "forum"
    if _is_offer(page, kinds):
        return "product"
    if _claims_article(page):
        return None
    if _manual_software().search(generator) or (_MANUAL_ADDRESS.search(page.url) and _CODE_COUNT(page.tree) >= MIN_CODE):
        return "reference"
    if _is_shop(page) and (kinds & _LISTS or _prices(page) >= MIN_PRICES):
        return "listing"
    return None


def _is_thread(root: lxml.html.HtmlElement) -> bool:
    """Whether XenForo made the page, and not with a template for articles, which it names in `<html>` (`xa_ams_article_view`)."""
    return root.get("id") in _FORUM_ROOTS and "article" not in root.get("data-template", "")


def kind_without_author(page: Page, *, dated_by: str) -> Kind | None:
    """The kind of a page that names no author, by the place that its date was taken from (`dated_by`); None for an article.

    A date that was searched for in the texts, or is that of a static page, is weak evidence of an article: here one more sign is enough.
    """
    if page.tree is None or page.articles:
        return None
    if _SHELF.search(_path(page.url)):
        return "listing"
    is_searched = dated_by in SEARCHED and not _claims_article(page)
    if is_searched and (_shop_signs(page) > (0 if dated_by in GUESSED else 1) or (dated_by in GUESSED and _declares_shop(page))):
        return "listing"
    if is_searched and _MANUAL_ADDRESS.search(page.url):
        return "reference"
    return "service" if _is_static(page, dated_by) and (_shop_signs(page) > 0 or _buttons(page) >= MIN_BUTTONS) else None


def _declares_shop(page: Page) -> bool:
    return _og_types(page).startswith("product") or bool(_kinds(page) & (_OFFERED | _LISTS | _SERVICES))


def _shop_signs(page: Page) -> int:
    """How many of these a page has: goods by class or price, a cart, a declared list, a declared offer."""
    kinds = _kinds(page)
    has_goods = _is_shop(page) or _prices(page) >= MIN_PRICES
    return has_goods + bool(_CART(page.tree)) + bool(kinds & _LISTS) + bool(kinds & (_OFFERED | _OFFERS))


def _is_static(page: Page, dated_by: str) -> bool:
    """Whether the page is no post: JSON-LD dates the `WebPage` alone, or the head says another type; and no part tells an article."""
    body = page.tree.find("body") if page.tree is not None else None
    if (body is not None and _TEMPLATE_OF_POSTS.search(body.get("class", ""))) or _TITLED.search(_path(page.url)):
        return False
    if dated_by in SEARCHED:
        return bool(_og_types(page)) and not _claims_article(page)
    return dated_by == "jsonld.datePublished" and "article:published_time" not in page.meta


def _buttons(page: Page) -> int:
    return sum(_BUTTON.search(element.get("class", "")) is not None for element in page.elements("a", "button"))


def _path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return ""


def _claims_article(page: Page) -> bool:
    is_article = any(types_of(article) & ARTICLE_TYPES for article in page.articles) or "article:published_time" in page.meta
    return is_article or _og_types(page).startswith("article")


def _og_types(page: Page) -> str:
    return " ".join(page.meta.get("og:type", ())).lower()


def _kinds(page: Page) -> frozenset[str]:
    """The types that the page declares in JSON-LD and microdata."""
    marked_up = _ITEM_TYPES(page.tree) if page.mentions(b"itemtype") else ()
    return frozenset().union(*map(types_of, page.nodes)) | {name.rpartition("/")[2] for name in marked_up}


def _is_offer(page: Page, kinds: frozenset[str]) -> bool:
    """Whether the page declares a product with a price or in a shop; not for a review, which declares the product that it reviews."""
    is_review = page.properties.keys() >= {"itemReviewed", "headline"}
    if is_review or any(article.keys() & {"itemReviewed", "headline", "publisher"} for article in page.articles):
        return False
    body = page.tree.find("body") if page.tree is not None else None
    if body is not None and _SOLD.search(body.get("class", "").lower()):
        return True
    is_declared = _og_types(page).startswith("product") or bool(kinds & _OFFERED)
    return is_declared and (bool(kinds & _OFFERS) or _is_shop(page))


def _is_shop(page: Page) -> bool:
    return _SHOP.search(page.class_text) is not None


def _prices(page: Page) -> int:
    return sum(len(text) <= _MAX_PRICE and _PRICE.match(text.strip()) is not None for text in page.texts)
