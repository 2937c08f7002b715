"""Computes quality (law 1), heat (law 2) and published (law 3) of a record, and the order of the members of a story.

Pure arithmetic. It never reads a page, the words of a title or a domain: the caller counts and decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from pipeline.core.catalogue import EditorialConstants, HeatConstants, QualityConstants

NOT_LEAD = -1
"""The heat of a member of a story that is not its lead."""


@dataclass(frozen=True, slots=True)
class QualityParts:
    """The terms of quality in points, the editorial ones included; they add up to `total`."""

    image: int
    amp: int
    provider: int
    video: int
    topics: int
    keywords: int
    title_length: int
    """Points taken off for a long title: at most 0."""
    promotion: int
    clickbait: int
    thin: int
    stock_picture: int
    copied: int
    reliability: int
    floor: int
    """Points that raise a negative sum to 0: at least 0."""

    @property
    def total(self) -> int:
        """The quality: the sum of all terms."""
        return sum(getattr(self, name) for name in self.__slots__)


@dataclass(frozen=True, slots=True)
class EditorialDegrees:
    """The degrees of the editorial terms for an article, each from 0 to 1; `reliability` from -1 to 1."""

    promotion: float = 0.0
    clickbait: float = 0.0
    thin: float = 0.0
    stock_picture: float = 0.0
    copied: float = 0.0
    reliability: float = 0.0


@dataclass(frozen=True, slots=True)
class StoryMember:
    """The values by which the members of a story are ordered."""

    web_url: str
    quality: int
    published: datetime


NO_DEGREES, NO_EDITORIAL = EditorialDegrees(), EditorialConstants()


def quality_parts(
    *,
    title: str,
    has_image: bool,
    has_amp: bool,
    provider_weight: int,
    topics: int,
    keyword_hits: int,
    is_featured_video: bool,
    constants: QualityConstants,
    degrees: EditorialDegrees = NO_DEGREES,
    editorial: EditorialConstants = NO_EDITORIAL,
) -> QualityParts:
    """Law 1: the terms of quality. `topics` is the number of the article's topics, `keyword_hits` that of their keywords in its title.

    The editorial terms are rounded to whole points, halves to even.
    """
    image = constants.image if has_image else 0
    amp = constants.amp if has_amp else 0
    video = constants.featured_video if is_featured_video else 0
    title_length = -(max(0, len(title) - constants.title_free) // constants.title_per_point)
    by_topics, by_keywords = constants.topic * topics, constants.keyword * keyword_hits
    second = {
        "promotion": round(editorial.promotion * degrees.promotion),
        "clickbait": round(editorial.clickbait * degrees.clickbait),
        "thin": round(editorial.thin * degrees.thin),
        "stock_picture": round(editorial.stock_picture * degrees.stock_picture),
        "copied": round(editorial.copied * degrees.copied),
        "reliability": round(editorial.reliability * degrees.reliability),
    }
    earned = image + amp + provider_weight + video + by_topics + by_keywords + title_length + sum(second.values())
    return QualityParts(
        image=image,
        amp=amp,
        provider=provider_weight,
        video=video,
        topics=by_topics,
        keywords=by_keywords,
        title_length=title_length,
        **second,
        floor=max(0, -earned),
    )


def related_order(members: Iterable[StoryMember]) -> list[StoryMember]:
    """The members in the order of `related`: the highest quality first, then the earliest published, then the smaller URL."""
    return sorted(members, key=lambda member: (-member.quality, member.published, member.web_url))


def pick_lead(members: Iterable[StoryMember]) -> StoryMember:
    """The lead of a story: the first member in the order of `related`. Raises ValueError when there are no members."""
    ordered = related_order(members)
    if not ordered:
        raise ValueError("a story has at least one member")
    return ordered[0]


def heat(*, quality: int, related: int, is_lead: bool, constants: HeatConstants) -> int:
    """Law 2: the heat. `related` is the number of the other members of the story, 0 for an article that stands alone."""
    if related == 0:
        return quality
    if not is_lead:
        return NOT_LEAD
    return quality + constants.related * related if quality >= constants.lead_quality else quality


def is_published(heat: int, *, threshold: int, removed: bool) -> bool:
    """Law 3: whether the record is published. `removed` is true for an article on the list of removed URLs (scoring.yaml)."""
    return heat >= threshold and not removed
