"""WARC files that the user gives as an origin of past hours: their paths, and an index of the hours and domains of their records.

Part of the capture stage. A file is scanned once; its index is kept in the lake under the digest of the file, so that the hours of a month,
each in a process of its own, read only their own records.
"""

from __future__ import annotations

import glob
import hashlib
import logging
from array import array
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa

from pipeline.core.errors import ConfigError, WarcError
from pipeline.core.models import HOUR, Interval
from pipeline.lake import storage
from pipeline.lake.archives.files import ARCHIVE_SUFFIXES, WebArchive, open_archive
from pipeline.lake.archives.warc import WarcRecord
from pipeline.lake.storage import Lake
from pipeline.text.counts import counted
from pipeline.text.urls import registered_domain

log = logging.getLogger(__name__)

PAGE_RECORDS = frozenset({"response", "resource"})
NO_DOMAIN = ""
"""The domain of broken records in an index: they count for every source, in the hour of the record before them."""
PROGRESS_EVERY = 10_000
"""Records between two log messages. A plain choice."""
FORMAT = "1"
"""Version of the index, part of its name in the lake; raise it when the index changes."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
KEPT_INDEXES = 64
"""Indexes and digests that a process keeps in memory. A plain choice."""


@dataclass(frozen=True, slots=True)
class GivenFile:
    """A given WARC file; its parts are named after its content, so that a copy elsewhere has the same parts."""

    path: str
    digest: str
    """The first 12 hex digits of the SHA-256 of its content."""
    size: int

    def part_name(self, place: int, *, mark: str = "") -> str:
        """The name of the part that holds an hour's `place`-th stretch of the file, counted from 0: `warc-0123456789ab-0`."""
        return f"warc-{self.digest}-{place}{mark}"


