"""Feeds that pages declare, best first."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

from pipeline.discovery.autodiscovery import feed_links
from pipeline.extraction.pages import read_page

HEAD = """<html><head><title>A page</title>
<link rel="alternate" type="application/rss+xml" title="Site &raquo; Comments" href="/comments/feed/">
<link rel="alternate" type="application/json+oembed" href="https://site.example/oembed?url=x">
<link rel="alternate" type="application/json" href="https://site.example/wp-json/wp/v2/posts/1">
<link rel="alternate" hreflang="de" href="https://site.example/de/">
<link rel="alternate" type="application/rss+xml" href="https://site.example/2026/a-page/feed/">
<link REL="Alternate" type="application/atom+xml; charset=utf-8" title="Site" href="/atom.xml">
<link rel="stylesheet" href="/s.css">
</head><body><p>Words.</p></body></html>"""


def test_the_site_s_own_feed_comes_before_comments_and_the_page_s() -> None:
    page = read_page(HEAD.encode(), url="https://site.example/2026/a-page/")
    assert [(link.url, link.type) for link in feed_links(page)] == [
        ("https://site.example/atom.xml", "atom"),
        ("https://site.example/2026/a-page/feed/", "rss"),
        ("https://site.example/comments/feed/", "rss"),
    ]


def test_a_page_without_feeds_or_without_html_declares_none() -> None:
    assert feed_links(read_page(b"<html><body>x</body></html>", url="https://site.example/")) == ()
    assert feed_links(read_page(b"%PDF-1.7", url="https://site.example/")) == ()


def test_the_feeds_that_real_pages_declare_are_found(shared: Path) -> None:
    with gzip.open(shared / "corpora" / "vectors" / "feed_links_real.jsonl.gz", "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    missed = 0
    for row in rows:
        links = "".join(f'<link rel="alternate" type="{feed["type"]}" href="{feed["href"].replace(chr(34), "")}">' for feed in row["feeds"])
        page = read_page(f"<html><head>{links}</head><body>x</body></html>".encode(), url=row["url"] or "https://site.example/page")
        missed += not feed_links(page)
    assert len(rows) > 1000
    assert missed <= 0.01 * len(rows)
