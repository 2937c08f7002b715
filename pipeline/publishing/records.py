"""The records of a published date: all six laws applied to the extracted rows of its window.

Pure: rows in, rows of `articles` and `explain` out. The rows of `extracted` and of the outputs are dicts with the contract's columns.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

from pipeline.core.catalogue import Catalogue, EditorialConstants, Scoring
from pipeline.publishing.editorial import clickbait, is_stock_picture, promotion, thinness
from pipeline.publishing.providers import ProviderTable, ProviderWeight
from pipeline.publishing.scoring import Opinion, QualityParts, StoryMember, heat, is_published, pick_lead, quality_parts, related_order
from pipeline.publishing.topics import TopicMatch, TopicMatcher
from pipeline.stories.clustering import Articles, tell_stories
from pipeline.text.amp import cache_url

Row = Mapping[str, Any]
Seal = Callable[[Mapping[str, object], str], str]
"""(private side, webUrl) to the sealed blob."""

CATEGORY = "news"
_topic_matcher = lru_cache(maxsize=4)(TopicMatcher)
"""One for all dates of a run: on a date of few articles, to build it is most of the scoring."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_CAPTURED = "firstCapturedAt"
"""Beside a row's columns: when the page was captured for the first time."""


@dataclass(frozen=True, slots=True)
class Scored:
    """An article of the window with its topics and quality."""

    row: Row
    topics: TopicMatch
    provider: ProviderWeight
    provider_name: str
    images: tuple[Row, ...]
    parts: QualityParts

    @property
    def url(self) -> str:
        return str(self.row["webUrl"])

    @property
    def member(self) -> StoryMember:
        return StoryMember(self.url, self.parts.total, self.row["publishedDateTime"])


@dataclass(frozen=True, slots=True)
class Story:
    """Law 5 for one article: its story's id (None when alone), what it copies, what became of earlier stories, and how many reported."""

    id: str | None
    duplicate_of: str | None
    duplicate_method: str | None
    duplicate_similarity: float | None
    absorbed: tuple[str, ...]
    split_from: tuple[str, ...]
    size: int
    newsrooms: int


@dataclass(frozen=True, slots=True)
class Place:
    """An article's place among the others: its story, the lead that stands for it (None when alone), its related in order."""

    story: Story
    lead_url: str | None
    related: tuple[str, ...]
    heat: int

    def is_lead(self, url: str) -> bool:
        return self.lead_url is None or self.lead_url == url


@dataclass(frozen=True, slots=True)
class DateRecords:
    articles: tuple[Row, ...]
    explain: tuple[Row, ...]
    stories: int


def build_records(rows: Iterable[Row], catalogue: Catalogue, published_date: date, *, seal: Seal | None) -> DateRecords:
    """The records of `published_date`, ordered by publication time and webUrl.

    `rows` are the extracted rows of the date and of the story window around it, every version of each page. Without `seal` the
    records have no sealed part.
    """
    newest = newest_versions(rows)
    listed = {row["webUrl"] for row in newest if _utc_date(row["publishedDateTime"]) == published_date}
    stories, similarity = stories_of(newest, catalogue.scoring, of=listed)
    told = {stories[url].id for url in listed} - {None}
    shown = [row for row in newest if row["webUrl"] in listed or stories[row["webUrl"]].id in told]
    defaults = default_pictures(newest, max_articles=catalogue.scoring.images.max_articles)
    scored = {article.url: article for article in score(shown, catalogue, stories=stories, defaults=defaults)}
    places = find_places(scored, stories, catalogue.scoring)
    mine = sorted(
        (scored[url] for url in listed),
        key=lambda article: (article.row["publishedDateTime"], article.url),
    )
    removed = frozenset(catalogue.scoring.removed)
    related = {url: _related_row(article) for url, article in scored.items() if stories[url].id is not None}
    return DateRecords(
        articles=tuple(_article_row(article, places[article.url], related, catalogue.scoring, removed, seal) for article in mine),
        explain=tuple(_explain_row(article, places[article.url], similarity) for article in mine),
        stories=len({story for article in mine if (story := stories[article.url].id) is not None}),
    )


