"""Find damaged files in a lake, each with the command that rebuilds it. Reads all but images and alert states, and writes nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.core.errors import DamagedError, SchemaError, WarcError
from pipeline.core.models import Part
from pipeline.core.progress import steps
from pipeline.lake import manifests, storage
from pipeline.lake.archives.warc import read_records
from pipeline.lake.removals import erasures
from pipeline.lake.storage import Lake
from pipeline.operations.backfill import records as backfill_records
from pipeline.publishing.changes import CHANGES
from pipeline.publishing.timeline.lake_store import MANIFEST, read_manifest

FROM_A_COPY = "no command can rebuild it: restore it from a copy of the lake"
MADE_AGAIN = {
    "extracted": "news extract HOUR rebuilds it from the captures",
    "ledger": "news extract HOUR rebuilds it from the captures",
    "articles": "news publish DATE rebuilds it from the extracted rows",
    "explain": "news publish DATE rebuilds it from the extracted rows",
    "stories": "news publish DATE rebuilds it from the extracted rows",
    "completeness": "news maintain rebuilds the tables of the last days",
    storage.TIMELINE: "delete the folder timeline: news publish makes it again from the extracted rows",
    CHANGES: f"{FROM_A_COPY}, or delete it",
    storage.DOCUMENTS: "delete it: it is fetched or built again when a backfill needs it",
}
"""For each folder of Parquet files: what the operator does about a damaged one."""
CHUNK_BYTES = 1 << 20
"""Bytes hashed at a time, so that memory stays small whatever the size of the captures."""
MAX_BODY_BYTES = 1 << 16
"""Bytes kept of each body: the whole record is read for damage, its content is not needed."""


@dataclass(frozen=True, slots=True)
class Damage:
    """A damaged file: its path in the lake, what is wrong with it, and what the operator does about it."""

    path: str
    problem: str
    remedy: str


def damaged_files(lake: Lake) -> Iterator[Damage]:
    """The damaged files of all folders except `images`, `alerts` and `touched`. Raises StorageError when the lake cannot be read."""
    for folder, remedy in MADE_AGAIN.items():
        paths = [file.path for file in lake.files(folder) if file.path.endswith(".parquet")]
        for path in steps(paths, f"reading {folder}", total=len(paths)):
            problem = lake.damage(path)
            if problem is not None:
                yield Damage(path, problem, remedy)
    intervals = lake.captured_intervals()
    for interval in steps(intervals, "reading captures", total=len(intervals)):
        for name in lake.captured_parts(interval.key):
            yield from _damaged_captures(lake, Part(interval, name))
    yield from _damaged_documents(lake)
    yield from _damaged_records(lake)
    try:
        read_manifest(lake)
    except DamagedError as error:
        yield Damage(MANIFEST, str(error), MADE_AGAIN[storage.TIMELINE])


def _damaged_captures(lake: Lake, part: Part) -> Iterator[Damage]:
    """The part's manifest when it cannot be read; else its captures when their SHA-256 differs from the manifest's."""
    path = storage.manifest_path(part)
    try:
        manifest = manifests.from_json(lake.read_bytes(path), path=path)
    except SchemaError as error:
        yield Damage(path, str(error), FROM_A_COPY)
        return
    captures = storage.captures_path(part)
    if not lake.exists(captures):  # retention deleted them
        return
    digest = hashlib.sha256()
    with lake.open(captures) as file:
        while data := file.read(CHUNK_BYTES):
            digest.update(data)
    if digest.hexdigest() != manifest.captures_sha256:
        yield Damage(captures, "its SHA-256 differs from the one in the manifest", FROM_A_COPY)


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
