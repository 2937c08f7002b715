"""The revisit stage: pages captured a day and a week ago are asked for again, by conditional GET, into the part `revisit` of an hour.

A page that is as it was (304, or the same payload) leaves a WARC `revisit` record and nothing else; one that differs is captured like any
other and becomes a version of its article; one that its publisher says is gone (404, 410) is noted in the manifest, and extract marks it.
"""

from __future__ import annotations

import hashlib
import logging
import tempfile
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from pipeline.capture.earlier_captures import read_earlier_captures, robots_reader
from pipeline.capture.probes import PageReader, page_reader
from pipeline.capture.revisit_plans import COLUMNS, HORIZON, KnownPage, due_pages
from pipeline.capture.segments import append, moved, moved_page
from pipeline.capture.source_sessions import SourceSession, outcome_of, with_probes
from pipeline.core import schema
from pipeline.core.catalogue import Catalogue, Source
from pipeline.core.errors import WarcError
from pipeline.core.models import REVISIT_PART, Clock, Entry, Exchange, Interval, Outcome, Part, RevisitReport, Validators
from pipeline.core.settings import VERSION, Settings
from pipeline.fetching.fetcher import Fetcher, Target
from pipeline.lake import storage
from pipeline.lake.erased_providers import allowed
from pipeline.lake.ledgers import read_manifest
from pipeline.lake.locks import Check, in_turn, sweep
from pipeline.lake.manifests import GonePage, Manifest, PageCapture, RecordPlace, count, to_json
from pipeline.lake.storage import Lake
from pipeline.lake.warc import CaptureWriter, read_record_at, validators_of

log = logging.getLogger(__name__)

SOFTWARE = f"news-pipeline/{VERSION}"
GONE_STATUSES = frozenset({404, 410})
ROBOTS_DAYS = 1


@dataclass(slots=True)
class _RevisitedPages:
    """What the visits to one source's pages gave; offsets count from the start of the source's own file."""

    pages: list[PageCapture] = field(default_factory=list)
    gone: list[GonePage] = field(default_factory=list)
    outcomes: tuple[Outcome, ...] = ()
    asked: int = 0


def revisit_part(lake: Lake, settings: Settings, catalogue: Catalogue, interval: Interval, *, clock: Clock) -> RevisitReport:
    """Look again at the pages whose time has come, or report what an earlier call of the same hour did.

    The pace of hosts, robots.txt and the bounds are those of any capture. Raises StorageError; single pages end in outcomes.
    """
    part = Part(interval, REVISIT_PART)
    known = _known(lake, part)
    if known is not None:
        return known
    with in_turn(lake, storage.part_lock_path(part), what=f"the revisit of {interval.key}") as check:
        known = _known(lake, part)  # by whom this process waited for
        return known if known is not None else _revisited(lake, settings, catalogue, part, clock, check)


def _known(lake: Lake, part: Part) -> RevisitReport | None:
    """What is said of a part that is committed."""
    if not lake.exists(storage.manifest_path(part)):
        return None
    sweep(lake, storage.part_lock_path(part))
    log.info("%s: pages were revisited before, nothing is asked", part.interval.key)
    return _report(read_manifest(lake, part), is_reused=True)


def _revisited(lake: Lake, settings: Settings, catalogue: Catalogue, part: Part, clock: Clock, check: Check) -> RevisitReport:
    interval, now = part.interval, clock.now()
    followed = allowed(lake, catalogue).enabled_sources
    rows, revisited = _known_versions(lake, interval)
    due = due_pages(rows, revisited, sources=[source.id for source in followed], now=now, max_per_source=settings.max_entries_per_source)
    log.info("%s: %d pages to look at again", interval.key, sum(map(len, due.values())))
    memory = read_earlier_captures(lake, interval, days=ROBOTS_DAYS, is_live=True)
    entries = _entries(lake, [page for pages in due.values() for page in pages])
    with (
        tempfile.TemporaryDirectory(prefix="news-revisit-") as folder,
        Fetcher(settings, clock=clock, known_robots=robots_reader(lake, memory, now=now)) as fetcher,
        page_reader(settings) as reader,
    ):
        work = _RevisitRun(lake, settings, catalogue, part, clock, fetcher, reader, Path(folder), entries, check)
        manifest = work.run([(source, due[source.id]) for source in followed if due[source.id]])
    check()
    lake.write_bytes(storage.manifest_path(part), to_json(manifest))
    return _report(manifest, is_reused=False)


def _known_versions(lake: Lake, interval: Interval) -> tuple[list[dict[str, object]], dict[str, datetime]]:
    """The rows of pages captured within the horizon, and when each URL was last looked at again."""
    recent = [other for other in lake.captured_intervals() if interval.start - HORIZON <= other.start < interval.end]
    parts = [Part(other, name) for other in recent for name in lake.captured_parts(other.key)]
    paths = [path for part in parts if lake.exists(path := storage.extracted_path(part))]
    revisited: dict[str, datetime] = {}
    for part in parts:
        if part.name == REVISIT_PART:
            looks = ((outcome.url, outcome.at) for outcome in read_manifest(lake, part).outcomes if outcome.kind == "page")
            revisited.update((url, at) for url, at in looks if at is not None)
    rows: list[dict[str, object]] = lake.read_rows(paths, None, schema.EXTRACTED, columns=COLUMNS).to_pylist()
    return rows, revisited


