"""The versions of articles that a published date is built from: rows of `extracted` as values, and the newest one of each page.

Pure: a table in, values out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pyarrow as pa

from pipeline.core.confidence import Confidence
from pipeline.core.models import Image
from pipeline.core.rights import refused_uses


@dataclass(frozen=True, slots=True)
class ArticleVersion:
    """An article as one capture of its page has it: the columns of `extracted` that records are made of."""

    web_url: str
    original_url: str
    title: str
    excerpt: str | None
    text: str | None
    published: datetime
    language: str | None
    provider_name: str | None
    provider_domain: str
    images: tuple[Image, ...]
    image_file: str | None
    amp_web_url: str | None
    type: str
    source_id: str | None
    via: str
    captured_at: datetime
    capture_file: str
    capture_offset: int
    payload_digest: str
    vanished_at: datetime | None
    moved_to: datetime | None
    """The publication time that the page names now, in the version that marks the move."""
    refusals: frozenset[str]
    """The uses that its publisher refuses (`pipeline.core.rights.refused_uses`)."""
    confidence: Confidence
    """The probability that each field is right; all None in rows that were written before the column existed."""


COLUMNS = (
    *("webUrl", "originalUrl", "title", "excerpt", "text", "publishedDateTime", "language", "providerName", "providerDomain", "images"),
    *("imageFile", "ampWebUrl", "type", "sourceId", "via", "capturedAt", "captureFile", "captureOffset", "payloadDigest", "vanishedAt"),
    *("movedTo", "rights", "confidence"),
)
"""The columns of `extracted` in the order of the fields of ArticleVersion."""


def read_versions(extracted: pa.Table) -> list[ArticleVersion]:
    """A version for each row of `extracted` (all of COLUMNS, publishedDateTime never null), in the order of the rows."""
    columns = {name: extracted[name].to_pylist() for name in COLUMNS}
    columns["images"] = [
        tuple(Image(image["url"], image["width"], image["height"], image["isCached"]) for image in images) for images in columns["images"]
    ]
    columns["rights"] = [_refusals(rights) for rights in columns["rights"]]
    columns["confidence"] = [Confidence(**(known or {})) for known in columns["confidence"]]
    return [ArticleVersion(*cells) for cells in zip(*columns.values(), strict=True)]


def _refusals(rights: dict[str, Any] | None) -> frozenset[str]:
    if rights is None:
        return frozenset()
    return refused_uses(rights["tdm"], ((wish["wish"], wish["value"]) for wish in rights["wishes"]))


def newest_versions(versions: Iterable[ArticleVersion]) -> list[ArticleVersion]:
    """The newest version of each webUrl, ordered by webUrl, without the pages that moved to another date.

    When the newest version has no picture or AMP page and an earlier version with the same payload had one, it gets the earlier one: a
    failed request says nothing about an unchanged page, and quality must not go up and down with it.
    """
    of_page: dict[str, list[ArticleVersion]] = defaultdict(list)
    for version in versions:
        of_page[version.web_url].append(version)
    newest = (_newest(of_page[url]) for url in sorted(of_page))
    return [version for version in newest if version.moved_to is None]


def _newest(versions: list[ArticleVersion]) -> ArticleVersion:
    if len(versions) == 1:
        return versions[0]
    ordered = sorted(versions, key=capture_order, reverse=True)
    newest = ordered[0]
    same = [version for version in ordered if version.payload_digest == newest.payload_digest]
    # a cached picture was fetched, so it counts for more than one that is only declared
    probed = next((version for version in same if any(image.is_cached for image in version.images)), newest)
    return replace(
        newest,
        images=probed.images,
        image_file=probed.image_file,
        amp_web_url=next((version.amp_web_url for version in same if version.amp_web_url is not None), None),
    )


def capture_order(version: ArticleVersion) -> tuple[object, ...]:
    """The sort key of captures; within one capture the article itself comes after the row that marks its move to another date."""
    return version.captured_at, version.capture_file, version.capture_offset, version.moved_to is None
