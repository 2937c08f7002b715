"""A record in words: fields under the names that provenance and confidence have for them, and quality without its zeros."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pipeline.publishing.explanations import QUALITY_TERMS, explained_terms, record_fields

ARTICLE: dict[str, Any] = {
    "title": "The bridge is closed",
    "excerpt": None,
    "publishedDateTime": datetime(2026, 11, 20, 9, 10, tzinfo=UTC),
    "webUrl": "https://www.any.example/bridge",
    "originalUrl": "https://www.any.example/bridge",
    "ampWebUrl": None,
    "type": "Article",
    "provider": {"name": "Any", "domain": "any.example"},
    "topics": ["AI", "Climate"],
    "images": [{"url": "https://www.any.example/a.jpg", "width": 1200, "height": 630}],
}
EXTRACTED: dict[str, Any] = {
    "publishedPrecision": "minute",
    "provenance": [("providerName", "og:site_name"), ("publishedDateTime", "json-ld")],
    "alternatives": [("publishedDateTime", "2026-11-19 in the URL")],
    "confidence": {"published": 0.97, "image": 0.5},
    "text": "x",
    "isAccessibleForFree": False,
}


def test_a_field_has_its_place_and_confidence_where_these_have_another_name() -> None:
    fields = {field.name: field for field in record_fields(ARTICLE, EXTRACTED)}
    published = fields["publishedDateTime"]
    assert published.value == "2026-11-20 09:10:00 UTC, to the minute"
    assert (published.taken_from, published.confidence, published.lost) == ("json-ld", 0.97, "2026-11-19 in the URL")
    assert (fields["provider"].value, fields["provider"].taken_from) == ("Any (any.example)", "og:site_name")
    assert (fields["images"].value, fields["images"].confidence) == ("https://www.any.example/a.jpg 1200×630", 0.5)
    assert [name for name, field in fields.items() if field.is_url] == ["webUrl", "originalUrl", "ampWebUrl"]
    assert (fields["text"].value, fields["isAccessibleForFree"].value) == ("1 character", "no")


def test_a_record_whose_row_of_extracted_is_gone_has_the_fields_of_its_article() -> None:
    fields = {field.name: field for field in record_fields(ARTICLE, None)}
    assert fields["title"].value == "The bridge is closed"
    assert fields["publishedDateTime"].value == "2026-11-20 09:10:00 UTC, to the ?"
    assert {fields[name].value for name in ("authors", "modifiedDateTime", "text", "isAccessibleForFree")} == {""}


def test_quality_is_told_without_the_terms_that_give_nothing() -> None:
    explain = {**dict.fromkeys(QUALITY_TERMS, 0), "qualityAmp": 4, "qualityKeywords": 3, "qualityProvider": -2}
    explain |= {"keywords": [{"keyword": "chip", "topic": "AI"}], "providerList": None}
    assert [(part.points, part.meaning, part.detail) for part in explained_terms(explain)] == [
        (4, "an AMP page", ""),
        (-2, "the provider's weight", ""),
        (3, "keywords in the title", "chip (AI)"),
    ]
