"""The lake's paths, and reading and writing its files, on a local disk or an object store.

::

    raw/interval=2026-11-23T14/part=00/captures.warc.gz   every HTTP exchange, WARC/1.1
    raw/interval=2026-11-23T14/part=00/manifest.json      outcomes, counts, validators; written last, it commits the part
    raw/documents/ab/abcdef....warc.gz                    listings and robots.txt read for past intervals, by the SHA-256 of their URL
    raw/documents/ab/abcdef....parquet                    the offsets of the pages in a WARC file of the origin `warc`
    extracted/interval=2026-11-23T14/part-00.parquet      one row per article page
    ledger/interval=2026-11-23T14/part-00.parquet         one row per URL seen, with its one outcome
    touched/published_date=2026-11-23/2026-11-23T14.00.9f2c   marks: which extracted parts have rows of that date, and their digest
    timeline/manifest.json                                the stories of all dates, folded day by day; the files that it names lie beside it
    articles/published_date=2026-11-23/articles.parquet   the published records
    explain/published_date=2026-11-23/explain.parquet     how each record got its values
    stories/published_date=2026-11-23/stories.parquet     the stories whose first article was published on the date
    changes/published_date=2026-11-23/....parquet         what each build of the date changed in its records
    completeness/2026-11-23.parquet                       pages per source: expected, found, and why the others are missing
    images/ab/abcdef....jpg                               the image cache, by SHA-256
    backfills/0123456789ab.json                           a backfill's record; the records it replaces lie beside it while it runs
    erasures/example.com.json                             when and why a provider was erased; nothing of it is captured again

A file is replaced whole and atomically: local files through a temporary file, fsync and rename; an object store by one upload that
becomes visible when it ends. A reader sees the old file or the new one. Temporary files begin with a dot, which every Parquet
reader skips, and the next write of the same file removes what a killed one left.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.core.errors import DamagedError, SchemaError, StorageError
from pipeline.core.models import Interval, Part
from pipeline.lake.parquet_damage import damage_of, storage_errors
from pipeline.lake.parquet_layout import with_description, write_options
from pipeline.lake.parquet_rows import read_rows
from pipeline.lake.stores.arrow_store import StoredFile
from pipeline.lake.stores.store_uris import open_store
from pipeline.text.urls import without_credentials

if TYPE_CHECKING:
    import pyarrow.dataset as ds

ROW_GROUP_ROWS = 250
"""Rows in a row group. Rows are sorted by publication time, so a reader of one date skips most groups of a file that spans many dates:
on 1,000 rows of 82 dates, reading the window of one date takes half as long as with one group, and the file is a tenth larger."""
DATE_FOLDER = "published_date="
DOCUMENTS = "raw/documents"
BACKFILLS, ERASURES, IMAGES, TIMELINE = "backfills", "erasures", "images", "timeline"


def raw_folder(part: Part) -> str:
    """The folder of the part's captures and manifest."""
    return f"raw/interval={part.interval.key}/part={part.name}"


def captures_path(part: Part) -> str:
    """The WARC file with every HTTP exchange of the part."""
    return f"{raw_folder(part)}/captures.warc.gz"


def manifest_path(part: Part) -> str:
    """The manifest of the part."""
    return f"{raw_folder(part)}/manifest.json"


def part_lock_path(part: Part) -> str:
    """The lock file of the part's capture."""
    return f"raw/interval={part.interval.key}/.part={part.name}.lock"


def files_lock_path(interval: Interval) -> str:
    """The lock file of the capture from WARC files (`ccnews`, `warc`) of an interval."""
    return f"raw/interval={interval.key}/.files.lock"


def document_path(sha256: str) -> str:
    """The WARC file of a kept listing or robots.txt, by the SHA-256 of its URL."""
    return f"{DOCUMENTS}/{sha256[:2]}/{sha256}.warc.gz"


def index_path(sha256: str) -> str:
    """The index of the pages in a WARC file of the origin `warc`, by the SHA-256 of the file's address."""
    return f"{DOCUMENTS}/{sha256[:2]}/{sha256}.parquet"


def extracted_path(part: Part) -> str:
    """The rows of the part in the table `extracted`."""
    return f"extracted/interval={part.interval.key}/part-{part.name}.parquet"


