"""Converts records, explanations and stories into tables, and the first two back. Pure; `pipeline.core.schema` has the schemas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from pipeline.core import schema
from pipeline.core.models import Image
from pipeline.lake.tables import checked_table, image_row
from pipeline.publishing.article_stories import ArticleStory
from pipeline.publishing.records import ArticleRecord, Explanation, KeywordHit, RelatedRecord, StoryLink
from pipeline.publishing.scoring.articles import QUALITY_COLUMNS, quality_columns
from pipeline.publishing.scoring.laws import QualityParts
from pipeline.publishing.story_records import StoryRecord

Row = dict[str, Any]
"""A row of a table, one key per column."""

CATEGORY = "news"


def articles_table(records: Sequence[ArticleRecord]) -> pa.Table:
    """The table `articles`, one row per record, in the given order. Raises SchemaError."""
    return checked_table([article_row(record) for record in records], schema.ARTICLES, name="articles")


def explain_table(explanations: Sequence[Explanation]) -> pa.Table:
    """The table `explain`, one row per explanation, in the given order. Raises SchemaError."""
    return checked_table([explain_row(explanation) for explanation in explanations], schema.EXPLAIN, name="explain")


def stories_table(stories: Sequence[StoryRecord]) -> pa.Table:
    """The table `stories`, one row per story, by the time of its first article, then by its id. Raises SchemaError."""
    rows = [story_row(story) for story in stories]
    return checked_table(sorted(rows, key=lambda row: (row["firstReport"], row["storyId"])), schema.STORIES, name="stories")


def article_row(record: ArticleRecord) -> Row:
    """The record as a row of `articles`."""
    return {
        "category": CATEGORY,
        "title": record.title,
        "excerpt": record.excerpt,
        "publishedDateTime": record.published,
        "originalUrl": record.original_url,
        "webUrl": record.web_url,
        "ampWebUrl": record.amp_web_url,
        "cdnAmpWebUrl": record.cdn_amp_web_url,
        "type": record.type,
        "quality": record.quality,
        "heat": record.heat,
        "published": record.is_published,
        "provider": {"name": record.provider_name, "domain": record.provider_domain},
        "topics": list(record.topics),
        "images": [image_row(image) for image in record.images],
        "related": [_related_row(other) for other in record.related],
        "secured": record.secured,
    }


def explain_row(explanation: Explanation) -> Row:
    """The explanation as a row of `explain`."""
    story = explanation.story
    return {
        "webUrl": explanation.web_url,
        "publishedDateTime": explanation.published,
        "quality": explanation.quality,
        **quality_columns(explanation.parts),
        "keywords": [{"topic": hit.topic, "keyword": hit.keyword} for hit in explanation.keywords],
        "providerList": explanation.provider_list,
        "storyId": story.id,
        "storySize": story.size,
        "storyNewsrooms": story.newsrooms,
        "absorbedStoryIds": list(story.absorbed),
        "splitFromStoryIds": list(story.split_from),
        "duplicateOf": story.duplicate_of,
        "duplicateMethod": story.duplicate_method,
        "duplicateSimilarity": story.duplicate_similarity,
        "isLead": explanation.is_lead,
        "leadUrl": explanation.lead_url,
        "heat": explanation.heat,
        "heatRelated": explanation.heat_related,
        "links": [{"webUrl": link.web_url, "similarity": link.similarity} for link in explanation.links],
        "sourceId": explanation.source_id,
        "via": explanation.via,
        "capturedAt": explanation.captured_at,
        "captureFile": explanation.capture_file,
        "captureOffset": explanation.capture_offset,
        "payloadDigest": explanation.payload_digest,
        "vanishedAt": explanation.vanished_at,
    }


def story_row(story: StoryRecord) -> Row:
    """The story as a row of `stories`."""
    return {
        "storyId": story.id,
        "leadUrl": story.lead_url,
        "title": story.title,
        "firstReport": story.members[0].published,
        "lastReport": story.members[-1].published,
        "size": len(story.members),
        "newsrooms": story.newsrooms,
        "copies": story.copies,
        "languages": list(story.languages),
        "topics": list(story.topics),
        "heat": story.heat,
        "members": [
            {
                "webUrl": member.web_url,
                "publishedDateTime": member.published,
                "domain": member.domain,
                "role": member.role,
                "similarity": member.similarity,
            }
            for member in story.members
        ],
        "absorbedStoryIds": list(story.absorbed),
        "splitFromStoryIds": list(story.split_from),
    }


def read_records(articles: pa.Table) -> list[ArticleRecord]:
    """The records of a table that has exactly the columns of `articles`."""
    return [_read_record(row) for row in articles.to_pylist()]


def read_explanations(explain: pa.Table) -> list[Explanation]:
    """The explanations of a table that has exactly the columns of `explain`."""
    return [_read_explanation(row) for row in explain.to_pylist()]


def _related_row(other: RelatedRecord) -> Row:
    return {
        "title": other.title,
        "excerpt": other.excerpt,
        "publishedDateTime": other.published,
        "webUrl": other.web_url,
        "ampWebUrl": other.amp_web_url,
        "cdnAmpWebUrl": other.cdn_amp_web_url,
        "type": other.type,
        "provider": {"name": other.provider_name, "domain": other.provider_domain},
        "quality": other.quality,
        "images": [image_row(image) for image in other.images],
    }


def _read_record(row: Row) -> ArticleRecord:
    return ArticleRecord(
        title=row["title"],
        excerpt=row["excerpt"],
        published=row["publishedDateTime"],
        original_url=row["originalUrl"],
        web_url=row["webUrl"],
        amp_web_url=row["ampWebUrl"],
        cdn_amp_web_url=row["cdnAmpWebUrl"],
        type=row["type"],
        quality=row["quality"],
        heat=row["heat"],
        is_published=row["published"],
        provider_name=row["provider"]["name"],
        provider_domain=row["provider"]["domain"],
        topics=tuple(row["topics"]),
        images=_read_images(row),
        related=tuple(_read_related(other) for other in row["related"]),
        secured=row["secured"],
    )


def _read_related(row: Row) -> RelatedRecord:
    return RelatedRecord(
        title=row["title"],
        excerpt=row["excerpt"],
        published=row["publishedDateTime"],
        web_url=row["webUrl"],
        amp_web_url=row["ampWebUrl"],
        cdn_amp_web_url=row["cdnAmpWebUrl"],
        type=row["type"],
        provider_name=row["provider"]["name"],
        provider_domain=row["provider"]["domain"],
        quality=row["quality"],
        images=_read_images(row),
    )


def _read_images(row: Row) -> tuple[Image, ...]:
    return tuple(Image(image["url"], image["width"], image["height"], image["isCached"]) for image in row["images"])


def _read_explanation(row: Row) -> Explanation:
    return Explanation(
        web_url=row["webUrl"],
        published=row["publishedDateTime"],
        quality=row["quality"],
        parts=QualityParts(**{name: row[column] for column, name in QUALITY_COLUMNS.items()}),
        keywords=tuple(KeywordHit(hit["topic"], hit["keyword"]) for hit in row["keywords"]),
        provider_list=row["providerList"],
        story=ArticleStory(
            id=row["storyId"],
            duplicate_of=row["duplicateOf"],
            duplicate_method=row["duplicateMethod"],
            duplicate_similarity=row["duplicateSimilarity"],
            absorbed=tuple(row["absorbedStoryIds"]),
            split_from=tuple(row["splitFromStoryIds"]),
            size=row["storySize"],
            newsrooms=row["storyNewsrooms"],
        ),
        is_lead=row["isLead"],
        lead_url=row["leadUrl"],
        heat=row["heat"],
        heat_related=row["heatRelated"],
        links=tuple(StoryLink(link["webUrl"], link["similarity"]) for link in row["links"]),
        source_id=row["sourceId"],
        via=row["via"],
        captured_at=row["capturedAt"],
        capture_file=row["captureFile"],
        capture_offset=row["captureOffset"],
        payload_digest=row["payloadDigest"],
        vanished_at=row["vanishedAt"],
    )