def newest_versions(rows: Iterable[Row]) -> list[Row]:
    """One row per webUrl, the newest capture, ordered by webUrl; none of a page that names a date outside of these rows now.

    Where the newest has no picture or AMP page and an earlier capture of the same payload had, the earlier probe stands: a failed probe
    says nothing about an unchanged page (law 1).
    """
    versions: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        versions[row["webUrl"]].append(row)
    newest = (_newest(versions[url]) for url in sorted(versions))
    return [row for row in newest if row.get("movedTo") is None]


def _newest(versions: list[Row]) -> Row:
    ordered = sorted(versions, key=_capture_order, reverse=True)
    newest = {**ordered[0], FIRST_CAPTURED: ordered[-1]["capturedAt"]}
    same = [row for row in ordered if row["payloadDigest"] == newest["payloadDigest"]]
    # a cached picture is a probe that worked; a mere declaration does not stand against one
    probed = next((row for row in same if any(image["isCached"] for image in row["images"])), newest)
    newest |= {"images": probed["images"], "imageFile": probed.get("imageFile")}
    newest["ampWebUrl"] = next((row["ampWebUrl"] for row in same if row["ampWebUrl"] is not None), None)
    return newest


def _capture_order(row: Row) -> tuple[object, ...]:
    """Of one capture the article itself comes after the mark that it left on its earlier date."""
    return row["capturedAt"], row["captureFile"], row["captureOffset"], row.get("movedTo") is None


def score(
    rows: Sequence[Row], catalogue: Catalogue, *, stories: Mapping[str, Story], defaults: Collection[tuple[str, str]]
) -> list[Scored]:
    """Laws 1 and 4 for each row. `stories` tells what each copies, `defaults` which pictures are no article's."""
    matcher = _topic_matcher(catalogue.topics, match=catalogue.scoring.keyword_match)
    providers = ProviderTable(catalogue.provider_lists, catalogue.official)
    sources = {source.id: source for source in catalogue.sources}
    scored = []
    for row in rows:
        source = sources.get(row["sourceId"] or "")
        topics = matcher.topics_of(row["title"], root=source.topic if source else None, vocabulary=source.vocabulary if source else ())
        images = tuple(image for image in row["images"] if is_shown(image, row, defaults, catalogue.scoring))
        provider = providers.weight(row["webUrl"], domain=row["providerDomain"], topics=topics.topics)
        parts = quality_parts(
            title=row["title"],
            has_image=bool(images),
            has_amp=row["ampWebUrl"] is not None,
            provider_weight=provider.weight,
            topics=len(topics.topics),
            keyword_hits=len(topics.hits),
            is_featured_video=row["type"] == "video" and provider.is_official,
            constants=catalogue.scoring.quality,
            opinion=second_opinion(row, images, stories[row["webUrl"]], catalogue.scoring.editorial),
            editorial=catalogue.scoring.editorial,
        )
        name = providers.name_of(row["providerDomain"]) or row["providerName"] or row["providerDomain"]
        scored.append(Scored(row, topics, provider, name, images, parts))
    return scored


def default_pictures(rows: Iterable[Row], *, max_articles: int) -> frozenset[tuple[str, str]]:
    """(provider domain, picture URL) of the pictures that stand on more than `max_articles` articles of one provider.

    Pictures of one content are one, whatever their URLs, where their bytes were fetched: `imageFile` is named after their digest.
    """
    shown = [(row["providerDomain"], image["url"], row.get("imageFile") or None, row["webUrl"]) for row in rows for image in row["images"]]
    by_address = Counter((domain, url) for domain, url, _ in {(domain, url, page) for domain, url, _, page in shown})
    by_content = Counter((domain, file) for domain, file, _ in {(domain, file, page) for domain, _, file, page in shown if file})
    return frozenset(
        (domain, url) for domain, url, file, _ in shown if max(by_address[domain, url], by_content[domain, file]) > max_articles
    )


