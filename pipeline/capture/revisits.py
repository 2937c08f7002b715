"""The revisit stage: pages captured a day and a week ago are fetched again, by conditional GET, into the part `revisit` of an hour.

An unchanged page (304, or the same payload) leaves a WARC `revisit` record and nothing else. A changed page is captured like any other and
becomes a new version of its article. A page that its publisher removed (404, 410) is recorded in the manifest, and extract marks it.
"""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from pipeline.capture.earlier_captures import EarlierCaptures, read_earlier_captures, robots_reader
from pipeline.capture.host_declarations import known_reservations, robots_declarations
from pipeline.capture.part_commits import PartContents, commit_part, report_once
from pipeline.capture.probes import PageReader, page_reader
from pipeline.capture.revisit_plans import COLUMNS, HORIZON, KnownPage, due_pages
from pipeline.capture.segments import Segment, join_segments
from pipeline.capture.source_sessions import SourceSession, outcome_of, with_probes
from pipeline.core import schema
from pipeline.core.catalogue import Catalogue, Source
from pipeline.core.errors import WarcError
from pipeline.core.models import REVISIT_PART, Clock, Entry, Exchange, Interval, Part, RevisitReport, Validators
from pipeline.core.settings import Settings
from pipeline.fetching.fetcher import Fetcher, Target
from pipeline.lake import storage
from pipeline.lake.archives.warc import CaptureWriter, read_record_at, validators_of
from pipeline.lake.ledgers import read_manifest
from pipeline.lake.locks import Check
from pipeline.lake.manifests import GonePage, Manifest, PageCapture, RecordPlace
from pipeline.lake.removals.erased_providers import without_erased
from pipeline.lake.scratch_folders import scratch_folder
from pipeline.lake.storage import Lake
from pipeline.text.counts import counted

log = logging.getLogger(__name__)

GONE_STATUSES = frozenset({404, 410})
ROBOTS_DAYS = 1
"""Days of manifests that are read for robots.txt and tdmrep.json: an older robots.txt may not be used (RFC 9309, section 2.4)."""


@dataclass(slots=True)
class _RevisitedPages:
    """The changed and the gone pages of one source; offsets count from the start of the source's own WARC file."""

    pages: list[PageCapture] = field(default_factory=list)
    gone: list[GonePage] = field(default_factory=list)


def revisit_part(lake: Lake, settings: Settings, catalogue: Catalogue, interval: Interval, *, clock: Clock) -> RevisitReport:
    """Fetch again the pages that are due in `interval`, or report what an earlier call for the same hour committed.

    The pace of hosts, robots.txt and the bounds are those of any capture. Raises StorageError, BusyError when another process revisits the
    hour and does not finish in time. A fault of one page is recorded as an outcome.
    """
    part = Part(interval, REVISIT_PART)

    def reuse(manifest: Manifest) -> RevisitReport:
        log.info("%s: pages were revisited before; no request is sent", interval.key)
        return _report(manifest, is_reused=True)

    def make(check: Check) -> RevisitReport:
        return _report(_revisited(lake, settings, catalogue, part, clock, check), is_reused=False)

    return report_once(lake, part, make, reuse, what=f"the revisit of {interval.key}")


def _revisited(lake: Lake, settings: Settings, catalogue: Catalogue, part: Part, clock: Clock, check: Check) -> Manifest:
    interval, now = part.interval, clock.now()
    followed = without_erased(lake, catalogue).enabled_sources
    rows, revisited = _known_versions(lake, interval)
    due = due_pages(rows, revisited, sources=[source.id for source in followed], now=now, max_per_source=settings.max_entries_per_source)
    log.info("%s: %s to revisit", interval.key, counted(sum(map(len, due.values())), "page"))
    earlier = read_earlier_captures(lake, interval, days=ROBOTS_DAYS, is_live=True)
    entries = _entries(lake, [page for pages in due.values() for page in pages])
    with (
        scratch_folder("revisit") as folder,
        Fetcher(settings, clock=clock, known_robots=robots_reader(lake, earlier, now=now)) as fetcher,
        page_reader(settings) as reader,
    ):
        work = _RevisitRun(lake, settings, catalogue, part, clock, fetcher, reader, folder, entries, check)
        return work.run(earlier, [(source, due[source.id]) for source in followed if due[source.id]])


