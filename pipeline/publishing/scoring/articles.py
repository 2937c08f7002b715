"""Finds topics, provider, shown images and the terms of quality of the articles of a window. Pure: values in, values out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from pipeline.core.catalogue import Catalogue, EditorialConstants, Scoring
from pipeline.core.models import Image
from pipeline.publishing.article_stories import ArticleStory
from pipeline.publishing.scoring.editorial import clickbait_degree, is_stock_picture, promotion_degree, thinness_degree
from pipeline.publishing.scoring.laws import EditorialDegrees, QualityParts, StoryMember, quality_parts
from pipeline.publishing.scoring.providers import ProviderTable, ProviderWeight
from pipeline.publishing.scoring.topics import TopicMatch, TopicMatcher
from pipeline.publishing.versions import ArticleVersion

_topic_matcher = lru_cache(maxsize=4)(TopicMatcher)
"""Cached for all dates of a run, because building a matcher is most of the work for a date with few articles."""
QUALITY_COLUMNS = {
    "qualityImage": "image",
    "qualityAmp": "amp",
    "qualityProvider": "provider",
    "qualityTopics": "topics",
    "qualityKeywords": "keywords",
    "qualityVideo": "video",
    "qualityTitleLength": "title_length",
    "qualityPromotion": "promotion",
    "qualityClickbait": "clickbait",
    "qualityThin": "thin",
    "qualityStockPicture": "stock_picture",
    "qualityCopied": "copied",
    "qualityReliability": "reliability",
    "qualityFloor": "floor",
}
"""The field of `QualityParts` for each column of `explain`."""


@dataclass(frozen=True, slots=True)
class ScoredArticle:
    """An article of the window with its topics, provider, shown images and quality."""

    version: ArticleVersion
    topics: TopicMatch
    provider: ProviderWeight
    provider_name: str
    images: tuple[Image, ...]
    parts: QualityParts

    @property
    def url(self) -> str:
        """The canonical URL of the article."""
        return self.version.web_url

    @property
    def member(self) -> StoryMember:
        """The article as a member of a story."""
        return StoryMember(self.url, self.parts.total, self.version.published)


def score_articles(
    versions: Sequence[ArticleVersion],
    catalogue: Catalogue,
    *,
    stories: Mapping[str, ArticleStory],
    default_pictures: Mapping[str, Collection[str]],
) -> list[ScoredArticle]:
    """Find the topics, provider, shown images and terms of quality of each article, in the given order.

    `stories` has the story of each article by webUrl, with the similarity to the article that it copies; `default_pictures`
    are the addresses of those of its pictures that are the default picture of its site, by webUrl.
    """
    matcher = _topic_matcher(catalogue.topics, match=catalogue.scoring.keyword_match)
    providers = ProviderTable(catalogue.provider_lists, catalogue.official)
    sources = {source.id: source for source in catalogue.sources}
    scored = []
    for version in versions:
        source = sources.get(version.source_id or "")
        topics = matcher.topics_of(
            version.title,
            root=source.topic if source else None,
            vocabulary=source.vocabulary if source else (),
            language=version.language,
        )
        images = tuple(image for image in version.images if _is_shown(image, default_pictures[version.web_url], catalogue.scoring))
        provider = providers.weight(version.web_url, domain=version.provider_domain, topics=topics.topics)
        parts = quality_parts(
            title=version.title,
            has_image=bool(images),
            has_amp=version.amp_web_url is not None,
            provider_weight=provider.weight,
            topics=len(topics.topics),
            keyword_hits=len(topics.hits),
            is_featured_video=version.type == "video" and provider.is_official,
            constants=catalogue.scoring.quality,
            degrees=_editorial_degrees(version, images, stories[version.web_url], catalogue.scoring.editorial),
            editorial=catalogue.scoring.editorial,
        )
        name = providers.name_of(version.provider_domain) or version.provider_name or version.provider_domain
        scored.append(ScoredArticle(version, topics, provider, name, images, parts))
    return scored


def quality_columns(parts: QualityParts) -> dict[str, int]:
    """The terms of quality by the names of their columns in `explain`."""
    return {column: getattr(parts, name) for column, name in QUALITY_COLUMNS.items()}


def _is_shown(image: Image, default_pictures: Collection[str], scoring: Scoring) -> bool:
    """Whether both sides are known and above the minimum, and the image is not the default image of its site."""
    is_large = all(side is not None and side > scoring.images.min_side for side in (image.width, image.height))
    return is_large and image.url not in default_pictures


def _editorial_degrees(
    version: ArticleVersion, images: Sequence[Image], story: ArticleStory, constants: EditorialConstants
) -> EditorialDegrees:
    """The degrees of the editorial terms; a term worth no points is not computed."""
    return EditorialDegrees(
        promotion=promotion_degree(version.title, version.text, version.provider_domain) if constants.promotion else 0.0,
        clickbait=clickbait_degree(version.title) if constants.clickbait else 0.0,
        thin=thinness_degree(version.text, words=constants.thin_words) if constants.thin else 0.0,
        stock_picture=float(any(is_stock_picture(image.url) for image in images)) if constants.stock_picture else 0.0,
        copied=story.duplicate_similarity or 0.0,
        reliability=2 * constants.reliabilities.get(version.provider_domain, 0.5) - 1,
    )
