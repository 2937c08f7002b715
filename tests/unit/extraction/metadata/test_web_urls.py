"""Which URL an article is known by."""

from __future__ import annotations

import pytest

from pipeline.core.models import Entry
from pipeline.extraction.metadata.web_urls import choose_web_url
from pipeline.extraction.pages import read_page


def chosen(url: str, canonical: str) -> str:
    html = (
        f"<html><head><title>Three bridges</title><link rel=canonical href='{canonical}'></head><body><p>The council met.</p></body></html>"
    )
    read = read_page(html.encode(), url=url, content_type="text/html")
    found = choose_web_url(read, Entry(url=url, source_id=None, via="warc"), title="Council approves repair of three bridges")
    assert found is not None
    return found[0]


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("https://valley.example/news/story.php?id=4711", "https://valley.example/news/story.php"),
        ("https://valley.example/news?article=4711", "https://valley.example/news"),
        ("https://valley.example/a/4711", "https://valley.example/a"),
        ("https://valley.example/index.php/k2/item/4711-three", "https://valley.example/index.php/k2"),
    ],
)
def test_a_canonical_url_without_the_articles_id_is_not_believed(url: str, canonical: str) -> None:
    assert chosen(url, canonical) == url


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("https://valley.example/news/three-bridges?id=4711", "https://valley.example/news/three-bridges"),
        ("https://valley.example/a/4711?ref=99", "https://valley.example/a/4711"),
        ("https://valley.example/2024/03/05/council-approves-repair", "https://valley.example/news/council-approves-repair"),
        ("https://valley.example/story?x=1", "https://valley.example/story"),
    ],
)
def test_a_canonical_url_that_names_the_article_is_believed(url: str, canonical: str) -> None:
    assert chosen(url, canonical) == canonical
