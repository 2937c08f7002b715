"""The two origins that are WARC files: Common Crawl's news files, on a server or in a folder, and files that the user gives.

Part of the capture stage. A WARC source lists the files of an interval and reads their records from an offset on;
`pipeline.capture.warc_captures` decides which records are captured.
"""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Literal, Protocol, cast

from pipeline.capture.past.given_files import FileHour, given_paths, hours_with_records
from pipeline.capture.past.kept_documents import KeptDocuments, content_of
from pipeline.capture.past.news_files import NewsFile, files_of, is_remote, listing_address, listing_path
from pipeline.capture.probes import page_reader
from pipeline.capture.source_sessions import SourceSession
from pipeline.core.catalogue import Source
from pipeline.core.models import Clock, Interval, Outcome
from pipeline.core.settings import Settings
from pipeline.fetching.fetcher import Fetcher
from pipeline.fetching.ranged_files import BLOCK_BYTES, RangedFile
from pipeline.lake.archives.files import WebArchive, open_archive
from pipeline.lake.archives.warc import CaptureWriter, WarcRecord, read_records
from pipeline.lake.storage import Lake

log = logging.getLogger(__name__)


class SourceFile(Protocol):
    """A WARC file of an interval."""

    @property
    def address(self) -> str:
        """The file's URL or path, which the ledger shows."""
        ...

    def part_name(self, place: int, *, mark: str = "") -> str:
        """The name of the part of the file's `place`-th stretch, counted from 0, with `mark` at its end."""
        ...

    def reading(self, start: int) -> contextlib.AbstractContextManager[RecordReader]:
        """Open the file to read its records from the offset `start` on. Raises FileNotFoundError, WarcError, PermanentFetchError."""
        ...


class RecordReader(Protocol):
    """An open WARC file."""

    def records(self) -> Iterator[WarcRecord]:
        """The records, read one at a time."""
        ...

    def end(self) -> int:
        """The offset after the last record that was read."""
        ...


@dataclass(frozen=True, slots=True)
class NewsFiles:
    """Common Crawl's news files that the crawler began in the interval."""

    lake: Lake
    settings: Settings
    interval: Interval
    documents: KeptDocuments
    clock: Clock
    fetcher: Fetcher
    via: Literal["ccnews"] = "ccnews"

    def files(self, _domains: Collection[str]) -> tuple[tuple[SourceFile, ...], tuple[Outcome, ...]]:
        """The interval's files, and the outcomes of fetching their list."""
        path = listing_path(self.interval)
        if not is_remote(self.settings):
            try:
                found = files_of(Path(self.settings.ccnews, path).read_bytes(), self.interval, url=path)
            except FileNotFoundError:
                log.warning("%s is not in %s", path, self.settings.ccnews)
                return (), ()
            return tuple(_NewsFile(file, self.settings, self.fetcher) for file in found), ()
        url = listing_address(self.settings, self.interval)
        session = SourceSession(
            self.fetcher, CaptureWriter(io.BytesIO()), _ARCHIVE, self.settings, self.clock, 0, page_reader(self.settings)
        )
        document = self.documents.read(session, url, "listing", pace_s=self.settings.archive_pace_s)
        files = content_of(session, document, lambda body: files_of(body, self.interval, url=url)) or ()
        asked = tuple(replace(outcome, source_id=None) for outcome in session.outcomes)
        return tuple(_NewsFile(file, self.settings, self.fetcher) for file in files), asked


@dataclass(frozen=True, slots=True)
class GivenFiles:
    """Files that the user gives; of each, the records dated in the interval are read."""

    lake: Lake
    settings: Settings
    interval: Interval
    via: Literal["warc"] = "warc"

    def files(self, domains: Collection[str]) -> tuple[tuple[SourceFile, ...], tuple[Outcome, ...]]:
        """The given files that have records of `domains` dated in the interval; no request is sent, so there is no outcome."""
        hours = hours_with_records(self.lake, given_paths(self.settings.warc), self.interval, domains)
        return tuple(_GivenFile(hour, self.settings.max_page_bytes) for hour in hours), ()


@dataclass(frozen=True, slots=True)
class _NewsFile:
    file: NewsFile
    settings: Settings
    fetcher: Fetcher

    @property
    def address(self) -> str:
        return f"{self.settings.ccnews.rstrip('/')}/{self.file.path}" if is_remote(self.settings) else self.file.path

    def part_name(self, place: int, *, mark: str = "") -> str:
        return self.file.part_name(place, mark=mark)

    @contextlib.contextmanager
    def reading(self, start: int) -> Iterator[RecordReader]:
        with self._open() as stream:
            stream.seek(start)
            yield _WholeFile(stream, self.settings.max_page_bytes)

    @contextlib.contextmanager
    def _open(self) -> Iterator[BinaryIO]:
        if is_remote(self.settings):
            block_bytes = min(BLOCK_BYTES, self.settings.ccnews_chunk_bytes)
            pace_s = self.settings.archive_pace_s
            yield cast(BinaryIO, RangedFile(self.fetcher.get, self.address, pace_s=pace_s, block_bytes=block_bytes))
            return
        with Path(self.settings.ccnews, self.file.path).open("rb") as stream:
            yield stream


@dataclass(frozen=True, slots=True)
class _WholeFile:
    stream: BinaryIO
    max_body_bytes: int

    def records(self) -> Iterator[WarcRecord]:
        yield from read_records(self.stream, max_body_bytes=self.max_body_bytes, keep_members=True)

    def end(self) -> int:
        return self.stream.tell()


@dataclass(frozen=True, slots=True)
class _GivenFile:
    hour: FileHour
    max_body_bytes: int

    @property
    def address(self) -> str:
        return self.hour.file.path

    def part_name(self, place: int, *, mark: str = "") -> str:
        return self.hour.file.part_name(place, mark=mark)

    @contextlib.contextmanager
    def reading(self, start: int) -> Iterator[RecordReader]:
        with open_archive(Path(self.hour.file.path)) as archive:
            yield _HourRecords(self.hour, archive, start, self.max_body_bytes)


@dataclass(frozen=True, slots=True)
class _HourRecords:
    hour: FileHour
    archive: WebArchive
    start: int
    max_body_bytes: int

    def records(self) -> Iterator[WarcRecord]:
        yield from self.hour.records(self.archive, self.start, max_body_bytes=self.max_body_bytes)

    def end(self) -> int:
        return self.hour.file.size


_ARCHIVE = Source(id="ccnews", name="Common Crawl", feeds=("https://data.commoncrawl.org/",), topic="News")
"""The source of requests for lists of news files; their outcomes are recorded without its id."""


def warc_sources_of(
    order: Sequence[str],
    *,
    lake: Lake,
    settings: Settings,
    interval: Interval,
    documents: KeptDocuments,
    clock: Clock,
    fetcher: Fetcher,
) -> tuple[NewsFiles | GivenFiles, ...]:
    """The WARC sources that `order` names, in its order."""
    known: dict[str, NewsFiles | GivenFiles] = {
        "ccnews": NewsFiles(lake, settings, interval, documents, clock, fetcher),
        "warc": GivenFiles(lake, settings, interval),
    }
    return tuple(known[origin] for origin in order if origin in known)
