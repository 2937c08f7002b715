"""Captures pages from WARC files of Common Crawl or the user, for the sources that no other origin serves.

An interval owns the news files that the crawler began in it, and of given files the records dated in it. A file is read once for all
sources, record by record. Each stretch of `ccnews_chunk_bytes` becomes a part of its own, whose manifest says where the next one begins, so
that a killed run continues there.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pipeline.capture.capture import PastCapture, report_of, unserved_warning
from pipeline.capture.earlier_captures import read_earlier_captures, robots_reader
from pipeline.capture.imports import media_type, record_verdict
from pipeline.capture.part_commits import PartContents, commit_part, committed_manifest
from pipeline.capture.part_plans import LEFT_TO_FILES, source_by_domain
from pipeline.capture.past.given_files import PAGE_RECORDS, given_paths, warn_of_dates_outside
from pipeline.capture.past.kept_documents import KeptDocuments
from pipeline.capture.past.kept_robots import KeptRobots
from pipeline.capture.past.warc_sources import GivenFiles, NewsFiles, RecordReader, SourceFile, warc_sources_of
from pipeline.capture.segments import write_robots
from pipeline.core.catalogue import Catalogue, Source
from pipeline.core.errors import PermanentFetchError, WarcError
from pipeline.core.models import CaptureReport, Clock, Entry, Interval, Outcome, Part
from pipeline.core.settings import Settings
from pipeline.fetching.fetcher import Fetcher
from pipeline.lake import storage
from pipeline.lake.archives.warc import CaptureWriter, WarcRecord
from pipeline.lake.ledgers import read_manifest
from pipeline.lake.locks import Check, lock_in_turn
from pipeline.lake.manifests import Manifest, PageCapture
from pipeline.lake.removals.erased_providers import read_erased, without_erased
from pipeline.lake.removals.erasures import ErasedDomains
from pipeline.lake.scratch_folders import scratch_folder
from pipeline.lake.storage import Lake
from pipeline.text.counts import counted
from pipeline.text.urls import registered_domain, url_digest

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FileCaptures:
    """The parts made from the files of an interval, each with a report; a last report without a part names sources without a page."""

    parts: tuple[Part, ...] = ()
    reports: tuple[CaptureReport, ...] = ()


def capture_files(
    lake: Lake,
    settings: Settings,
    catalogue: Catalogue,
    interval: Interval,
    *,
    clock: Clock,
    past: PastCapture,
    wanted: Sequence[str] | None = None,
    mark: str = "",
) -> FileCaptures:
    """Capture, from the files of the interval, pages of the `wanted` sources (None: all) that its committed parts left to WARC files.

    Only parts whose names end in `mark` count as committed. A source is served by the first of `ccnews` and `warc`, in the order of `past`,
    that has a page of it. Only pages of the sources' registered domains are captured, and none that another part has. A file that does not
    exist is skipped. Raises StorageError, ConfigError when no file is given, and TransientFetchError when a file cannot be read at the
    moment.
    """
    if not LEFT_TO_FILES & set(past.order):
        return FileCaptures()
    committed = _committed(lake, interval, mark)
    left = {source for manifest in committed if manifest.sources for source, origin in manifest.origins.items() if origin in LEFT_TO_FILES}
    erased = read_erased(lake)
    followed = without_erased(lake, catalogue).enabled_sources if erased else catalogue.sources
    sources = [source for source in followed if source.id in left and (wanted is None or source.id in wanted)]
    if not sources:
        return FileCaptures()
    with lock_in_turn(lake, storage.files_lock_path(interval), what=f"the reading of files for {interval.key}") as check:
        return _captured(lake, settings, interval, clock, past, sources, mark, erased, check)


def _committed(lake: Lake, interval: Interval, mark: str) -> list[Manifest]:
    return [read_manifest(lake, Part(interval, name)) for name in lake.captured_parts(interval.key) if name.endswith(mark)]


def _captured(
    lake: Lake,
    settings: Settings,
    interval: Interval,
    clock: Clock,
    past: PastCapture,
    sources: Sequence[Source],
    mark: str,
    erased: ErasedDomains,
    check: Check,
) -> FileCaptures:
    earlier = read_earlier_captures(lake, interval, days=settings.seen_days, is_live=False)
    committed = _committed(lake, interval, mark)
    seen = set() if past.is_refetch else {*earlier.seen, *(digest for manifest in committed for digest in manifest.seen)}
    since = past.documents_since(interval, now=clock.now())
    documents = KeptDocuments(lake, since, settings.max_feed_bytes)
    known_robots = robots_reader(lake, earlier, now=clock.now())
    manifests: list[Manifest] = []
    reused: set[str] = set()
    lacking = sources
    with (
        scratch_folder("archive") as folder,
        Fetcher(settings, clock=clock, known_robots=known_robots, keep_robots=KeptRobots(lake, since, clock).answer) as fetcher,
    ):
        for warc_source in warc_sources_of(
            past.order, lake=lake, settings=settings, interval=interval, documents=documents, clock=clock, fetcher=fetcher
        ):
            work = _FilesCapture(lake, settings, interval, past, mark, clock, fetcher, warc_source, folder, seen, reused, erased, check)
            manifests += work.run(lacking)
            found = {page.entry.source_id for manifest in manifests for page in manifest.pages}
            lacking = [source for source in lacking if source.id not in found]
    reports = [report_of(manifest, is_reused=manifest.part in reused) for manifest in manifests]
    warnings = [unserved_warning(source.id, interval.key) for source in lacking]
    if "warc" in past.order:
        warnings += warn_of_dates_outside(lake, given_paths(settings.warc), set(source_by_domain(sources)), past.taken)
    if warnings:
        reports.append(CaptureReport(interval.key, f"files{mark}", {}, (), {}, warnings=tuple(warnings)))
    return FileCaptures(tuple(Part(interval, manifest.part) for manifest in manifests), tuple(reports))


@dataclass(slots=True)
class _Stretch:
    """The part that is being read: a file's octets from `start` to before `end`."""

    part: Part
    start: int
    pages: dict[str, PageCapture] = field(default_factory=dict)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    end: int = 0
    goes_on: int | None = None


