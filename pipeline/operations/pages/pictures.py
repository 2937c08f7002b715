"""Cached pictures for pages: which picture a record has, and the bytes of a picture by its SHA-256.

A page names a picture by its digest alone; the path in the lake is made here from 64 hex digits and a known extension.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pipeline.lake import storage
from pipeline.lake.storage import Lake
from pipeline.lake.tables import rows_of
from pipeline.publishing.sql.database import open_tables, run_query

CONTENT_TYPES = {
    "jpg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "gif": "image/gif",
    "avif": "image/avif",
    "bmp": "image/bmp",
    "tif": "image/tiff",
}
"""Extension of a cached image to its content type; the extensions are those of `pipeline.extraction.images`."""
SHA256 = re.compile(r"[0-9a-f]{64}")


def read_picture(lake: Lake, sha256: str) -> tuple[bytes, str] | None:
    """The cached image with this digest and its content type; None for what is no digest and for an image that is not cached."""
    if not SHA256.fullmatch(sha256):
        return None
    for extension, content_type in CONTENT_TYPES.items():
        path = storage.image_path(sha256, extension)
        if lake.exists(path):
            return lake.read_bytes(path), content_type
    return None


def picture_digests(lake: Lake, rows: Sequence[dict[str, Any]]) -> dict[tuple[str, int], str]:
    """The SHA-256 of the cached lead image by (captureFile, captureOffset) of `rows`; a row without a cached image is left out."""
    wanted = {(row["captureFile"], row["captureOffset"]) for row in rows}
    parts = sorted({storage.extracted_path(storage.part_of_capture(file)) for file, _ in wanted})
    paths = [path for path in parts if lake.exists(path)]
    with open_tables(lake, {"extracted": paths}, columns={"extracted": ("captureFile", "captureOffset", "imageFile")}) as connection:
        table = run_query(connection, "select captureFile, captureOffset, imageFile from lake.extracted where imageFile is not null")
    found = {(row["captureFile"], row["captureOffset"]): row["imageFile"] for row in rows_of(table)}
    return {place: digest for place in wanted & set(found) if SHA256.fullmatch(digest := digest_of(found[place]))}


def digest_of(image_file: str) -> str:
    """The digest in the path of a cached image."""
    return image_file.rpartition("/")[2].partition(".")[0]
