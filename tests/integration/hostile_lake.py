"""A lake whose every text is an attack: on a page, a terminal, a spreadsheet, a query, a document of YAML, XML or Markdown."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline.core import schema
from pipeline.core.models import Interval, Part
from pipeline.lake import storage
from pipeline.lake.storage import Lake
from pipeline.lake.tables import checked_table

MOMENT = datetime(2026, 11, 20, 9, 10, tzinfo=UTC)
CAPTURED = datetime(2026, 11, 20, 12, tzinfo=UTC)
PART = Part(Interval.parse("2026-11-20T12"), "00")
MARKUP = "<script>alert(1)</script><img src=x onerror=alert(2)>&lt;b&gt;\"'--></style>]]>"
TERMINAL = "\x1b]0;owned\x07\x1b[31mred\x9b2J\x00\x08\u202egnp.exe"
FORMULAS = ('=HYPERLINK("https://evil.example","win")', "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "＝1")
QUERY = "'; drop view articles; --"
YAML = '"\n---\nheat: 999\n- !!python/object:os.system "'
LINKS = ("javascript:alert(3)", "data:text/html,<script>alert(4)</script>", 'https://evil.example/"onmouseover="alert(5)')
MARKDOWN = "[click](javascript:alert(6)) ![x](https://evil.example/x.png) | table"
TEXTS = (MARKUP, TERMINAL, *FORMULAS, QUERY, YAML, *LINKS, MARKDOWN)


def write_hostile_lake(root: Path) -> Lake:
    """A date of published records, one for each text of TEXTS, with their explanations, pages and ledger."""
    lake = Lake(str(root))
    urls = [f"https://evil.example/{number}" for number in range(len(TEXTS))]
    rows = list(zip(urls, TEXTS, strict=True))
    for path, contract, made in (
        (storage.articles_path(MOMENT.date()), schema.ARTICLES, [_article(url, text, rows) for url, text in rows]),
        (storage.explain_path(MOMENT.date()), schema.EXPLAIN, [_explain(url, text, place) for place, (url, text) in enumerate(rows)]),
        (storage.stories_path(MOMENT.date()), schema.STORIES, [_story(url, text, place) for place, (url, text) in enumerate(rows)]),
        (storage.extracted_path(PART), schema.EXTRACTED, [_extracted(url, text, place) for place, (url, text) in enumerate(rows)]),
        (storage.ledger_path(PART), schema.LEDGER, [_seen(url, text, place) for place, (url, text) in enumerate(rows)]),
    ):
        lake.write_table(path, checked_table(made, contract, name=path))
    return lake


def _story(url: str, text: str, place: int) -> dict[str, Any]:
    member = {"webUrl": url, "publishedDateTime": MOMENT, "domain": "evil.example", "role": "lead", "similarity": None}
    return {
        **{"storyId": f"{place:016x}", "leadUrl": url, "title": text, "firstReport": MOMENT, "lastReport": MOMENT, "size": 1},
        **{"newsrooms": 1, "copies": 0, "languages": [text], "topics": ["AI", text], "heat": 100, "members": [member]},
        **{"absorbedStoryIds": [], "splitFromStoryIds": []},
    }


def _article(url: str, text: str, rows: list[tuple[str, str]]) -> dict[str, Any]:
    provider = {"name": text, "domain": "evil.example"}
    image = {"url": text, "width": 400, "height": 300, "isCached": False}
    related = [
        {
            **{"title": other, "excerpt": other, "publishedDateTime": MOMENT, "webUrl": other_url, "ampWebUrl": None, "cdnAmpWebUrl": None},
            **{"type": "article", "provider": {"name": other, "domain": "evil.example"}, "quality": 1, "images": [image]},
        }
        for other_url, other in rows[:2]
        if other_url != url
    ]
    return {
        **{"category": "news", "title": text, "excerpt": text, "publishedDateTime": MOMENT, "originalUrl": text, "webUrl": url},
        **{"ampWebUrl": text, "cdnAmpWebUrl": text, "type": "article", "quality": 100, "heat": 100, "published": True},
        **{"provider": provider, "topics": ["AI", text], "images": [image], "related": related, "secured": None},
    }


def _explain(url: str, text: str, place: int) -> dict[str, Any]:
    zeros = {name: 0 for name in schema.EXPLAIN.names if name.startswith("quality")}
    return {
        **zeros,
        **{"webUrl": url, "publishedDateTime": MOMENT, "quality": 100, "qualityProvider": 100, "keywords": [], "providerList": text},
        **{"storyId": "0123456789abcdef", "storySize": len(TEXTS), "storyNewsrooms": 1, "absorbedStoryIds": [], "splitFromStoryIds": []},
        **{"duplicateOf": None, "duplicateMethod": None, "duplicateSimilarity": None, "isLead": True, "leadUrl": url, "heat": 100},
        **{"heatRelated": 0, "links": [], "sourceId": "evil", "via": "warc", "capturedAt": CAPTURED, "vanishedAt": None},
        **{"captureFile": storage.captures_path(PART), "captureOffset": place, "payloadDigest": "sha256:0"},
    }


def _extracted(url: str, text: str, place: int) -> dict[str, Any]:
    nothing = {field.name: None for field in schema.EXTRACTED}
    return {
        **nothing,
        **{"originalUrl": text, "webUrl": url, "title": text, "excerpt": text, "text": text, "authors": [text], "keywords": [text]},
        **{"publishedDateTime": MOMENT, "publishedPrecision": "second", "language": "en", "providerName": text, "images": []},
        **{"providerDomain": "evil.example", "type": "article", "via": "warc", "capturedAt": CAPTURED, "provenance": [("title", text)]},
        **{"captureFile": storage.captures_path(PART), "captureOffset": place, "payloadDigest": "sha256:0", "sourceId": "evil"},
    }


def _seen(url: str, text: str, place: int) -> dict[str, Any]:
    return {
        **{"url": url, "kind": "page", "outcome": "captured", "reason": text, "sourceId": "evil", "via": "warc", "listedBy": [text]},
        **{"status": 200, "bytes": 10, "offset": place, "at": CAPTURED, "captureFile": None},
    }
