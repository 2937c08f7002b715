"""Tombstones: rows of `extracted` which say that a page is gone, or that it names another date now.

A row stands under its own published date. What became of its page later is known elsewhere, to a part of revisits; so that part
writes the row once more, as a version that says it, and its date is published again.
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


def of_gone(lake: Lake, gone: Iterable[GonePage], part: Part) -> list[Row]:
    """The last rows of the pages that `part` found gone, with `vanishedAt`."""
    rows: list[Row] = []
    for page in gone:
        before = _version(lake, RecordPlace(page.file, page.file_offset))
        if before is None:
            log.warning("%s: gone, and it was no article before", page.url)
            continue
        here = {"captureFile": storage.captures_path(part), "captureOffset": page.offset, "capturedAt": page.at, "vanishedAt": page.at}
        rows.append({**before, **here})
    return rows


def of_moved(lake: Lake, replaced: Iterable[tuple[Article, RecordPlace]]) -> list[Row]:
    """The last rows, with `movedTo`, of the articles that name another published date than the version that they replace."""
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
    """The row of the article that was captured there."""
    path = storage.extracted_path(storage.part_of_capture(place.file))
    capture = (ds.field("captureFile") == place.file) & (ds.field("captureOffset") == place.offset) & ds.field("movedTo").is_null()
    found: list[Row] = lake.read_rows([path] if lake.exists(path) else [], capture, schema.EXTRACTED).to_pylist()
    return found[0] if found else None
