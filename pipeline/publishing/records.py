"""Builds the records of a published date and their explanations from its articles and the other members of their stories.

Pure: versions of articles and stories in, records out. `record_tables` turns records into tables. A record follows six
laws: 1, its quality is a sum of points; 2, its heat is its quality, raised for the lead of a story and -1 for other members; 3, it is
published when its heat is high enough (all three in `scoring.laws`); 4, its topics follow from keywords in its title (`scoring.topics`);
5, its related articles are the other members of its story (`article_stories`); 6, its source, capture and digests are sealed (`sealing`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from pipeline.core.catalogue import Catalogue, Scoring
from pipeline.core.models import Image
from pipeline.publishing.article_stories import ArticleStory, DateStories
from pipeline.publishing.scoring.articles import ScoredArticle, quality_columns, score_articles
from pipeline.publishing.scoring.laws import QualityParts, StoryMember, heat, is_published, pick_lead, related_order
from pipeline.publishing.story_records import StoryRecord, lead_of, make_story_record
from pipeline.publishing.versions import ArticleVersion, newest_versions
from pipeline.text.amp import cache_url

Seal = Callable[[Mapping[str, object], str], str]
"""Seals the given values for the record with the given webUrl; returns the text of `secured`."""


@dataclass(frozen=True, slots=True)
class RelatedRecord:
    """Another member of a record's story, as `related` shows it."""

    title: str
    excerpt: str | None
    published: datetime
    web_url: str
    amp_web_url: str | None
    cdn_amp_web_url: str | None
    type: str
    provider_name: str
    provider_domain: str
    quality: int
    images: tuple[Image, ...]


@dataclass(frozen=True, slots=True)
class ArticleRecord:
    """A row of `articles`."""

    title: str
    excerpt: str | None
    published: datetime
    original_url: str
    web_url: str
    amp_web_url: str | None
    cdn_amp_web_url: str | None
    type: str
    quality: int
    heat: int
    is_published: bool
    provider_name: str
    provider_domain: str
    topics: tuple[str, ...]
    images: tuple[Image, ...]
    related: tuple[RelatedRecord, ...]
    secured: str | None


@dataclass(frozen=True, slots=True)
class KeywordHit:
    """A keyword of a topic that occurs in the title."""

    topic: str
    keyword: str


@dataclass(frozen=True, slots=True)
class StoryLink:
    """Another member of the story, and its similarity; None when it was not computed."""

    web_url: str
    similarity: float | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """A row of `explain`: why the record of the same webUrl has its numbers."""

    web_url: str
    published: datetime
    quality: int
    parts: QualityParts
    keywords: tuple[KeywordHit, ...]
    provider_list: str | None
    story: ArticleStory
    is_lead: bool
    lead_url: str | None
    heat: int
    heat_related: int
    """Points of the heat for related articles."""
    links: tuple[StoryLink, ...]
    source_id: str | None
    via: str
    captured_at: datetime
    capture_file: str
    capture_offset: int
    payload_digest: str
    vanished_at: datetime | None


@dataclass(frozen=True, slots=True)
class DateRecords:
    """The records of a published date and their explanations, in the same order; `stories` is the number of their stories."""

    articles: tuple[ArticleRecord, ...]
    explanations: tuple[Explanation, ...]
    stories: int
    first_reported: tuple[StoryRecord, ...]
    """The stories whose first article was published on the date, in the order of that article."""


@dataclass(frozen=True, slots=True)
class _StoryPlace:
    """An article's place in its story: the lead (None when it stands alone) and the webUrls of its related articles, in law 5's order."""

    story: ArticleStory
    lead_url: str | None
    related: tuple[str, ...]
    heat: int

    def is_lead(self, url: str) -> bool:
        return self.lead_url is None or self.lead_url == url


def build_records(
    versions: Iterable[ArticleVersion],
    catalogue: Catalogue,
    published_date: date,
    *,
    stories: DateStories,
    seal: Seal | None = None,
) -> DateRecords:
    """The records of `published_date`, ordered by publication time and webUrl.

    `stories` has the articles of the date and the other members of their stories; `versions` are those of their pages, and only those that
    lie under the article's published date count. Without `seal` no record has sealed values.
    """
    of_article, published_on = stories.of_article, stories.published_dates
    shown = newest_versions(version for version in versions if published_on.get(version.web_url) == _utc_date(version.published))
    listed = {version.web_url for version in shown if _utc_date(version.published) == published_date}
    of_date = {of_article[url].id for url in listed} - {None}
    scored = {one.url: one for one in score_articles(shown, catalogue, stories=of_article, default_pictures=stories.default_pictures)}
    places = _story_places(scored, of_article, catalogue.scoring)
    ordered = sorted((scored[url] for url in listed), key=lambda article: (article.version.published, article.url))
    removed = frozenset(catalogue.scoring.removed)
    related = {url: _related_record(article) for url, article in scored.items() if of_article[url].id is not None}
    first_reported = _first_reported(scored.values(), of_article, listed)
    similarity = stories.similarities(listed | {lead_of(members) for members in first_reported.values()})
    heats = {url: place.heat for url, place in places.items()}
    return DateRecords(
        articles=tuple(_record(article, places[article.url], related, catalogue.scoring, removed, seal) for article in ordered),
        explanations=tuple(_explanation(article, places[article.url], similarity) for article in ordered),
        stories=len(of_date),
        first_reported=tuple(
            make_story_record(story, members, of_article, heat=heats, similarity=similarity) for story, members in first_reported.items()
        ),
    )


