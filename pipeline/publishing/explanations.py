"""Explains a record in words: each field with its place and confidence, and each term of its quality. Pure: rows in, values out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pipeline.text.counts import counted

if TYPE_CHECKING:
    from pipeline.publishing.lookup import Row

QUALITY_TERMS = {
    "qualityImage": "a lead image",
    "qualityAmp": "an AMP page",
    "qualityProvider": "the provider's weight",
    "qualityTopics": "topics",
    "qualityKeywords": "keywords in the title",
    "qualityVideo": "a video of a topic's own source",
    "qualityTitleLength": "a long title",
    "qualityPromotion": "a market report or press release",
    "qualityClickbait": "a clickbait title",
    "qualityThin": "little text",
    "qualityStockPicture": "a picture that is a logo or a default",
    "qualityCopied": "copied text",
    "qualityReliability": "the provider's reliability",
    "qualityFloor": "never below 0",
}
"""The column of `explain` with the points of each term of the quality, and the term's meaning."""
CONFIDENCE_OF = {"publishedDateTime": "published", "images": "image", "type": "article"}
"""Field to the name of its probability in `confidence`, where the names differ."""
PLACE_OF = {"provider": "providerName"}
"""Field to its name in `provenance` and `alternatives`, where the names differ."""
URL_FIELDS = frozenset({"webUrl", "originalUrl", "ampWebUrl"})


@dataclass(frozen=True, slots=True)
class RecordField:
    """A field of a record: its value, the place that it was taken from, its probability to be right, and the values of other places."""

    name: str
    value: str
    taken_from: str
    confidence: float | None
    lost: str
    is_url: bool = False


@dataclass(frozen=True, slots=True)
class ExplainedTerm:
    """A term of a record's quality: its points, its meaning, and what exactly earned them (empty for most terms)."""

    points: int
    meaning: str
    detail: str


def record_fields(article: Row, extracted: Row | None) -> tuple[RecordField, ...]:
    """Each field of a record as text, with the place that it was taken from, its confidence, and what other places say.

    Fields that only `extracted` has are empty when that row is gone.
    """
    extracted = extracted or {}
    provenance, alternatives = dict(extracted.get("provenance") or []), dict(extracted.get("alternatives") or [])
    confidence = extracted.get("confidence") or {}
    return tuple(
        RecordField(
            name=name,
            value=value or "",
            taken_from=provenance.get(PLACE_OF.get(name, name), ""),
            confidence=confidence.get(CONFIDENCE_OF.get(name, name)),
            lost=alternatives.get(PLACE_OF.get(name, name), ""),
            is_url=name in URL_FIELDS,
        )
        for name, value in _values(article, extracted).items()
    )


def _values(article: Row, extracted: Row) -> Mapping[str, str | None]:
    modified, text, free = extracted.get("modifiedDateTime"), extracted.get("text"), extracted.get("isAccessibleForFree")
    return {
        "title": article["title"],
        "excerpt": article["excerpt"],
        "publishedDateTime": f"{_second(article['publishedDateTime'])}, to the {extracted.get('publishedPrecision') or '?'}",
        "modifiedDateTime": _second(modified) if modified else None,
        "webUrl": article["webUrl"],
        "originalUrl": article["originalUrl"],
        "ampWebUrl": article["ampWebUrl"],
        "type": article["type"],
        "provider": f"{article['provider']['name']} ({article['provider']['domain']})",
        "topics": ", ".join(article["topics"]),
        "images": "; ".join(f"{image['url']} {image['width']}×{image['height']}" for image in article["images"]),
        "authors": ", ".join(extracted.get("authors") or []),
        "language": extracted.get("language"),
        "keywords": ", ".join(extracted.get("keywords") or []),
        "isAccessibleForFree": None if free is None else "yes" if free else "no",
        "text": counted(len(text), "character") if text else None,
    }


def _second(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def explained_terms(explain: Row) -> tuple[ExplainedTerm, ...]:
    """The terms of the quality that are not zero, in the order of `QUALITY_TERMS`."""
    details = {
        "qualityKeywords": ", ".join(f"{hit['keyword']} ({hit['topic']})" for hit in explain["keywords"]),
        "qualityProvider": explain["providerList"] or "",
    }
    return tuple(ExplainedTerm(explain[name], meaning, details.get(name, "")) for name, meaning in QUALITY_TERMS.items() if explain[name])
