"""Pages with 100 kB of one character or word in a field: each is read in bounded time.

Each day of the week tries a seventh of the table.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from pipeline.core.models import CaptureRef, Entry
from pipeline.extraction.articles import build_article
from pipeline.extraction.metadata.rights import PageAnswer, read_rights
from pipeline.extraction.pages import read_page
from pipeline.text.languages import load_model
from tests.hostile import DAY, grows_at_most_in_proportion, texts_of_the_day
from tests.unit.extraction.test_articles import PROSE, URL

AT = datetime(2026, 10, 1, tzinfo=UTC)
TITLE = "<title>Owls return to the city</title>"
TEXT = f"<p>{PROSE}</p>" * 3
BODY = f"<h1>Owls return to the city</h1><article>{TEXT}</article>"

Html = Callable[[str], str]


def page_of(head: str, body: str = BODY, *, language: str = "en") -> str:
    return f"<!doctype html><html lang='{language}'><head>{head}</head><body>{body}</body></html>"


def in_head(element: str) -> Html:
    return lambda text: page_of(TITLE + element.replace("@", text))


def in_text(element: str) -> Html:
    return lambda text: page_of(TITLE, BODY.replace("<article>", "<article>" + element.replace("@", text)))


def in_json_ld(key: str, *, inside: str | None = None) -> Html:
    def html(text: str) -> str:
        node = {"@type": "NewsArticle", "headline": "Owls return to the city", key: {inside: text} if inside else text}
        return page_of(f"{TITLE}<script type='application/ld+json'>{json.dumps(node).replace('<', chr(92) + 'u003c')}</script>")

    return html


METAS = (
    "og:title", "og:description", "og:site_name", "og:type", "og:url", "og:image", "og:image:width", "og:locale", "twitter:image", "author",
    "article:author", "twitter:data1", "article:published_time", "article:modified_time", "date", "keywords", "robots", "content-language",
    "copyright", "article:content_tier",
)  # fmt: skip
JSON_LD = (
    "headline", "articleBody", "datePublished", "dateModified", "author", "publisher", "image", "keywords", "inLanguage", "description",
    "url", "isAccessibleForFree",
)  # fmt: skip
FIELDS: dict[str, Html] = {
    "title tag": lambda text: page_of(f"<title>{text}</title>"),
    "language": lambda text: page_of(TITLE, language=text),
    "canonical": in_head("<link rel=canonical href='https://www.kestrel.example/@'>"),
    "amphtml": in_head("<link rel=amphtml href='@'>"),
    "base": in_head("<base href='@'>"),
    "script": in_head("<script>var published_at = '@'; var x = \"@\"</script>"),
    "json-ld that is none": in_head("<script type='application/ld+json'>@</script>"),
    "json-ld that breaks off": in_head('<script type=\'application/ld+json\'>{"\\u0040type": "NewsArticle", "headline": "@</script>'),
    **{f"meta {name}": in_head(f"<meta name='{name}' property='{name}' content='@'>") for name in METAS},
    **{f"json-ld {key}": in_json_ld(key) for key in JSON_LD},
    "json-ld author's name": in_json_ld("author", inside="name"),
    "json-ld publisher's name": in_json_ld("publisher", inside="name"),
    "h1": lambda text: page_of(TITLE, f"<h1>{text}</h1><article>{TEXT}</article>"),
    "h2": in_text("<h2>@</h2>"),
    "paragraph": in_text("<p>@</p>"),
    "div": in_text("<div>@</div>"),
    "caption": in_text("<figure><img src=a.jpg><figcaption>@</figcaption></figure>"),
    "time": in_text("<time>@</time>"),
    "datetime": in_text("<time datetime='@'>x</time>"),
    "marked date": in_text("<span itemprop=datePublished content='@'>x</span>"),
    "dateline": in_text("<p class=date>Published @</p>"),
    "byline": in_text("<p class=author>By @</p>"),
    "byline by its class": in_text("<span class='byline author'>@</span>"),
    "author's link": in_text("<a rel=author href='/author/@'>@</a>"),
    "class and id": in_text(f"<div class='@' id='@'><p>{PROSE}</p></div>"),
    "img src": in_text("<img src='@'>"),
    "img srcset": in_text("<img srcset='@ 320w, b.jpg 640w'>"),
    "img width": in_text("<img src=a.jpg width='@' alt='@'>"),
}


def read(html: str, url: str = URL) -> None:
    page = read_page(html.encode("utf-8", "replace"), url=url, content_type="text/html")
    build_article(page, entry=Entry(url=url, source_id="one", via="feed"), capture=CaptureRef("raw/x", 0, AT), payload_digest="")
    read_rights(page, PageAnswer("news", (), AT, ()))


@pytest.fixture(scope="module", autouse=True)
def warm() -> None:
    """What the first page of a process loads is not timed."""
    load_model()
    read(page_of(TITLE, BODY.replace("<article>", "<article><time>12 May 2024</time>")))


@pytest.mark.parametrize(("number", "name"), [pytest.param(*field, id=f"{field[1]}-{DAY}") for field in enumerate(FIELDS)])
def test_a_field_of_a_hundred_kilobytes_is_read_in_bounded_time(number: int, name: str) -> None:
    for text in texts_of_the_day(number):
        grows_at_most_in_proportion(lambda long: read(FIELDS[name](long.replace("'", ""))), text, ends=("~x",))


def test_an_address_of_a_hundred_kilobytes_is_read_in_bounded_time() -> None:
    for text in texts_of_the_day(0):
        grows_at_most_in_proportion(lambda long: read(page_of(TITLE), url=f"https://www.kestrel.example/{long}"), text, ends=("~x",))