def _first_reported(
    articles: Iterable[ScoredArticle], stories: Mapping[str, ArticleStory], listed: Collection[str]
) -> dict[str, list[ScoredArticle]]:
    """The members of each story whose first article is `listed`, by story id, in the order of publication."""
    members: dict[str, list[ScoredArticle]] = defaultdict(list)
    for article in sorted(articles, key=lambda article: (article.version.published, article.url)):
        if (story := stories[article.url].id) is not None:
            members[story].append(article)
    return {story: group for story, group in members.items() if group[0].url in listed}


def _story_places(scored: Mapping[str, ScoredArticle], stories: Mapping[str, ArticleStory], scoring: Scoring) -> dict[str, _StoryPlace]:
    """Each article's place in its story and its heat, by webUrl."""
    members: dict[str, list[StoryMember]] = defaultdict(list)
    for url, article in scored.items():
        if (story := stories[url].id) is not None:
            members[story].append(article.member)
    leads = {story: pick_lead(group).web_url for story, group in members.items()}
    orders = {story: [member.web_url for member in related_order(group)] for story, group in members.items()}
    return {url: _place(article, stories[url], leads, orders, scoring) for url, article in scored.items()}


def _place(
    article: ScoredArticle, story: ArticleStory, leads: Mapping[str, str], orders: Mapping[str, list[str]], scoring: Scoring
) -> _StoryPlace:
    lead = leads[story.id] if story.id is not None else None
    related = tuple(url for url in orders[story.id] if url != article.url) if story.id is not None else ()
    is_lead = lead is None or lead == article.url
    value = heat(quality=article.parts.total, related=len(related), is_lead=is_lead, constants=scoring.heat)
    return _StoryPlace(story=story, lead_url=lead, related=related, heat=value)


def _record(
    article: ScoredArticle,
    place: _StoryPlace,
    related: Mapping[str, RelatedRecord],
    scoring: Scoring,
    removed: frozenset[str],
    seal: Seal | None,
) -> ArticleRecord:
    version = article.version
    is_removed = article.url in removed or version.original_url in removed
    return ArticleRecord(
        title=version.title,
        excerpt=version.excerpt,
        published=version.published,
        original_url=version.original_url,
        web_url=article.url,
        amp_web_url=version.amp_web_url,
        cdn_amp_web_url=_cdn_amp_web_url(version),
        type=version.type,
        quality=article.parts.total,
        heat=place.heat,
        is_published=is_published(place.heat, threshold=scoring.published_heat, removed=is_removed),
        provider_name=article.provider_name,
        provider_domain=version.provider_domain,
        topics=article.topics.topics,
        images=article.images,
        related=tuple(related[url] for url in place.related),
        secured=seal(_private_side(article), article.url) if seal is not None else None,
    )


def _related_record(article: ScoredArticle) -> RelatedRecord:
    version = article.version
    return RelatedRecord(
        title=version.title,
        excerpt=version.excerpt,
        published=version.published,
        web_url=article.url,
        amp_web_url=version.amp_web_url,
        cdn_amp_web_url=_cdn_amp_web_url(version),
        type=version.type,
        provider_name=article.provider_name,
        provider_domain=version.provider_domain,
        quality=article.parts.total,
        images=article.images,
    )


def _cdn_amp_web_url(version: ArticleVersion) -> str | None:
    return cache_url(version.amp_web_url) if version.amp_web_url is not None else None


def _private_side(article: ScoredArticle) -> dict[str, object]:
    """The values that are sealed in a record."""
    version = article.version
    captured_at = version.captured_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "source": version.source_id,
        "via": version.via,
        "capture": {"file": version.capture_file, "offset": version.capture_offset, "at": captured_at},
        "payloadDigest": version.payload_digest,
        "quality": quality_columns(article.parts),
    }


def _explanation(article: ScoredArticle, place: _StoryPlace, similarity: Mapping[tuple[str, str], float]) -> Explanation:
    version = article.version
    is_lead = place.is_lead(article.url)
    return Explanation(
        web_url=article.url,
        published=version.published,
        quality=article.parts.total,
        parts=article.parts,
        keywords=tuple(KeywordHit(topic, keyword) for topic, keyword in article.topics.hits),
        provider_list=article.provider.list_name,
        story=place.story,
        is_lead=is_lead,
        lead_url=place.lead_url,
        heat=place.heat,
        heat_related=place.heat - article.parts.total if is_lead else 0,
        links=tuple(StoryLink(url, similarity.get((article.url, url))) for url in place.related),
        source_id=version.source_id,
        via=version.via,
        captured_at=version.captured_at,
        capture_file=version.capture_file,
        capture_offset=version.capture_offset,
        payload_digest=version.payload_digest,
        vanished_at=version.vanished_at,
    )


def _utc_date(moment: datetime) -> date:
    return moment.astimezone(UTC).date()
