"""The import stage: turns WARC, ARC and WACZ files of any origin into captures of the lake, without network.

A file is read record by record. Each record goes to the interval of its own WARC-Date, into a part named after the file's digest. An
interval with many records is split into several parts, so that memory does not grow with the file. Importing the
same file again finds its parts committed and changes nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from pipeline.capture.part_commits import PartContents, commit_part, committed_manifest, without_lock
from pipeline.capture.probes import PageReader, page_reader
from pipeline.core.catalogue import Catalogue
from pipeline.core.models import Entry, Interval, Outcome, Part, Verdict
from pipeline.core.settings import Settings
from pipeline.lake.archives.files import open_archive
from pipeline.lake.archives.warc import CaptureWriter, WarcRecord, capture_of, read_record_at
from pipeline.lake.manifests import PageCapture, Probe, count_outcomes
from pipeline.lake.removals.erased_providers import read_erased
from pipeline.lake.scratch_folders import scratch_folder
from pipeline.lake.storage import Lake
from pipeline.text.counts import counted
from pipeline.text.urls import registered_domain

log = logging.getLogger(__name__)

PAGE_RECORDS = frozenset({"response", "resource"})
HTML_TYPES = ("text/html", "application/xhtml+xml")
PROGRESS_EVERY = 1_000
"""Records between two log messages. A plain choice."""
MAX_RECORDS = 2_000
"""Records of one part; an interval with more has several parts. A plain choice: it bounds memory and what a killed import repeats."""
PACKERS = 2
"""Threads that compress records. A plain choice."""
READ_AHEAD = 4
"""Records that are compressed ahead, and so in memory, while the next one is read. A plain choice."""
MAX_HELD = 10_000
"""Uncommitted records of all intervals after which the largest draft is committed: a record takes about 3 kB, so 30 MB in all."""


@dataclass(slots=True)
class _Draft:
    """The uncommitted part of one interval, to which records are added."""

    interval: Interval
    name: str
    """The name of the interval's first part."""
    path: Path
    place: int = 0
    is_known: bool = True
    """Whether every part so far was imported before."""
    is_over: bool = False
    """Whether an earlier import of the file committed the last part of the interval, so that nothing is left to commit."""
    parts: list[Part] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    pages: dict[str, PageCapture] = field(default_factory=dict)
    images: dict[str, int] = field(default_factory=dict)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    repeated: int = 0

    @property
    def part(self) -> Part:
        return Part(self.interval, f"{self.name}-{self.place}" if self.place else self.name)


class _LastFile:
    """Appends to the files of the drafts and keeps the last one open, because neighbouring records mostly belong to the same hour."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._open = contextlib.ExitStack()

    def append(self, path: Path, packed: bytes) -> int:
        """Append a record to the file at `path`; returns the offset of the record."""
        if path != self._path:
            self.close()
            self._writer = CaptureWriter(self._open.enter_context(path.open("ab")))
            self._path = path
        return self._writer.write_member(packed)

    def close(self) -> None:
        self._open.close()
        self._path = None


@dataclass(frozen=True, slots=True)
class ImportReport:
    """The result for one file: its parts, number of outcomes by `kind.verdict`, number of records without a page (requests, metadata)."""

    file: str
    parts: tuple[Part, ...]
    counts: Mapping[str, int]
    other_records: int
    problem: str | None = None
    """What is wrong with the file, None when nothing is; records after the damage are imported if they can be found."""
    is_known: bool = False
    """Whether every part of the file was imported before."""


def import_file(lake: Lake, settings: Settings, catalogue: Catalogue, path: Path) -> ImportReport:
    """Import one file.

    Raises WarcError when it is no web archive, FileNotFoundError, StorageError, and TransientError when the workers died: what is
    committed stays, and the next import continues after it.
    """
    with path.open("rb") as file:
        name = f"warc-{hashlib.file_digest(file, 'sha256').hexdigest()[:12]}"
    sources = {registered_domain(feed): source.id for source in reversed(catalogue.sources) for feed in source.listings}
    erased = read_erased(lake)
    others = 0
    problem: str | None = None
    latest: _Draft | None = None
    held = 0
    drafts: dict[Interval, _Draft] = {}
    counts: Counter[str] = Counter()
    last = _LastFile()
    with scratch_folder("import") as folder, page_reader(settings) as reader, contextlib.closing(last):
        for number, (record, packed) in enumerate(_packing(_records(path, settings)), start=1):
            if record.type == "broken":
                problem = record.problem
                if latest is None:
                    counts["page.rejected"] += 1
                else:  # a broken record states no URL and no date: its place in the file is its URL
                    url = f"{name}#{record.offset}"
                    held += url not in latest.outcomes
                    latest.outcomes[url] = Outcome(url, "page", "rejected", via="warc", reason="broken")
            elif record.type not in PAGE_RECORDS or record.url is None or not record.url.startswith(("http://", "https://")):
                others += 1
            elif erased.holds(record.url):
                counts["page.erased"] += 1
            elif record.at is None:
                counts["page.rejected"] += 1
                log.warning("%s: the record at offset %d is left out, because it has no WARC-Date", path.name, record.offset)
            else:
                interval = Interval.containing(record.at)
                if interval not in drafts:
                    drafts[interval] = _Draft(interval, name, folder / f"{interval.key}.warc.gz")
                latest = drafts[interval]
                if len(latest.outcomes) >= MAX_RECORDS:
                    held -= len(latest.outcomes)
                    last.close()
                    _commit(lake, latest, settings, reader, goes_on=record.offset)
                elif held >= MAX_HELD:
                    largest = max(drafts.values(), key=lambda draft: (len(draft.outcomes), draft.interval))
                    held -= len(largest.outcomes)
                    last.close()
                    _commit(lake, largest, settings, reader, goes_on=record.offset)
                held -= len(latest.outcomes)
                _take(latest, record, packed, last, source_id=sources.get(registered_domain(record.url)))
                held += len(latest.outcomes)
            if number % PROGRESS_EVERY == 0:
                log.info("%s: %s read", path.name, counted(number, "record"))
        last.close()
        for draft in drafts.values():
            if draft.outcomes or not draft.parts:
                _commit(lake, draft, settings, reader, goes_on=None)
            counts.update(draft.counts)
    is_known = bool(drafts) and all(draft.is_known for draft in drafts.values())
    parts = tuple(part for interval in sorted(drafts) for part in drafts[interval].parts)
    return ImportReport(str(path), parts, dict(sorted((+counts).items())), others, problem, is_known)


def _records(path: Path, settings: Settings) -> Iterator[WarcRecord]:
    with open_archive(path) as archive:
        yield from archive.records(max_body_bytes=max(settings.max_page_bytes, settings.max_image_bytes), keep_members=True)


def _packing(records: Iterable[WarcRecord]) -> Iterator[tuple[WarcRecord, Future[bytes] | None]]:
    """The records in their order; a record to be kept comes with its compressed capture, made by threads while others are read."""
    with ThreadPoolExecutor(PACKERS) as pool:
        ahead: deque[tuple[WarcRecord, Future[bytes] | None]] = deque()
        for record in records:
            can_be_kept = record.type in PAGE_RECORDS and record.url and record.at and record_verdict(record)[0] == "captured"
            ahead.append((record, pool.submit(capture_of, record) if can_be_kept else None))
            if len(ahead) > READ_AHEAD:
                yield ahead.popleft()
        yield from ahead


def _take(draft: _Draft, record: WarcRecord, packed: Future[bytes] | None, file: _LastFile, *, source_id: str | None) -> None:
    """Add the record's outcome to the draft, and the record itself where it is a page or a picture."""
    url = record.url or ""
    if url in draft.outcomes:
        draft.repeated += 1
        return
    verdict, reason = record_verdict(record)
    offset = file.append(draft.path, packed.result()) if packed is not None else None
    kind = "image" if media_type(record).startswith("image/") else "page"
    draft.outcomes[url] = Outcome(
        url=url,
        kind="image" if kind == "image" else "page",
        verdict=verdict,
        reason=reason,
        source_id=source_id,
        via="warc",
        status=record.status,
        bytes=len(record.block),
        offset=offset,
        at=record.at,
    )
    if offset is not None and kind == "image":
        draft.images[url] = offset
    elif offset is not None:
        draft.pages[url] = PageCapture(Entry(url=url, source_id=source_id, via="warc"), offset)


