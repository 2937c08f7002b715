"""Retention: delete old captures, and cached images that no row names. Only `pipeline.operations.erasure_runs` deletes more.

Of a part only `captures.warc.gz` is deleted, and only when its rows are in `extracted` and `ledger`. Manifest and rows stay, so that
no page is fetched a second time. A part without captures can no longer be extracted again.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

import pyarrow.compute as pc

from pipeline.core import schema
from pipeline.core.models import ImagesReport, RetentionReport
from pipeline.lake import storage
from pipeline.lake.storage import Lake, committed_parts
from pipeline.text.counts import counted

log = logging.getLogger(__name__)

FILES_AT_ONCE = 200
"""Files of `extracted` that are read together: a plain choice, which bounds memory and lets a store be asked for several at a time."""
IMAGE_REST = timedelta(days=2)
"""Images younger than this stay: extract writes an image before the rows that name it, and no DAG run takes over 12 hours."""


def delete_old_captures(lake: Lake, *, raw_days: int, now: datetime) -> RetentionReport:
    """Delete captures whose hour and file are both older than `raw_days`, and kept listings whose file is older; 0 keeps everything."""
    if not raw_days:
        return RetentionReport()
    before = now - timedelta(days=raw_days)
    files = {file.path: file for file in lake.files("raw")}  # one listing; a question for each part would grow with the age of the lake
    parts = size = waiting = 0
    for part in committed_parts(files):
        file = files.get(storage.captures_path(part))
        if file is None or max(file.modified, part.interval.end) > before:
            continue
        if not (lake.exists(storage.extracted_path(part)) and lake.exists(storage.ledger_path(part))):
            log.warning("%s part %s: its captures are old, but stay until they are extracted", part.interval.key, part.name)
            waiting += 1
            continue
        lake.delete(file.path)
        parts, size = parts + 1, size + file.size
    documents = [file for path, file in files.items() if path.startswith(f"{storage.DOCUMENTS}/") and file.modified <= before]
    for file in documents:
        lake.delete(file.path)
    return RetentionReport(parts, size + sum(file.size for file in documents), len(documents), waiting)


def prune_images(lake: Lake, *, now: datetime) -> ImagesReport:
    """Delete cached images that no extracted row names.

    Rows written by an older extractor may have a cached image without naming it; while such rows exist nothing is deleted, and the report
    counts them.
    """
    named, unnamed = named_images(lake)
    images = lake.files(storage.IMAGES)
    loose = [file for file in images if file.path not in named and file.modified <= now - IMAGE_REST]
    if unnamed:
        rows = counted(unnamed, "extracted row does", "extracted rows do")
        log.warning("no image is deleted, because %s not name the image it has in the cache: extract these hours again", rows)
        return ImagesReport(kept=len(images), unnamed_rows=unnamed)
    for file in loose:
        lake.delete(file.path)
    return ImagesReport(deleted=len(loose), bytes=sum(file.size for file in loose), kept=len(images) - len(loose))


def named_images(lake: Lake) -> tuple[set[str], int]:
    """The paths of the images that extracted rows name, and the number of rows that have a cached image and do not name it.

    Reads two columns of all hours: an image lies at the digest of its octets, so that a row of any hour can name it, and no time of a file
    says which, because copying a lake gives its files new times.
    """
    named: set[str] = set()
    unnamed = 0
    paths = [file.path for file in lake.files("extracted")]
    for start in range(0, len(paths), FILES_AT_ONCE):
        rows = lake.read_rows(paths[start : start + FILES_AT_ONCE], None, schema.EXTRACTED, columns=["images", "imageFile"])
        named.update(pc.unique(rows["imageFile"].drop_null()).to_pylist())
        images = rows.filter(pc.is_null(rows["imageFile"]))["images"]
        cached = pc.filter(pc.list_parent_indices(images), pc.struct_field(pc.list_flatten(images), "isCached"))
        unnamed += pc.count_distinct(cached).as_py()
    return named, unnamed