def is_shown(image: Row, row: Row, defaults: Collection[tuple[str, str]], scoring: Scoring) -> bool:
    """Whether a picture is shown: both sides known and over the minimum, and not the site's default."""
    sides = (image["width"], image["height"])
    is_large = all(side is not None and side > scoring.images.min_side for side in sides)
    return is_large and (row["providerDomain"], image["url"]) not in defaults


def second_opinion(row: Row, images: Sequence[Row], story: Story, constants: EditorialConstants) -> Opinion:
    """What the operator's extra terms are multiplied by; terms that are worth nothing are not looked for."""
    domain = row["providerDomain"]
    return Opinion(
        promotion=promotion(row["title"], row["text"], domain) if constants.promotion else 0.0,
        clickbait=clickbait(row["title"]) if constants.clickbait else 0.0,
        thin=thinness(row["text"], words=constants.thin_words) if constants.thin else 0.0,
        stock_picture=float(any(is_stock_picture(image["url"]) for image in images)) if constants.stock_picture else 0.0,
        copied=story.duplicate_similarity or 0.0,
        reliability=2 * constants.reliabilities.get(domain, 0.5) - 1,
    )


def stories_of(rows: Sequence[Row], scoring: Scoring, *, of: Collection[str]) -> tuple[dict[str, Story], dict[tuple[str, str], float]]:
    """Law 5: each article's story, and for the webUrls `of` the similarity to each other member, both ways."""
    memberships, links = tell_stories(_columns(rows), constants=scoring.stories, of=of)
    similarity = {}
    for one, other, value in links:
        similarity[one, other] = similarity[other, one] = value
    domains = {row["webUrl"]: row["providerDomain"] for row in rows}
    members = Counter(one.story_id for one in memberships)
    reporting: dict[str | None, set[str]] = defaultdict(set)
    for place in memberships:
        if place.duplicate_of is None:
            reporting[place.story_id].add(domains[place.url])
    stories = {
        one.url: Story(
            id=one.story_id,
            duplicate_of=one.duplicate_of,
            duplicate_method=one.duplicate_method,
            duplicate_similarity=one.duplicate_similarity,
            absorbed=one.absorbed,
            split_from=one.split_from,
            size=members[one.story_id] if one.story_id is not None else 1,
            newsrooms=len(reporting[one.story_id]) if one.story_id is not None else 1,
        )
        for one in memberships
    }
    return stories, similarity


def _columns(rows: Sequence[Row]) -> Articles:
    return Articles(
        urls=[row["webUrl"] for row in rows],
        titles=[row["title"] for row in rows],
        texts=[row["text"] for row in rows],
        published_s=[_seconds(row["publishedDateTime"]) for row in rows],
        captured_s=[_seconds(row.get(FIRST_CAPTURED, row["capturedAt"])) for row in rows],
        domains=[row["providerDomain"] for row in rows],
        languages=[row["language"] for row in rows],
    )


def _seconds(moment: datetime) -> int:
    """Whole seconds since 1970, rounded down."""
    return (moment - EPOCH) // timedelta(seconds=1)


def find_places(scored: Mapping[str, Scored], stories: Mapping[str, Story], scoring: Scoring) -> dict[str, Place]:
    """Law 2: each article's place in its story."""
    members: dict[str, list[StoryMember]] = defaultdict(list)
    for url, article in scored.items():
        if (story := stories[url].id) is not None:
            members[story].append(article.member)
    leads = {story: pick_lead(group).web_url for story, group in members.items()}
    orders = {story: [member.web_url for member in related_order(group)] for story, group in members.items()}
    return {url: _place(article, stories[url], leads, orders, scoring) for url, article in scored.items()}


def _place(article: Scored, story: Story, leads: Mapping[str, str], orders: Mapping[str, list[str]], scoring: Scoring) -> Place:
    lead = leads[story.id] if story.id is not None else None
    related = tuple(url for url in orders[story.id] if url != article.url) if story.id is not None else ()
    is_lead = lead is None or lead == article.url
    value = heat(quality=article.parts.total, related=len(related), is_lead=is_lead, constants=scoring.heat)
    return Place(story=story, lead_url=lead, related=related, heat=value)