@dataclass(frozen=True, slots=True)
class FileIndex:
    """The pages of a file in file order: the offset of each, its WARC-Date in hours since 1970, and the number of its domain."""

    offsets: np.ndarray
    hours: np.ndarray
    domains: np.ndarray
    names: tuple[str, ...]
    """The registered domains; a domain's number is its place here."""

    def of(self, interval: Interval, domains: Collection[str]) -> tuple[list[int], list[int]]:
        """The offsets of the interval's records of `domains`, and those of its broken records, each in file order."""
        inside = self.hours == _hour(interval.start)
        broken = self.domains == self._numbers((NO_DOMAIN,))[0] if NO_DOMAIN in self.names else np.zeros(len(self.domains), bool)
        mine = np.isin(self.domains, self._numbers(domains))
        return self.offsets[inside & mine].tolist(), self.offsets[inside & broken].tolist()

    def count(self, domains: Collection[str], start: datetime, end: datetime) -> tuple[int, int]:
        """How many records the file has of `domains`, and how many of those in the hours from `start` to before `end`."""
        mine = np.isin(self.domains, self._numbers(domains))
        inside = (self.hours >= _hour(start)) & (self.hours < -(-(end - EPOCH) // HOUR))
        return int(mine.sum()), int((mine & inside).sum())

    def _numbers(self, domains: Collection[str]) -> list[int]:
        return [number for number, name in enumerate(self.names) if name in domains]


def given_paths(given: Sequence[str]) -> tuple[Path, ...]:
    """The files that `given` names, in its order, each once: `given` holds files, folders (with everything below them) and glob patterns.

    Raises ConfigError for a name that matches no file, and when nothing is given.
    """
    if not given:
        raise ConfigError("the origin warc needs files: name them with --warc FILE... or NEWS_WARC")
    found: dict[Path, None] = {}
    for name in given:
        path = Path(name)
        if path.is_dir():
            mine = sorted(one for one in path.rglob("*") if one.is_file() and one.name.endswith(ARCHIVE_SUFFIXES))
        else:
            mine = [path] if path.is_file() else sorted(Path(one) for one in glob.glob(name, recursive=True) if Path(one).is_file())  # noqa: PTH207
        if not mine:
            raise ConfigError(f"NEWS_WARC: {name!r} matches no WARC file")
        found.update(dict.fromkeys(mine))
    return tuple(found)


def given_file(path: Path) -> GivenFile:
    """The file at `path` with its digest and size; a process reads a file once for that. Raises FileNotFoundError."""
    state = path.stat()
    return _identify(str(path), state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=KEPT_INDEXES)
def _identify(path: str, size: int, _modified_ns: int) -> GivenFile:
    with Path(path).open("rb") as file:
        return GivenFile(path, hashlib.file_digest(file, "sha256").hexdigest()[:12], size)


def kept_index(lake: Lake, file: GivenFile) -> FileIndex | None:
    """The index of the file in the lake; None when there is none."""
    path = _index_path(file)
    if not lake.exists(path):
        return None
    table = lake.read_table(path)
    domains = table["domain"].combine_chunks()
    offsets, hours = (table[name].to_numpy() for name in ("offset", "hour"))
    if not isinstance(domains, pa.DictionaryArray):
        domains = domains.dictionary_encode()
    return FileIndex(offsets, hours, domains.indices.to_numpy(zero_copy_only=False), tuple(domains.dictionary.to_pylist()))


def index_of(lake: Lake, file: GivenFile) -> FileIndex:
    """The index of the file; when the lake has none, the file is scanned and its index kept. Raises WarcError, StorageError."""
    known = kept_index(lake, file)
    if known is not None:
        return known
    log.info("%s: scanned once for an index of its records", file.path)
    with open_archive(Path(file.path)) as archive:
        lake.write_table(_index_path(file), _table(archive, file))
    made = kept_index(lake, file)
    if made is None:
        raise WarcError(f"{file.path}: the lake lost its index")
    return made


def _table(archive: WebArchive, file: GivenFile) -> pa.Table:
    """The index of the file as a table; while it is built, each page takes twenty bytes of memory."""
    offsets, hours, domains = array("q"), array("i"), array("i")
    names: dict[str, int] = {}
    hour: int | None = None
    early: list[int] = []
    for number, record in enumerate(archive.records(max_body_bytes=1), start=1):
        if number % PROGRESS_EVERY == 0:
            log.info("%s: %s read", file.path, counted(number, "record"))
        domain = _domain(record)
        if domain is None:
            continue
        if record.at is not None:
            hour = _hour(record.at)
        if hour is None:  # broken records before the first one with a date count to its hour
            early.append(record.offset)
            continue
        for offset, name in (*((one, NO_DOMAIN) for one in early), (record.offset, domain)):
            offsets.append(offset)
            hours.append(hour)
            domains.append(names.setdefault(name, len(names)))
        early = []
    encoded = pa.DictionaryArray.from_arrays(pa.array(domains, pa.int32()), pa.array(list(names), pa.string()))
    return pa.table({"offset": pa.array(offsets, pa.int64()), "hour": pa.array(hours, pa.int32()), "domain": encoded})


def _domain(record: WarcRecord) -> str | None:
    """The record's domain in the index, None for a record that holds no page."""
    if record.type == "broken":
        return NO_DOMAIN
    if record.type not in PAGE_RECORDS or record.at is None or not (record.url or "").startswith(("http://", "https://")):
        return None
    return registered_domain(record.url or "") or None


@dataclass(frozen=True, slots=True)
class FileHour:
    """The records of one hour in a given file: the offsets of its pages and of its broken records."""

    file: GivenFile
    pages: tuple[int, ...]
    broken: tuple[int, ...]

    def records(self, archive: WebArchive, start: int, *, max_body_bytes: int) -> Iterator[WarcRecord]:
        """The hour's records from the offset `start` on, in file order, read one at a time."""
        is_broken = frozenset(self.broken)
        for offset in sorted({*self.pages, *is_broken}):
            if offset < start:
                continue
            if offset in is_broken:
                yield _broken(offset, "the record is broken")
                continue
            try:
                yield archive.record_at(offset, max_body_bytes=max_body_bytes, keep_member=True)
            except WarcError as error:
                yield _broken(offset, str(error))


def hours_with_records(lake: Lake, paths: Sequence[Path], interval: Interval, domains: Collection[str]) -> Iterator[FileHour]:
    """The interval's records in each file that has some of `domains`; a file that is not a WARC file is logged and skipped."""
    for path in paths:
        try:
            file = given_file(path)
            pages, broken = index_of(lake, file).of(interval, domains)
        except (WarcError, FileNotFoundError) as error:
            log.warning("%s: skipped: %s", path, error)
            continue
        if pages or broken:
            yield FileHour(file, tuple(pages), tuple(broken))


def warn_of_dates_outside(lake: Lake, paths: Sequence[Path], domains: Collection[str], taken: tuple[datetime, datetime]) -> Iterator[str]:
    """A warning for each file that has records of `domains` dated outside the half-open range `taken`, and for each that cannot be read."""
    for path in paths:
        try:
            mine, inside = index_of(lake, given_file(path)).count(domains, *taken)
        except (WarcError, FileNotFoundError) as error:
            yield f"{path}: not read: {error}"
            continue
        if inside < mine:
            last = taken[1] - timedelta(microseconds=1)
            yield f"{path}: {mine - inside} of {counted(mine, 'record')} of these sources dated outside {taken[0].date()} to {last.date()}"


def _broken(offset: int, problem: str) -> WarcRecord:
    return WarcRecord("broken", None, None, offset, None, None, b"", b"", problem=problem)


def _hour(moment: datetime) -> int:
    return int((moment - EPOCH) // HOUR)


def _index_path(file: GivenFile) -> str:
    return storage.index_path(hashlib.sha256(f"warc index {FORMAT} {file.digest}".encode()).hexdigest())