def media_type(record: WarcRecord) -> str:
    """The media type that the record's Content-Type declares, in lower case and without parameters; empty when it declares none."""
    return (record.content_type or "").partition(";")[0].strip().lower()


def record_verdict(record: WarcRecord) -> tuple[Verdict, str | None]:
    """`captured` for a record with a page or a picture that can be read; else another verdict with its reason."""
    if record.problem is not None:
        return "rejected", "broken"
    if record.status is not None and record.status != 200:
        return "failed", "status"
    if record.is_cut:
        return "rejected", "tooLarge"
    declared = media_type(record)
    is_html = declared in HTML_TYPES or (not declared and record.body.lstrip()[:1] == b"<")
    return ("captured", None) if is_html or declared.startswith("image/") else ("rejected", "wrongType")


def _commit(lake: Lake, draft: _Draft, settings: Settings, reader: PageReader, *, goes_on: int | None) -> None:
    """Commit the draft's records as its next part, unless an earlier import did, and empty the draft.

    `goes_on` is the offset in the imported file at which the interval's next part begins, None for the last one.
    """
    draft.counts.update({**count_outcomes(draft.outcomes.values()), "page.repeated": draft.repeated})
    if not draft.is_over:
        part = draft.part
        draft.parts.append(part)
        committed = committed_manifest(lake, part)
        if committed is not None:
            log.info("%s part %s: imported before; nothing is written", part.interval.key, part.name)
            draft.is_over = committed.goes_on is None
        else:
            draft.is_known = False
            draft.path.touch()
            contents = PartContents(draft.outcomes.values(), _with_images(draft, settings, reader), goes_on=goes_on)
            commit_part(lake, part, draft.path, contents, check=without_lock)
    draft.place += 1
    draft.path.unlink(missing_ok=True)
    draft.repeated = 0
    for held in (draft.pages, draft.images, draft.outcomes):
        held.clear()


def _with_images(draft: _Draft, settings: Settings, reader: PageReader) -> Iterator[PageCapture]:
    """The draft's pages, each with those of its lead pictures that the draft's file holds."""
    if not draft.images:
        yield from draft.pages.values()
        return
    with draft.path.open("rb") as file:
        for page in draft.pages.values():
            record = read_record_at(file, page.offset, max_body_bytes=settings.max_page_bytes)
            resources = reader.resources_of(record.body, url=page.entry.url, content_type=record.content_type, entry=page.entry)
            probes = tuple(Probe(url, offset=draft.images[url]) for url in resources.pictures if url in draft.images)
            yield replace(page, images=probes, unprobed=resources.problem)