def _article_row(
    article: Scored, place: Place, related: Mapping[str, Row], scoring: Scoring, removed: frozenset[str], seal: Seal | None
) -> Row:
    row = article.row
    is_removed = article.url in removed or row["originalUrl"] in removed
    return {
        "category": CATEGORY,
        "title": row["title"],
        "excerpt": row["excerpt"],
        "publishedDateTime": row["publishedDateTime"],
        "originalUrl": row["originalUrl"],
        "webUrl": article.url,
        **_amp(row),
        "type": row["type"],
        "quality": article.parts.total,
        "heat": place.heat,
        "published": is_published(place.heat, threshold=scoring.published_heat, removed=is_removed),
        "provider": _provider(article),
        "topics": list(article.topics.topics),
        "images": list(article.images),
        "related": [related[url] for url in place.related],
        "secured": seal(_private(article), article.url) if seal is not None else None,
    }


def _related_row(article: Scored) -> Row:
    row = article.row
    return {
        "title": row["title"],
        "excerpt": row["excerpt"],
        "publishedDateTime": row["publishedDateTime"],
        "webUrl": article.url,
        **_amp(row),
        "type": row["type"],
        "provider": _provider(article),
        "quality": article.parts.total,
        "images": list(article.images),
    }


def _amp(row: Row) -> Row:
    amp = row["ampWebUrl"]
    return {"ampWebUrl": amp, "cdnAmpWebUrl": cache_url(amp) if amp is not None else None}


def _provider(article: Scored) -> Row:
    return {"name": article.provider_name, "domain": article.row["providerDomain"]}


def _private(article: Scored) -> dict[str, object]:
    """What the sealed part holds: the private side of the record."""
    row, parts = article.row, article.parts
    return {
        "source": row["sourceId"],
        "via": row["via"],
        "capture": {"file": row["captureFile"], "offset": row["captureOffset"], "at": _text(row["capturedAt"])},
        "payloadDigest": row["payloadDigest"],
        "quality": {column: value for column, value in _quality_columns(parts).items() if column != "quality"},
    }


def _explain_row(article: Scored, place: Place, similarity: Mapping[tuple[str, str], float]) -> Row:
    row = article.row
    is_lead = place.is_lead(article.url)
    return {
        "webUrl": article.url,
        "publishedDateTime": row["publishedDateTime"],
        **_quality_columns(article.parts),
        "keywords": [{"topic": topic, "keyword": keyword} for topic, keyword in article.topics.hits],
        "providerList": article.provider.list_name,
        "storyId": place.story.id,
        "storySize": place.story.size,
        "storyNewsrooms": place.story.newsrooms,
        "absorbedStoryIds": list(place.story.absorbed),
        "splitFromStoryIds": list(place.story.split_from),
        "duplicateOf": place.story.duplicate_of,
        "duplicateMethod": place.story.duplicate_method,
        "duplicateSimilarity": place.story.duplicate_similarity,
        "isLead": is_lead,
        "leadUrl": place.lead_url,
        "heat": place.heat,
        "heatRelated": place.heat - article.parts.total if is_lead else 0,
        "links": [{"webUrl": url, "similarity": similarity.get((article.url, url))} for url in place.related],
        **{name: row[name] for name in ("sourceId", "via", "capturedAt", "captureFile", "captureOffset", "payloadDigest")},
        "vanishedAt": row.get("vanishedAt"),
    }


def _quality_columns(parts: QualityParts) -> dict[str, int]:
    return {
        "quality": parts.total,
        "qualityImage": parts.image,
        "qualityAmp": parts.amp,
        "qualityProvider": parts.provider,
        "qualityTopics": parts.topics,
        "qualityKeywords": parts.keywords,
        "qualityVideo": parts.video,
        "qualityTitleLength": parts.title_length,
        "qualityPromotion": parts.promotion,
        "qualityClickbait": parts.clickbait,
        "qualityThin": parts.thin,
        "qualityStockPicture": parts.stock_picture,
        "qualityCopied": parts.copied,
        "qualityReliability": parts.reliability,
        "qualityFloor": parts.floor,
    }


def _utc_date(moment: datetime) -> date:
    return moment.astimezone(UTC).date()


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