@dataclass(frozen=True, slots=True)
class _FilesCapture:
    """The captures of one interval from one kind of file."""

    lake: Lake
    settings: Settings
    interval: Interval
    past: PastCapture
    mark: str
    clock: Clock
    fetcher: Fetcher
    warc_source: NewsFiles | GivenFiles
    folder: Path
    seen: set[str]
    """Digests of URLs that are captured already."""
    reused: set[str]
    """Names of parts that an earlier run committed."""
    erased: ErasedDomains
    check: Check

    def run(self, sources: Sequence[Source]) -> list[Manifest]:
        if not sources:
            return []
        files, asked = self.warc_source.files(source_by_domain(sources))
        manifests: list[Manifest] = []
        for number, file in enumerate(files):
            for mark, ids in self._series(file, sources):
                readers = [source for source in sources if source.id in ids]
                try:
                    manifests += self._read(file, mark, readers, asked if number == 0 else ())
                except (PermanentFetchError, FileNotFoundError, WarcError) as error:
                    log.warning("%s is skipped: %s", file.address, error)
        return manifests

    def _series(self, file: SourceFile, sources: Sequence[Source]) -> Iterator[tuple[str, frozenset[str]]]:
        """The file's series of parts: the mark of each and the ids of its sources.

        A file that an earlier run read for some sources is read again, under another mark, for the others.
        """
        ids = frozenset(source.id for source in sources)
        first = Part(self.interval, file.part_name(0, mark=self.mark))
        committed = committed_manifest(self.lake, first)
        if committed is None:
            yield self.mark, ids
            return
        before = frozenset(committed.origins)
        yield self.mark, before
        if ids - before:
            digest = hashlib.sha256(" ".join(sorted(ids - before)).encode()).hexdigest()[:8]
            yield f"-s{digest}{self.mark}", ids - before

    def _read(self, file: SourceFile, mark: str, sources: Sequence[Source], asked: Sequence[Outcome]) -> Iterator[Manifest]:
        """The manifests of the file's parts: first those that are committed, then those that are read and committed here."""
        domains = source_by_domain(sources)
        place, start = 0, 0
        while True:
            manifest = committed_manifest(self.lake, Part(self.interval, file.part_name(place, mark=mark)))
            if manifest is None:
                break
            self.reused.add(manifest.part)
            self.seen.update(manifest.seen)
            yield manifest
            if manifest.goes_on is None:
                return
            place, start = place + 1, manifest.goes_on
        with file.reading(start) as reading:
            for stretch in self._stretches(reading, start, file, mark, place, domains):
                manifest = self._commit(stretch, file, sources, asked if stretch.start == 0 else ())
                self.seen.update(manifest.seen)
                yield manifest

    def _stretches(
        self, reading: RecordReader, start: int, file: SourceFile, mark: str, place: int, domains: Mapping[str, str]
    ) -> Iterator[_Stretch]:
        """The file from `start` on in stretches, each of whole records."""
        stretch = self._begin(file, mark, place, start)
        for record in reading.records():
            if record.offset >= stretch.start + self.settings.ccnews_chunk_bytes:
                stretch.end = stretch.goes_on = record.offset
                yield stretch
                place += 1
                stretch = self._begin(file, mark, place, record.offset)
            self._take(stretch, record, file, domains)
        stretch.end = reading.end()
        yield stretch

    def _begin(self, file: SourceFile, mark: str, place: int, start: int) -> _Stretch:
        self._captures.unlink(missing_ok=True)
        self._captures.touch()
        return _Stretch(Part(self.interval, file.part_name(place, mark=mark)), start)

    @property
    def _captures(self) -> Path:
        return self.folder / "captures.warc.gz"

    def _take(self, stretch: _Stretch, record: WarcRecord, file: SourceFile, domains: Mapping[str, str]) -> None:
        if record.type == "broken":
            log.warning("%s: at %d: %s", file.address, record.offset, record.problem)
            url = f"{file.address}#{record.offset}"  # a broken record states no URL: its place in the file is its URL
            stretch.outcomes[url] = Outcome(url, "page", "rejected", via=self.warc_source.via, reason="broken")
            return
        url = record.url or ""
        source_id = domains.get(registered_domain(url)) if url.startswith(("http://", "https://")) else None
        if record.type not in PAGE_RECORDS or source_id is None or record.at is None or url in stretch.outcomes or self.erased.holds(url):
            return
        outcome = Outcome(
            url, "page", "captured", source_id, self.warc_source.via, status=record.status, bytes=len(record.block), at=record.at
        )
        verdict, reason = record_verdict(record)
        if media_type(record).startswith("image/"):
            verdict, reason = "rejected", "wrongType"
        if verdict == "captured" and _digest(url) in self.seen:
            verdict = "duplicate"
        if verdict == "captured":
            with self._captures.open("ab") as captures:
                outcome = replace(outcome, offset=CaptureWriter(captures).write_copy(record))
            stretch.pages[url] = PageCapture(Entry(url, source_id, self.warc_source.via), outcome.offset or 0)
            self.seen.add(_digest(url))
        stretch.outcomes[url] = replace(outcome, verdict=verdict, reason=reason)

    def _commit(self, stretch: _Stretch, file: SourceFile, sources: Sequence[Source], asked: Sequence[Outcome]) -> Manifest:
        address = f"{file.address}#bytes={stretch.start}-{stretch.end - 1}"
        outcomes = [*asked, Outcome(address, "listing", "captured", bytes=stretch.end - stretch.start, at=self.clock.now())]
        if asked:
            with self._captures.open("ab") as captures:
                outcomes += write_robots(CaptureWriter(captures), self.fetcher.robots_answers)
        outcomes += stretch.outcomes.values()
        contents = PartContents(
            outcomes,
            stretch.pages.values(),
            taken=self.past.taken,
            order=self.past.order,
            origins={source.id: self.warc_source.via for source in sources},
            goes_on=stretch.goes_on,
        )
        manifest = commit_part(self.lake, stretch.part, self._captures, contents, check=self.check)
        pages = counted(len(stretch.pages), "page")
        log.info("%s: %s in %d octets from offset %d", file.address, pages, stretch.end - stretch.start, stretch.start)
        return manifest


def _digest(url: str) -> str:
    try:
        return url_digest(url)
    except ValueError:
        return url