def ledger_path(part: Part) -> str:
    """The rows of the part in the table `ledger`."""
    return f"ledger/interval={part.interval.key}/part-{part.name}.parquet"


def touched_folder(published_date: date) -> str:
    """The folder of the marks of a published date."""
    return f"touched/published_date={published_date.isoformat()}"


def mark_path(published_date: date, part: Part, *, digest: str) -> str:
    """The mark that the part has rows of a published date with this digest."""
    return f"{touched_folder(published_date)}/{part.interval.key}.{part.name}.{digest}"


@dataclass(frozen=True, slots=True)
class Mark:
    """An empty file whose path says that a part has rows of a published date, and contains the digest of those rows."""

    path: str
    published_date: date
    interval: str
    part: str
    digest: str

    @property
    def extracted_path(self) -> str:
        """The rows of the mark's part in the table `extracted`."""
        return f"extracted/interval={self.interval}/part-{self.part}.parquet"


def read_mark(path: str) -> Mark:
    """The mark whose path is `path`, as `mark_path` gives it."""
    folder, _, name = path.rpartition("/")
    interval, part, digest = name.split(".")
    return Mark(path, date.fromisoformat(folder.rpartition("=")[2]), interval, part, digest)


def articles_path(published_date: date) -> str:
    """The published records of a date."""
    return f"articles/published_date={published_date.isoformat()}/articles.parquet"


def explain_path(published_date: date) -> str:
    """The explanations of a date's records."""
    return f"explain/published_date={published_date.isoformat()}/explain.parquet"


def stories_path(published_date: date) -> str:
    """The stories whose first article was published on the date."""
    return f"stories/published_date={published_date.isoformat()}/stories.parquet"


def backfill_path(backfill_id: str) -> str:
    """The record of a backfill."""
    return f"backfills/{backfill_id}.json"


def erasure_path(domain: str) -> str:
    """The record of an erasure."""
    return f"{ERASURES}/{domain}.json"


def erasure_lock_path(domain: str) -> str:
    """The lock file of an erasure."""
    return f"{ERASURES}/.{domain}.lock"


def backfill_lock_path(backfill_id: str) -> str:
    """The lock file of a backfill."""
    return f"backfills/.{backfill_id}.lock"


def backfill_before_folder(backfill_id: str) -> str:
    """The folder of the copies of published files from before a backfill."""
    return f"backfills/{backfill_id}.before"


def backfill_before_path(backfill_id: str, published_date: date) -> str:
    """The copy of a date's `articles` file from before the backfill; an empty file when there was none."""
    return f"{backfill_before_folder(backfill_id)}/{published_date.isoformat()}.parquet"


def part_of_capture(captures_file: str) -> Part:
    """The part whose captures lie at `captures_file`, a path as in the column `captureFile`."""
    _, interval, part, _ = captures_file.split("/")
    return Part(Interval.parse(interval.removeprefix("interval=")), part.removeprefix("part="))


def part_of_ledger(path: str) -> Part:
    """The part whose ledger lies at `path`."""
    _, interval, name = path.split("/")
    return Part(Interval.parse(interval.removeprefix("interval=")), name.removeprefix("part-").removesuffix(".parquet"))


def completeness_path(day: date) -> str:
    """The completeness table of a UTC day."""
    return f"completeness/{day.isoformat()}.parquet"


def image_path(sha256: str, extension: str) -> str:
    """A cached image, by the SHA-256 of its bytes."""
    return f"{IMAGES}/{sha256[:2]}/{sha256}.{extension}"


