"""Laws 1 and 4 for the articles of a window: topics, provider, pictures and the terms of quality. Pure: values in, values out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from pipeline.core.catalogue import Catalogue, EditorialConstants, Scoring
from pipeline.core.models import Image
from pipeline.publishing.editorial import clickbait_degree, is_stock_picture, promotion_degree, thinness_degree
from pipeline.publishing.providers import ProviderTable, ProviderWeight
from pipeline.publishing.scoring import Opinion, QualityParts, StoryMember, quality_parts
from pipeline.publishing.topics import TopicMatch, TopicMatcher
from pipeline.publishing.versions import ArticleVersion
from pipeline.publishing.window_stories import ArticleStory

_topic_matcher = lru_cache(maxsize=4)(TopicMatcher)
"""Kept for all dates of a run: on a date of few articles, building it is most of the scoring."""
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
"""Columns of `explain` to the fields of QualityParts."""


@dataclass(frozen=True, slots=True)
class ScoredArticle:
    """An article of the window with its topics, its provider, the pictures that are shown, and its quality."""

    version: ArticleVersion
    topics: TopicMatch
    provider: ProviderWeight
    provider_name: str
    images: tuple[Image, ...]
    parts: QualityParts

    @property
    def url(self) -> str:
        return self.version.web_url

    @property
    def member(self) -> StoryMember:
        return StoryMember(self.url, self.parts.total, self.version.published)


def score_articles(
    versions: Sequence[ArticleVersion],
    catalogue: Catalogue,
    *,
    stories: Mapping[str, ArticleStory],
    default_pictures: Collection[tuple[str, str]],
) -> list[ScoredArticle]:
    """Laws 1 and 4 for each article, in the given order.

    `stories`, by webUrl, say what each article copies; `default_pictures` are `find_default_pictures` of the window.
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
        images = tuple(image for image in version.images if _is_shown(image, version.provider_domain, default_pictures, catalogue.scoring))
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
            opinion=_second_opinion(version, images, stories[version.web_url], catalogue.scoring.editorial),
            editorial=catalogue.scoring.editorial,
        )
        name = providers.name_of(version.provider_domain) or version.provider_name or version.provider_domain
        scored.append(ScoredArticle(version, topics, provider, name, images, parts))
    return scored


def find_default_pictures(versions: Iterable[ArticleVersion], *, max_articles: int) -> frozenset[tuple[str, str]]:
    """(provider domain, picture URL) of the pictures that stand on more than `max_articles` articles of one provider.

    Pictures with the same bytes are one picture, whatever their URLs, where they were fetched: `image_file` is named after their digest.
    """
    shown = [
        (version.provider_domain, image.url, version.image_file or None, version.web_url)
        for version in versions
        for image in version.images
    ]
    by_address = Counter((domain, url) for domain, url, _ in {(domain, url, page) for domain, url, _, page in shown})
    files = {(domain, file, page) for domain, _, file, page in shown if file}
    by_content: Counter[tuple[str, str | None]] = Counter((domain, file) for domain, file, _ in files)
    return frozenset(
        (domain, url) for domain, url, file, _ in shown if max(by_address[domain, url], by_content[domain, file]) > max_articles
    )


def quality_columns(parts: QualityParts) -> dict[str, int]:
    """The terms of quality by the names of their columns in `explain`."""
    return {column: getattr(parts, name) for column, name in QUALITY_COLUMNS.items()}


def _is_shown(image: Image, domain: str, default_pictures: Collection[tuple[str, str]], scoring: Scoring) -> bool:
    """Whether both sides are known and over the minimum, and the picture is not its site's default."""
    is_large = all(side is not None and side > scoring.images.min_side for side in (image.width, image.height))
    return is_large and (domain, image.url) not in default_pictures


def _second_opinion(version: ArticleVersion, images: Sequence[Image], story: ArticleStory, constants: EditorialConstants) -> Opinion:
    """The factors of the operator's extra terms; a term that is worth no points is not computed."""
    return Opinion(
        promotion=promotion_degree(version.title, version.text, version.provider_domain) if constants.promotion else 0.0,
        clickbait=clickbait_degree(version.title) if constants.clickbait else 0.0,
        thin=thinness_degree(version.text, words=constants.thin_words) if constants.thin else 0.0,
        stock_picture=float(any(is_stock_picture(image.url) for image in images)) if constants.stock_picture else 0.0,
        copied=story.duplicate_similarity or 0.0,
        reliability=2 * constants.reliabilities.get(version.provider_domain, 0.5) - 1,
    )
