"""The capture stage: fetches one part of one interval and commits the exchanges as WARC records with a manifest.

The feeds of the part's sources are fetched in parallel. Their entries are divided so that each URL is fetched once. Then the pages are
fetched with their lead images and AMP pages, all sources in parallel. Each source writes a WARC file of its own (a segment); the segments
are joined in the order of the sources, so that the file of the part does not depend on which thread was first. Writing the manifest, the
last write, commits the part. A part that has a manifest is never fetched again, and a second process waits for the one that captures the
part.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from pipeline.capture.earlier_captures import EarlierCaptures, read_earlier_captures, robots_reader
from pipeline.capture.host_declarations import ask_hosts, robots_declarations
from pipeline.capture.part_commits import PartContents, commit_part, report_once
from pipeline.capture.past.kept_documents import KeptDocuments
from pipeline.capture.past.kept_robots import KeptRobots
from pipeline.capture.past.origins import find_past_entries
from pipeline.capture.probes import PageReader, page_reader
from pipeline.capture.segments import Segment, join_segments
from pipeline.capture.source_sessions import SourceSession, capture_page, poll_feed, poll_section, poll_sitemap
from pipeline.core.catalogue import Catalogue, Source
from pipeline.core.models import CaptureReport, Clock, Entry, Interval, Origin, Outcome, Part
from pipeline.core.settings import Settings
from pipeline.discovery.entries import SourceListing, choose_entries, digest_of, interleaved
from pipeline.discovery.health.findings import UNREACHED, feed_findings
from pipeline.discovery.polling import wait_s
from pipeline.fetching.fetcher import Fetcher
from pipeline.lake.archives.warc import WRITE_BUFFER, CaptureWriter
from pipeline.lake.locks import Check
from pipeline.lake.manifests import FeedState, HostDeclaration, Manifest, PageCapture, Pending
from pipeline.lake.removals.erased_providers import read_erased
from pipeline.lake.removals.erasures import ErasedDomains
from pipeline.lake.scratch_folders import scratch_folder
from pipeline.lake.storage import Lake
from pipeline.text.counts import counted

log = logging.getLogger(__name__)

Item = TypeVar("Item")
Result = TypeVar("Result")

TAKEN_AROUND = timedelta(hours=24)
"""Time before and after a past hour within which its articles may be dated: publishers state days without times, in their own zones."""
REFETCH_AGE = timedelta(hours=1)
"""Age up to which a refetch of a past interval reuses kept listings. A plain choice: all hours of one backfill share them."""


@dataclass(frozen=True, slots=True)
class PastCapture:
    """How a past interval is captured.

    `order` names the origins that may be asked; `taken` is the half-open range of published dates whose articles are kept; with
    `is_refetch` every page is fetched again, even one that the lake has.
    """

    order: tuple[Origin, ...]
    taken: tuple[datetime, datetime]
    is_refetch: bool = False

    def documents_since(self, interval: Interval, *, now: datetime) -> datetime:
        """The earliest time at which a kept listing may have been fetched: it must be complete for `interval`, and recent in a refetch."""
        return max(interval.end, now - REFETCH_AGE) if self.is_refetch else interval.end


def default_taken_range(interval: Interval) -> tuple[datetime, datetime]:
    """The half-open range of published dates that is captured when the caller names none: `TAKEN_AROUND` the hour."""
    return interval.start - TAKEN_AROUND, interval.end + TAKEN_AROUND


@dataclass(frozen=True, slots=True)
class _Poll:
    """A source's feeds after their polls; for a past interval also the origin that listed its articles."""

    source: Source
    states: tuple[FeedState, ...]
    entries: tuple[Entry, ...]
    segment: Segment
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class _CapturedPages:
    """A source's pages after their fetches, and the entries to try again in a later interval."""

    segment: Segment
    pending: tuple[Pending, ...] = ()
    paces_s: Mapping[str, float] = field(default_factory=dict)
    """Root URL of each host that served the pages to the source's seconds between requests."""


