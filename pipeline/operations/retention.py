"""Retention: old captures are deleted, and cached images that no row names. Only `pipeline.operations.erasure_runs` deletes more.

Of a part only `captures.warc.gz` goes, and only when its rows are in `extracted` and `ledger`: the manifest stays, so that nothing is
fetched again and no memory is lost, and so do the rows. What was made from the captures can then not be made anew.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from pipeline.core import schema
from pipeline.core.models import ImagesReport, Part, RetentionReport
from pipeline.lake import storage
from pipeline.lake.storage import Lake

log = logging.getLogger(__name__)

IMAGE_REST = timedelta(days=2)
"""A younger image may belong to a part that is being extracted: it is written before the rows that name it."""


def delete_old_captures(lake: Lake, *, raw_days: int, now: datetime) -> RetentionReport:
    """Delete captures and kept listings older than `raw_days`, by their hour and by when they were written; 0 keeps all for ever."""
    if not raw_days:
        return RetentionReport()
    before = now - timedelta(days=raw_days)
    parts = size = waiting = 0
    for interval in lake.captured_intervals():
        if interval.end > before:
            continue
        for name in lake.captured_parts(interval.key):
            part = Part(interval, name)
            file = lake.file(storage.captures_path(part))
            if file is None or file.modified > before:
                continue
            if not (lake.exists(storage.extracted_path(part)) and lake.exists(storage.ledger_path(part))):
                log.warning("%s part %s: old, but never extracted: its captures stay", interval.key, name)
                waiting += 1
                continue
            lake.delete(file.path)
            parts, size = parts + 1, size + file.size
    documents = [file for file in lake.files(storage.DOCUMENTS) if file.modified <= before]
    for file in documents:
        lake.delete(file.path)
    return RetentionReport(parts, size + sum(file.size for file in documents), len(documents), waiting)


def prune_images(lake: Lake, *, now: datetime) -> ImagesReport:
    """Delete cached images that no extracted row names.

    Rows of an older extractor do not name their images; while there are such rows nothing is deleted, and the report says how many.
    """
    named, silent = named_images(lake)
    images = lake.files(storage.IMAGES)
    loose = [file for file in images if file.path not in named and file.modified <= now - IMAGE_REST]
    if silent:
        log.warning("%d extracted rows do not name their cached image: extract their hours again, until then no image is deleted", silent)
        return ImagesReport(kept=len(images), unnamed_rows=silent)
    for file in loose:
        lake.delete(file.path)
    return ImagesReport(deleted=len(loose), bytes=sum(file.size for file in loose), kept=len(images) - len(loose))


def named_images(lake: Lake) -> tuple[set[str], int]:
    """The images that rows name, and how many rows have one and do not name it."""
    named: set[str] = set()
    silent = 0
    for path in (file.path for file in lake.files("extracted")):
        for row in lake.read_rows([path], None, schema.EXTRACTED, columns=["images", "imageFile"]).to_pylist():
            if row["imageFile"] is not None:
                named.add(row["imageFile"])
            else:
                silent += any(image["isCached"] for image in row["images"])
    return named, silent