def _known_versions(lake: Lake, interval: Interval) -> tuple[list[dict[str, object]], dict[str, datetime]]:
    """The `extracted` rows of pages captured within `HORIZON` before `interval`, and when each URL was last revisited."""
    parts = storage.committed_parts(file.path for file in lake.manifests_between(interval.start - HORIZON, interval.end))
    paths = [path for part in parts if lake.exists(path := storage.extracted_path(part))]
    revisited: dict[str, datetime] = {}
    for part in parts:
        if part.name == REVISIT_PART:
            looks = ((outcome.url, outcome.at) for outcome in read_manifest(lake, part).outcomes if outcome.kind == "page")
            revisited.update((url, at) for url, at in looks if at is not None)
    rows: list[dict[str, object]] = lake.read_rows(paths, None, schema.EXTRACTED, columns=COLUMNS).to_pylist()
    return rows, revisited


def _entries(lake: Lake, pages: Sequence[KnownPage]) -> dict[tuple[str, int], Entry]:
    """The listing entries of the pages by capture file and offset: a new version is extracted with the entry of the first one."""
    files = sorted({page.file for page in pages})
    manifests = ((file, read_manifest(lake, storage.part_of_capture(file))) for file in files)
    return {(file, page.offset): page.entry for file, manifest in manifests for page in manifest.pages}


@dataclass(frozen=True, slots=True)
class _RevisitRun:
    """The revisits of one part."""

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

    def run(self, earlier: EarlierCaptures, due: Sequence[tuple[Source, Sequence[KnownPage]]]) -> Manifest:
        with ThreadPoolExecutor(max_workers=max(1, min(self.settings.fetch_threads, len(due)))) as pool:
            segments = list(pool.map(lambda pair: self._revisit_source(*pair), due))
        joined = join_segments(self.folder / "captures.warc.gz", segments, at=self.part.interval.end, robots=self.fetcher.robots_answers)
        declarations = (*robots_declarations(self.fetcher, earlier), *known_reservations(self.fetcher, earlier))
        contents = PartContents(joined.outcomes, joined.pages, joined.gone, declarations=declarations)
        return commit_part(self.lake, self.part, joined.path, contents, check=self.check)

    def _revisit_source(self, source: Source, pages: Sequence[KnownPage]) -> Segment:
        found = _RevisitedPages()
        path = self.folder / f"{source.id}.warc.gz"
        with path.open("wb") as file:
            writer = CaptureWriter(file)
            session = SourceSession(
                self.fetcher, writer, source, self.settings, self.clock, self.catalogue.scoring.images.min_side, self.reader
            )
            for page in pages:
                self._revisit_page(session, page, found)
        log.info("%s: %s revisited, %d changed, %d gone", source.id, counted(len(pages), "page"), len(found.pages), len(found.gone))
        return Segment(path, tuple(session.outcomes), tuple(found.pages), tuple(found.gone))

    def _revisit_page(self, session: SourceSession, page: KnownPage, found: _RevisitedPages) -> None:
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
            found.pages.append(with_probes(session, captured, final, url=final.url))
        elif outcome.status in GONE_STATUSES and final is not None and offset is not None and not page.is_gone:
            found.gone.append(GonePage(page.url, final.at, offset, page.file, page.offset))

    def _validators(self, page: KnownPage) -> Validators:
        """The validators of the page's last answer; empty when its capture cannot be read."""
        try:
            with self.lake.open(page.file) as file:
                return validators_of(read_record_at(file, page.offset, max_body_bytes=1))
        except (FileNotFoundError, WarcError) as error:
            log.warning("%s: fetched without validators, because its capture cannot be read: %s", page.url, error)
            return Validators()


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
