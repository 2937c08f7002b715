"""Which files of a lake are damaged, and which command makes each again. Reads every file whole and writes nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.core.errors import SchemaError, WarcError
from pipeline.core.models import Part
from pipeline.lake import erasures, manifests, storage
from pipeline.lake.storage import Lake
from pipeline.lake.warc import read_records
from pipeline.operations import backfill_records

MADE_AGAIN = {
    "extracted": "news extract HOUR makes it again from the captures",
    "ledger": "news extract HOUR makes it again from the captures",
    "articles": "news publish DATE makes it again from the extracted rows",
    "explain": "news publish DATE makes it again from the extracted rows",
    "completeness": "news maintain makes those of the last days again",
    storage.DOCUMENTS: "delete it: it is fetched or made again when it is needed",
}
"""Folder to what mends a damaged Parquet file in it."""
FROM_A_COPY = "nothing makes it again: put it back from a copy of the lake"
CHUNK_BYTES = 1 << 20
MAX_BODY_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Damage:
    """A damaged file, what is wrong with it, and what mends it."""

    path: str
    problem: str
    remedy: str


def damaged_files(lake: Lake) -> Iterator[Damage]:
    """The damaged files of every layer but the image cache. Raises StorageError."""
    for folder, remedy in MADE_AGAIN.items():
        for path in (file.path for file in lake.files(folder) if file.path.endswith(".parquet")):
            problem = lake.damage(path)
            if problem is not None:
                yield Damage(path, problem, remedy)
    for interval in lake.captured_intervals():
        for name in lake.captured_parts(interval.key):
            yield from _damaged_captures(lake, Part(interval, name))
    yield from _damaged_documents(lake)
    yield from _damaged_records(lake)


def _damaged_captures(lake: Lake, part: Part) -> Iterator[Damage]:
    """The part's manifest where it cannot be read, and its captures where they are not those that the manifest names."""
    path = storage.manifest_path(part)
    try:
        manifest = manifests.from_json(lake.read_bytes(path), path=path)
    except SchemaError as error:
        yield Damage(path, str(error), FROM_A_COPY)
        return
    captures = storage.captures_path(part)
    if not lake.exists(captures):  # deleted by age
        return
    digest = hashlib.sha256()
    with lake.open(captures) as file:
        while data := file.read(CHUNK_BYTES):
            digest.update(data)
    if digest.hexdigest() != manifest.captures_sha256:
        yield Damage(captures, "its SHA-256 is not the one that the manifest names", FROM_A_COPY)


def _damaged_documents(lake: Lake) -> Iterator[Damage]:
    for path in (file.path for file in lake.files(storage.DOCUMENTS) if file.path.endswith(".warc.gz")):
        try:
            with lake.open(path) as file:
                problem = next((record.problem for record in read_records(file, max_body_bytes=MAX_BODY_BYTES) if record.problem), None)
        except WarcError as error:
            problem = str(error)
        if problem is not None:
            yield Damage(path, problem, MADE_AGAIN[storage.DOCUMENTS])


def _damaged_records(lake: Lake) -> Iterator[Damage]:
    """Records of backfills and erasures that cannot be read."""
    readers = {storage.BACKFILLS: backfill_records.from_json, storage.ERASURES: erasures.from_json}
    for folder, read in readers.items():
        for path in (file.path for file in lake.files(folder) if file.path.endswith(".json")):
            try:
                read(lake.read_bytes(path), path=path)
            except SchemaError as error:
                yield Damage(path, str(error), FROM_A_COPY)
