"""Where the lake keeps the listings that were read for past intervals, and their bodies. Reads the lake, sends no request."""

from __future__ import annotations

import hashlib
import io

from pipeline.core.errors import WarcError
from pipeline.lake import storage
from pipeline.lake.archives.warc import read_records
from pipeline.lake.storage import Lake


def kept_path(url: str) -> str:
    """The path in the lake at which the answer for `url` is kept."""
    return storage.document_path(hashlib.sha256(url.encode()).hexdigest())


def kept_body(lake: Lake, url: str, *, max_bytes: int) -> bytes | None:
    """The body of the kept document at `url`, however old; None when the lake keeps none."""
    try:
        data = lake.read_bytes(kept_path(url))
        records = [one for one in read_records(io.BytesIO(data), max_body_bytes=max_bytes) if one.type == "response"]
    except (FileNotFoundError, WarcError):
        return None
    return records[-1].body if records and records[-1].status == 200 else None
