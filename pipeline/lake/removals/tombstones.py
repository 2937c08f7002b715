"""Tombstones: rows of `extracted` that say that a page is gone, or that its article has another published date.

The row of an article lies under its published date, in the part that captured it. When a later revisit finds the page gone or redated, the
part of revisits writes a copy of the row with `vanishedAt` or `movedTo`, so that the date is published again without the article.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import UTC
from typing import Any

import pyarrow.dataset as ds

from pipeline.core import schema
from pipeline.core.models import Article, Part
from pipeline.lake import storage
from pipeline.lake.manifests import GonePage, RecordPlace
from pipeline.lake.storage import Lake

log = logging.getLogger(__name__)

Row = dict[str, Any]


def gone_rows(lake: Lake, gone: Iterable[GonePage], part: Part) -> list[Row]:
    """A copy of the last row of each page that `part` found gone, with `vanishedAt` set; none for a page that was not an article."""
    rows: list[Row] = []
    for page in gone:
        before = _version(lake, RecordPlace(page.file, page.file_offset))
        if before is None:
            log.warning("%s: the page is gone; it was not an article before", page.url)
            continue
        here = {"captureFile": storage.captures_path(part), "captureOffset": page.offset, "capturedAt": page.at, "vanishedAt": page.at}
        rows.append({**before, **here})
    return rows


def moved_rows(lake: Lake, replaced: Iterable[tuple[Article, RecordPlace]]) -> list[Row]:
    """A copy of the earlier row, with `movedTo` set, for each article whose published date differs from that of the version it replaces."""
    rows: list[Row] = []
    for article, place in replaced:
        before = _version(lake, place)
        if before is None or before["publishedDateTime"] is None or article.published is None or before["webUrl"] != article.web_url:
            continue
        if before["publishedDateTime"].date() != article.published.value.astimezone(UTC).date():
            capture = article.capture
            here = {"captureFile": capture.file, "captureOffset": capture.offset, "capturedAt": capture.at}
            moved = {"payloadDigest": article.payload_digest, "movedTo": article.published.value}
            rows.append({**before, **here, **moved})
    return rows


def _version(lake: Lake, place: RecordPlace) -> Row | None:
    """The row of the article whose capture lies at `place`; None when that page was not an article."""
    path = storage.extracted_path(storage.part_of_capture(place.file))
    capture = (ds.field("captureFile") == place.file) & (ds.field("captureOffset") == place.offset) & ds.field("movedTo").is_null()
    found: list[Row] = lake.read_rows([path] if lake.exists(path) else [], capture, schema.EXTRACTED).to_pylist()
    return found[0] if found else None