def _entries(lake: Lake, pages: Sequence[KnownPage]) -> dict[tuple[str, int], Entry]:
    """By capture file and offset the entries that found the pages: a version is read with what its finder said about the first."""
    files = sorted({page.file for page in pages})
    manifests = ((file, read_manifest(lake, storage.part_of_capture(file))) for file in files)
    return {(file, page.offset): page.entry for file, manifest in manifests for page in manifest.pages}


@dataclass(frozen=True, slots=True)
class _RevisitRun:
    """One part of revisits in the making."""

    lake: Lake
    settings: Settings
    catalogue: Catalogue
    part: Part
    clock: Clock
    fetcher: Fetcher
    reader: PageReader
    folder: Path
    entries: dict[tuple[str, int], Entry]
    check: Check

    def run(self, due: Sequence[tuple[Source, Sequence[KnownPage]]]) -> Manifest:
        with ThreadPoolExecutor(max_workers=max(1, min(self.settings.fetch_threads, len(due)))) as pool:
            harvests = list(pool.map(lambda pair: self._visit(*pair), due))
        return self._commit([source for source, _ in due], harvests)

    def _segment(self, source: Source) -> Path:
        return self.folder / f"{source.id}.warc.gz"

    def _visit(self, source: Source, pages: Sequence[KnownPage]) -> _RevisitedPages:
        harvest = _RevisitedPages()
        with self._segment(source).open("wb") as file:
            writer = CaptureWriter(file)
            session = SourceSession(
                self.fetcher, writer, source, self.settings, self.clock, self.catalogue.scoring.images.min_side, self.reader
            )
            for page in pages:
                self._look(session, page, harvest)
        harvest.outcomes = tuple(session.outcomes)
        log.info("%s: %d pages looked at, %d changed, %d gone", source.id, len(pages), len(harvest.pages), len(harvest.gone))
        return harvest

    def _look(self, session: SourceSession, page: KnownPage, harvest: _RevisitedPages) -> None:
        entry = self.entries.get((page.file, page.offset)) or Entry(page.url, page.source_id, "feed")
        validators = Validators() if page.is_gone else self._validators(page)
        answer = self.fetcher.get(Target(page.url, "page", session.source.pace_s, validators))
        final = answer.final
        is_same = answer.error is None and final is not None and final.status == 200 and _digest(final) == page.payload_digest
        offset = session.writer.write_unchanged(answer) if is_same and not page.is_gone else session.writer.write_answer(answer)
        outcome = outcome_of(answer, "page", source_id=page.source_id, offset=offset, entry=entry)
        if is_same and not page.is_gone:
            outcome = replace(outcome, verdict="notModified")
        session.outcomes.append(outcome)
        if outcome.verdict == "captured" and final is not None and offset is not None:
            captured = PageCapture(entry, offset, replaces=RecordPlace(page.file, page.offset))
            harvest.pages.append(with_probes(session, captured, final, url=final.url))
        elif outcome.status in GONE_STATUSES and final is not None and offset is not None and not page.is_gone:
            harvest.gone.append(GonePage(page.url, final.at, offset, page.file, page.offset))

    def _validators(self, page: KnownPage) -> Validators:
        """Those of the page's last answer; none where its captures are gone."""
        try:
            with self.lake.open(page.file) as file:
                return validators_of(read_record_at(file, page.offset, max_body_bytes=1))
        except (FileNotFoundError, WarcError) as error:
            log.warning("%s: asked without validators: its capture cannot be read: %s", page.url, error)
            return Validators()

    def _commit(self, sources: Sequence[Source], harvests: Sequence[_RevisitedPages]) -> Manifest:
        joined = self.folder / "captures.warc.gz"
        outcomes: list[Outcome] = []
        pages: list[PageCapture] = []
        gone: list[GonePage] = []
        with joined.open("wb") as file:
            self._write_robots(file, outcomes)
            for source, harvest in zip(sources, harvests, strict=True):
                base = append(file, self._segment(source))
                outcomes.extend(moved(outcome, base) for outcome in harvest.outcomes)
                pages.extend(moved_page(page, base) for page in harvest.pages)
                gone.extend(replace(page, offset=page.offset + base) for page in harvest.gone)
        with joined.open("rb") as file_again:
            digest = hashlib.file_digest(file_again, "sha256").hexdigest()
        self.check()
        self.lake.write_file(storage.captures_path(self.part), joined)
        return Manifest(
            interval=self.part.interval.key,
            part=self.part.name,
            software=SOFTWARE,
            sources=(),
            captures_bytes=joined.stat().st_size,
            captures_sha256=digest,
            counts=count(outcomes),
            feeds=(),
            pages=tuple(pages),
            outcomes=tuple(outcomes),
            gone=tuple(gone),
        )

    def _write_robots(self, file: BinaryIO, outcomes: list[Outcome]) -> None:
        writer = CaptureWriter(file)
        writer.write_info(at=self.part.interval.end, software=SOFTWARE)
        outcomes.extend(
            outcome_of(answer, "robots", source_id=None, offset=writer.write_answer(answer)) for answer in self.fetcher.robots_answers
        )


def _report(manifest: Manifest, *, is_reused: bool) -> RevisitReport:
    verdicts = Counter(outcome.verdict for outcome in manifest.outcomes if outcome.kind == "page")
    return RevisitReport(
        interval=manifest.interval,
        asked=sum(verdicts.values()),
        unchanged=verdicts["notModified"],
        changed=len(manifest.pages),
        gone=len(manifest.gone),
        disallowed=verdicts["disallowed"],
        failed=verdicts["failed"] + verdicts["rejected"] - len(manifest.gone),
        reused=is_reused,
    )


def _digest(final: Exchange) -> str:
    return f"sha256:{hashlib.sha256(final.body).hexdigest()}"