def capture_part(
    lake: Lake,
    settings: Settings,
    catalogue: Catalogue,
    part: Part,
    *,
    clock: Clock,
    past: PastCapture | None = None,
    only_due: bool = False,
) -> CaptureReport:
    """Capture the part's sources, or report the captures that are already there.

    Without `past` the interval has just ended: validators are sent and every new entry is fetched. For a past interval only entries dated
    inside it are fetched, from the first origin that lists it. With `only_due` a live interval polls only the feeds that are due.

    One process at a time captures a part; a second one waits and reports what the first committed.

    Raises StorageError, BusyError when the wait took too long, TransientError when the worker processes died. A fault of
    one source or entry is recorded as an outcome.
    """

    def reuse(manifest: Manifest) -> CaptureReport:
        log.info("%s part %s: captured before; no request is sent", part.interval.key, part.name)
        return _with_warnings(report_of(manifest, is_reused=True), manifest, {}, now=clock.now())

    def make(check: Check) -> CaptureReport:
        return _captured(lake, settings, catalogue, part, clock, past, only_due=only_due, check=check)

    return report_once(lake, part, make, reuse, what=f"the capture of {part.interval.key} part {part.name}")


def _captured(
    lake: Lake,
    settings: Settings,
    catalogue: Catalogue,
    part: Part,
    clock: Clock,
    past: PastCapture | None,
    *,
    only_due: bool,
    check: Check,
) -> CaptureReport:
    erased = read_erased(lake)
    sources = [one for one in catalogue.sources if one.id in part.source_ids and not any(erased.holds(url) for url in one.listings)]
    earlier = read_earlier_captures(lake, part.interval, days=settings.seen_days, is_live=past is None)
    if past is not None and past.is_refetch:
        earlier = replace(earlier, seen=frozenset())
    known_robots = robots_reader(lake, earlier, now=clock.now())
    kept = KeptRobots(lake, past.documents_since(part.interval, now=clock.now()), clock) if past is not None else None
    with (
        scratch_folder("capture") as folder,
        Fetcher(settings, clock=clock, known_robots=known_robots, keep_robots=kept.answer if kept is not None else None) as fetcher,
        page_reader(settings) as reader,
    ):
        work = _PartCapture(
            lake, settings, catalogue, part, clock, fetcher, reader, folder, past, erased, check, only_due=only_due and past is None
        )
        manifest = work.run(sources, earlier)
    return _with_warnings(report_of(manifest, is_reused=False), manifest, earlier.news, now=clock.now())


def _with_warnings(report: CaptureReport, manifest: Manifest, news: Mapping[str, Sequence[datetime]], *, now: datetime) -> CaptureReport:
    found = feed_findings(manifest.feeds, now=now, news=news)
    unserved = tuple(unserved_warning(source, manifest.interval) for source in manifest.unserved)
    return replace(report, warnings=(*(f"{finding.source_id}: {finding.url} {finding.text}" for finding in found), *unserved))


def unserved_warning(source_id: str, interval: str) -> str:
    """The warning that no origin has the source's pages of the interval."""
    return f"{source_id}: no origin reaches back to {interval}"