class Lake:
    """A lake at a URI. Paths given to its methods are those of this module's functions, relative to the root.

    Every method raises StorageError when the store does not answer, FileNotFoundError for a missing file, and DamagedError for a file that
    should be Parquet and cannot be read.
    """

    def __init__(self, uri: str) -> None:
        """Raises ConfigError when `uri` names no lake."""
        self.uri = without_credentials(uri)
        """The URI without credentials, for messages."""
        opened = open_store(uri)
        self.is_local, self.root = opened.is_local, opened.root
        self.filesystem = opened.filesystem
        self._store = opened.store

    def location(self, path: str) -> str:
        """`path` for a user: a local path, or a URI without its options."""
        return f"{self.root}/{path}" if self.is_local else f"{self.uri.partition('?')[0].rstrip('/')}/{path}"

    def exists(self, path: str) -> bool:
        """Whether there is a file at `path`."""
        return self.file(path) is not None

    def names(self, folder: str, *, first: str = "") -> list[str]:
        """Names of the files and folders directly below `folder` from `first` on, sorted; empty when there is no such folder."""
        with storage_errors(folder):
            return [name for name in self._store.names(folder, first=first) if not name.startswith(".")]

    def file(self, path: str) -> StoredFile | None:
        """Size and time of the file at `path`; None when there is no such file."""
        with storage_errors(path):
            return self._store.file(path)

    def files(self, folder: str, *, first: str = "") -> list[StoredFile]:
        """Every file below `folder` at any depth, sorted by path, without hidden ones (temporary files and locks).

        With `first` only those in or after the file or folder of that name.
        """
        with storage_errors(folder):
            return [file for file in self._store.files(folder, first=first) if not file.path.rpartition("/")[2].startswith(".")]

    def read_bytes(self, path: str) -> bytes:
        """The content of the file at `path`."""
        with storage_errors(path):
            return self._store.read_bytes(path)

    def read_version(self, path: str) -> tuple[bytes, str | None]:
        """The content of the file at `path`, and its version for `write_if_unchanged`."""
        with storage_errors(path):
            return self._store.read_version(path)

    def write_if_unchanged(self, path: str, data: bytes, *, version: str | None) -> bool | None:
        """Write `data` unless the file is no longer at `version` (None: unless there is a file); whether it was written.

        None, with nothing decided, where the store has no conditional writes.
        """
        with storage_errors(path):
            return self._store.write_if_unchanged(path, data, version=version)

    @contextlib.contextmanager
    def open(self, path: str) -> Iterator[BinaryIO]:
        """A seekable binary file for reading."""
        with storage_errors(path), self._store.open(path) as file:
            yield file

    def write_bytes(self, path: str, data: bytes) -> None:
        """Write `data` to `path`, replacing the whole file."""
        with self._replacing(path) as file:
            file.write(data)

    def write_file(self, path: str, local: Path) -> None:
        """Copy the local file to `path`."""
        with local.open("rb") as source, self._replacing(path) as file:
            shutil.copyfileobj(source, file, 1 << 20)

    def delete(self, path: str) -> None:
        """Delete the file at `path`; a missing one is no error."""
        with storage_errors(path), contextlib.suppress(FileNotFoundError):
            self._store.delete(path)

    def write_table(self, path: str, table: pa.Table) -> None:
        """Write `table` to `path` as Parquet, laid out as its folder demands; equal tables give equal bytes."""
        with self._replacing(path) as file:
            pq.write_table(with_description(path, table), file, **write_options(path, table, row_group_rows=ROW_GROUP_ROWS))

    def read_table(self, path: str, *, columns: Sequence[str] | None = None) -> pa.Table:
        """The table in the Parquet file at `path`, with `columns` (None: all)."""
        # for the few rows of a date ParquetFile takes a third of the time of pq.read_table
        with self._damage_named([path]), storage_errors(path), self._store.open_parquet(path) as file, pq.ParquetFile(file) as parquet:
            table = parquet.read(columns=columns, use_threads=False)
            table.validate(full=True)
            return table

    def read_metadata(self, path: str) -> dict[bytes, bytes]:
        """The key-value metadata of a Parquet file's schema; empty when there is no such file."""
        try:
            with self._damage_named([path]), storage_errors(path), self._store.open_parquet(path) as file:
                return dict(pq.read_schema(file).metadata or {})
        except FileNotFoundError:
            return {}

    def read_rows(
        self, paths: Sequence[str], where: ds.Expression | None, schema: pa.Schema, *, columns: Sequence[str] | None = None
    ) -> pa.Table:
        """Rows of several Parquet files where `where` holds (None: all), in the order of `paths`; a column that a file lacks is null."""
        if not paths:
            return schema.empty_table().select(columns if columns is not None else schema.names)
        with self._damage_named(paths), storage_errors(paths[0]):
            return read_rows(self._store, paths, where, schema, columns=columns)

    def damage(self, path: str) -> str | None:
        """Why the Parquet file at `path` cannot be read, as a sentence; None when it can. Reads the whole file."""
        return damage_of(self.read_bytes(path), path=path)

    @contextlib.contextmanager
    def _damage_named(self, paths: Sequence[str]) -> Iterator[None]:
        """Raise DamagedError instead when one of the files is damaged: Arrow raises the same OSError for that and for a failed store."""
        try:
            yield
        except (StorageError, SchemaError, pa.ArrowException) as error:
            damages = (self.damage(path) for path in paths)
            damage = next((damage for damage in damages if damage is not None), None)
            if damage is None:
                raise
            raise DamagedError(damage) from error

    def captured_parts(self, interval_key: str) -> list[str]:
        """Names of an interval's parts that are committed, sorted."""
        return [part.name for part in committed_parts(file.path for file in self.files(f"raw/interval={interval_key}"))]

    def manifests_between(self, first: datetime, last: datetime) -> list[StoredFile]:
        """The manifests of the intervals that start in [`first`, `last`), oldest first; an object store is listed only there."""
        earliest, end = (f"raw/interval={moment.strftime('%Y-%m-%dT%H')}" for moment in (first, last))
        if first >= last:
            return []
        with storage_errors("raw"):
            found = takewhile(lambda file: file.path < end, self._store.files("raw", first=earliest.removeprefix("raw/")))
            return [file for file in found if file.path.endswith("/manifest.json")]

    def captured_intervals(self) -> list[Interval]:
        """Intervals that have a folder in `raw`, oldest first."""
        keys = (name.removeprefix("interval=") for name in self.names("raw") if name.startswith("interval="))
        return [Interval.parse(key) for key in keys]

    def ledger_intervals(self) -> list[Interval]:
        """Intervals that have a folder in `ledger`, oldest first."""
        return [Interval.parse(name.removeprefix("interval=")) for name in self.names("ledger") if name.startswith("interval=")]

    def ledger_parts(self, interval_key: str) -> list[str]:
        """Names of an interval's parts that have a ledger, sorted."""
        names = self.names(f"ledger/interval={interval_key}")
        return [name.removeprefix("part-").removesuffix(".parquet") for name in names if name.startswith("part-")]

    def free_bytes(self) -> int | None:
        """Free bytes on the disk of a local lake, which need not exist yet; None for an object store."""
        if not self.is_local:
            return None
        folder = Path(self.root)
        while not folder.exists():
            folder = folder.parent
        return shutil.disk_usage(folder).free

    def published_dates(self, *, first: date | None = None) -> list[date]:
        """Dates that have a published partition, from `first` on, oldest first."""
        return self._dates("articles", first)

    def touched_dates(self, *, first: date | None = None) -> list[date]:
        """Published dates of extracted articles, from `first` on, oldest first."""
        return self._dates("touched", first)

    def marks(self, published_date: date) -> list[Mark]:
        """The marks of a date, ordered by interval and part."""
        folder = touched_folder(published_date)
        return [read_mark(f"{folder}/{name}") for name in self.names(folder)]

    def all_marks(self) -> list[Mark]:
        """The marks of all dates, by path; an object store lists a thousand of them at a time."""
        return [read_mark(file.path) for file in self.files("touched")]

    def _dates(self, folder: str, first: date | None) -> list[date]:
        names = self.names(folder, first="" if first is None else f"{DATE_FOLDER}{first.isoformat()}")
        return [date.fromisoformat(name.removeprefix(DATE_FOLDER)) for name in names if name.startswith(DATE_FOLDER)]

    @contextlib.contextmanager
    def _replacing(self, path: str) -> Iterator[BinaryIO]:
        with storage_errors(path), self._store.replacing(path) as file:
            yield file


def committed_parts(paths: Iterable[str]) -> list[Part]:
    """The parts that the manifests among `paths` of `raw` commit, in the order of `paths`."""
    return [part_of_capture(path) for path in paths if path.startswith("raw/interval=") and path.endswith("/manifest.json")]