@dataclass(frozen=True, slots=True)
class _PartCapture:
    """The capture of one part."""

    lake: Lake
    settings: Settings
    catalogue: Catalogue
    part: Part
    clock: Clock
    fetcher: Fetcher
    reader: PageReader
    folder: Path
    past: PastCapture | None
    erased: ErasedDomains
    check: Check
    only_due: bool

    def run(self, sources: Sequence[Source], earlier: EarlierCaptures) -> Manifest:
        if self.past is None:
            polls = self._side_by_side_by_wait(lambda source: self._poll(source, earlier), sources, earlier)
        else:
            polls = self._list_past(sources, self.past)
        chosen = choose_entries(
            [self._listing(poll) for poll in polls],
            seen=earlier.seen,
            interval=self.part.interval,
            is_live=self.past is None,
            max_per_source=self.settings.max_entries_per_source,
        )
        captured = self._side_by_side(lambda source: self._capture_pages(source, chosen.chosen[source.id], chosen.listed_by), sources)
        paces_s = {root: pace_s for one in captured for root, pace_s in one.paces_s.items()}
        segment, declared = ask_hosts(
            self.fetcher, paces_s, earlier, self.folder / "hosts.warc.gz", now=self.clock.now(), threads=self.settings.fetch_threads
        )
        return self._commit(polls, captured, chosen.outcomes, segment, (*robots_declarations(self.fetcher, earlier), *declared))

    def _side_by_side(self, work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
        with ThreadPoolExecutor(max_workers=max(1, min(self.settings.fetch_threads, len(items)))) as pool:
            return list(pool.map(work, items))

    def _side_by_side_by_wait(self, work: Callable[[Source], Result], sources: Sequence[Source], earlier: EarlierCaptures) -> list[Result]:
        """Work on the sources that are due first: one that must wait would hold a thread. The results are in the order of `sources`."""
        waits = [max((self._wait_s(earlier.feeds.get(url)) for url in source.listings), default=0.0) for source in sources]
        order = sorted(range(len(sources)), key=lambda number: waits[number])
        results = dict(zip(order, self._side_by_side(work, [sources[number] for number in order]), strict=True))
        return [results[number] for number in range(len(sources))]

    def _wait_s(self, before: FeedState | None) -> float:
        """Seconds until the feed may be polled."""
        return wait_s(before.schedule, now=self.clock.now()) if self.only_due and before is not None else 0.0

    def _segment_path(self, phase: str, source: Source) -> Path:
        return self.folder / f"{phase}-{source.id}.warc.gz"

    def _session(self, file: CaptureWriter, source: Source) -> SourceSession:
        return SourceSession(self.fetcher, file, source, self.settings, self.clock, self.catalogue.scoring.images.min_side, self.reader)

    def _list_past(self, sources: Sequence[Source], past: PastCapture) -> list[_Poll]:
        """The entries that the origins list for a past interval. Feed states are not kept, so that other entries stay new."""
        since = past.documents_since(self.part.interval, now=self.clock.now())
        documents = KeptDocuments(self.lake, since, self.settings.max_feed_bytes)

        def list_source(source: Source) -> _Poll:
            path = self._segment_path("feeds", source)
            with path.open("wb", WRITE_BUFFER) as file:
                session = self._session(CaptureWriter(file), source)
                found = find_past_entries(session, documents, self.part.interval, order=past.order)
            origin = found.origin or "no origin: none reaches back so far"
            log.info("%s: %s, from %s", source.id, counted(len(found.entries), "entry", "entries"), origin)
            segment = Segment(path, tuple(session.outcomes))
            return _Poll(source, found.states, (*found.entries, *found.others), segment, found.origin)

        return self._side_by_side(list_source, sources)

    def _poll(self, source: Source, earlier: EarlierCaptures) -> _Poll:
        states: list[FeedState] = []
        entries: list[Entry] = []
        since = self.part.interval.start - timedelta(days=self.settings.sitemap_days)
        path = self._segment_path("feeds", source)
        with path.open("wb", WRITE_BUFFER) as file:
            session = self._session(CaptureWriter(file), source)
            for url in source.listings:
                before = earlier.feeds.get(url)
                delay_s = self._wait_s(before)
                if before is not None and delay_s > self.settings.poll_patience_s:
                    states.append(replace(before, new=0, is_carried=True))
                    continue
                if delay_s > 0:
                    self.clock.sleep(delay_s)
                if url in source.sections:
                    state, listed = poll_section(session, url, before)
                elif url in source.feeds:
                    state, listed = poll_feed(session, url, before)
                else:
                    state, listed = poll_sitemap(session, url, before, since=since)
                states.append(state)
                entries.extend(listed)
        results = ", ".join("not due" if state.is_carried else state.reason or state.verdict for state in states)
        log.info("%s: %s, %s", source.id, results, counted(len(entries), "entry", "entries"))
        return _Poll(source, tuple(states), tuple(entries), Segment(path, tuple(session.outcomes)))

    def _listing(self, poll: _Poll) -> SourceListing:
        """The source's pending and listed entries, without pages of erased providers."""
        pending = {one.entry.url: one for state in poll.states for one in state.pending if not self.erased.holds(one.entry.url)}
        return SourceListing(poll.source.id, tuple(pending.values()), tuple(one for one in poll.entries if not self.erased.holds(one.url)))

    def _capture_pages(self, source: Source, chosen: Sequence[Pending], listed_by: Mapping[str, tuple[str, ...]]) -> _CapturedPages:
        pages: list[PageCapture] = []
        pending: list[Pending] = []
        path = self._segment_path("pages", source)
        with path.open("wb", WRITE_BUFFER) as file:
            session = self._session(CaptureWriter(file), source)
            for candidate in interleaved(chosen):
                listings = listed_by.get(digest_of(candidate.entry), ())
                page, is_transient = capture_page(session, candidate.entry, listed_by=listings)
                if page is not None:
                    pages.append(page)
                elif is_transient and candidate.attempts + 1 < self.settings.max_attempts:
                    pending.append(Pending(candidate.entry, candidate.attempts + 1))
        if chosen:
            log.info("%s: %d of %s captured", source.id, len(pages), counted(len(chosen), "page"))
        paces_s = dict.fromkeys(session.hosts, source.pace_s)
        return _CapturedPages(Segment(path, tuple(session.outcomes), tuple(pages)), tuple(pending), paces_s)

    def _commit(
        self,
        polls: Sequence[_Poll],
        captured: Sequence[_CapturedPages],
        unfetched: Sequence[Outcome],
        hosts: Segment,
        declarations: tuple[HostDeclaration, ...],
    ) -> Manifest:
        """Join the segments and commit the part; `unfetched` are the outcomes of entries that needed no fetch, `hosts` those of hosts."""
        segments = [*(poll.segment for poll in polls), *(one.segment for one in captured), hosts]
        joined = join_segments(self.folder / "captures.warc.gz", segments, at=self.part.interval.end, robots=self.fetcher.robots_answers)
        deferred = {outcome.url for outcome in unfetched if outcome.reason == "deferred"}
        contents = PartContents(
            outcomes=(*joined.outcomes, *unfetched),
            pages=joined.pages,
            sources=tuple(poll.source.id for poll in polls),
            feeds=tuple(state for poll, one in zip(polls, captured, strict=True) for state in _with_pending(poll, one.pending, deferred)),
            taken=self.past.taken if self.past is not None else None,
            order=self.past.order if self.past is not None else (),
            origins={poll.source.id: poll.origin for poll in polls if poll.origin is not None},
            declarations=declarations,
        )
        return commit_part(self.lake, self.part, joined.path, contents, check=self.check)


def report_of(manifest: Manifest, *, is_reused: bool) -> CaptureReport:
    """The report of a committed part.

    A source has failed when it was asked, none of its listings was read or unchanged, and no other origin served it.
    """
    healthy = {state.source_id for state in manifest.feeds if state.verdict in ("captured", "notModified")} | set(manifest.origins)
    failed = {
        state.source_id: f"{state.reason or state.verdict}{f' {state.status}' if state.status else ''}"
        for state in manifest.feeds
        if state.source_id not in healthy and not state.is_carried
    }
    is_answered = any(outcome.status is not None for outcome in manifest.outcomes)
    unreached = {urlsplit(one.url).netloc: one.reason for one in manifest.outcomes if one.reason in UNREACHED} if not is_answered else {}
    return CaptureReport(
        manifest.interval,
        manifest.part,
        manifest.counts,
        manifest.sources,
        failed,
        reused=is_reused,
        unreached=dict(sorted(unreached.items())),
        bytes=manifest.captures_bytes,
    )


def _with_pending(poll: _Poll, unfinished: Sequence[Pending], deferred: set[str]) -> Iterable[FeedState]:
    """The source's feed states; its first one holds all entries that stay pending: those `unfinished`, and those `deferred`, by URL."""
    waiting = {pending.entry.url: pending for pending in unfinished}
    earlier = [pending for state in poll.states for pending in state.pending]
    for pending in [*earlier, *(Pending(entry, 0) for entry in poll.entries)]:
        if pending.entry.url in deferred:
            waiting.setdefault(pending.entry.url, pending)
    for number, state in enumerate(poll.states):
        yield replace(state, pending=tuple(waiting.values()) if number == 0 else ())
