"""The capture stage: the only one that meets the network.

One part of one interval: its sources' feeds are fetched side by side, their entries shared out so that a URL is fetched once, then the
pages with their lead pictures and AMP pages, source by source side by side. Each source writes its exchanges into a file of its own; the
files are joined in the order of the sources, so that the WARC does not depend on which thread was first. The manifest is written last:
it is the commit. Where one is already there, nothing is fetched, and who comes while it is made waits for it.
"""

from __future__ import annotations

import hashlib
import logging
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from pipeline.capture.earlier_captures import EarlierCaptures, read_earlier_captures, robots_reader
from pipeline.capture.past.kept_documents import KeptDocuments
from pipeline.capture.past.origins import find_past_entries
from pipeline.capture.probes import PageReader, page_reader
from pipeline.capture.segments import append, moved, moved_page
from pipeline.capture.source_sessions import SourceSession, capture_page, outcome_of, poll_feed, poll_sitemap
from pipeline.core.catalogue import Catalogue, Source
from pipeline.core.models import CaptureReport, Clock, Entry, Interval, Origin, Outcome, Part
from pipeline.core.settings import VERSION, Settings
from pipeline.discovery.entries import SourceListing, choose_entries, digest_of, interleaved
from pipeline.discovery.polling import wait_s
from pipeline.discovery.source_health import findings
from pipeline.fetching.fetcher import Fetcher
from pipeline.lake import storage
from pipeline.lake.erased_providers import erased_of
from pipeline.lake.erasures import Erased
from pipeline.lake.locks import Check, in_turn, sweep
from pipeline.lake.manifests import FeedState, Manifest, PageCapture, Pending, count, from_json, to_json
from pipeline.lake.storage import Lake
from pipeline.lake.warc import WRITE_BUFFER, CaptureWriter

log = logging.getLogger(__name__)

SOFTWARE = f"news-pipeline/{VERSION}"

Item = TypeVar("Item")
Result = TypeVar("Result")


TAKEN_AROUND = timedelta(hours=24)
"""What a past hour lists may be published a day before or after it: publishers state days without times, in their own zones."""
REFETCH_AGE = timedelta(hours=1)
"""Captured anew, a past interval reads listings that are at most so old."""


@dataclass(frozen=True, slots=True)
class PastCapture:
    """How a past interval is captured.

    `order` are the origins that may be asked; `taken` is the half-open range of published dates that is taken in; with `is_refetch`
    everything is asked for again, whatever is there.
    """

    order: tuple[Origin, ...]
    taken: tuple[datetime, datetime]
    is_refetch: bool = False

    def documents_since(self, interval: Interval, *, now: datetime) -> datetime:
        """From when on a listing tells all of `interval`."""
        return max(interval.end, now - REFETCH_AGE) if self.is_refetch else interval.end


def default_taken_range(interval: Interval) -> tuple[datetime, datetime]:
    """The published dates that are taken in when nobody says which."""
    return interval.start - TAKEN_AROUND, interval.end + TAKEN_AROUND


@dataclass(frozen=True, slots=True)
class _Poll:
    """A source's feeds after their polls; of a past interval, the origin that served it."""

    source: Source
    states: tuple[FeedState, ...]
    entries: tuple[Entry, ...]
    outcomes: tuple[Outcome, ...]
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class _CapturedPages:
    """A source's pages after their fetches; offsets count from the start of the source's own file."""

    pages: tuple[PageCapture, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    pending: tuple[Pending, ...] = ()


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

    Without `past` the interval has just ended: validators are sent and every new entry is taken. A past interval takes only entries
    dated inside it, from the first origin that has it. With `only_due` a live interval asks the feeds whose time has come, else all.

    One process at a time captures a part; another one waits and reports what the first has committed.

    Raises StorageError, BusyError when it was waited for in vain, TransientError when the workers died; single sources and entries end in
    outcomes.
    """
    known = _known(lake, part, clock)
    if known is not None:
        return known
    with in_turn(lake, storage.part_lock_path(part), what=f"the capture of {part.interval.key} part {part.name}") as check:
        known = _known(lake, part, clock)  # by whom this process waited for
        return known if known is not None else _captured(lake, settings, catalogue, part, clock, past, only_due=only_due, check=check)


def _known(lake: Lake, part: Part, clock: Clock) -> CaptureReport | None:
    """What is said of a part that is committed."""
    path = storage.manifest_path(part)
    if not lake.exists(path):
        return None
    sweep(lake, storage.part_lock_path(part))
    log.info("%s part %s: captured before, nothing is fetched", part.interval.key, part.name)
    manifest = from_json(lake.read_bytes(path), path=path)
    return _with_warnings(report_of(manifest, is_reused=True), manifest, {}, now=clock.now())


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
    erased = erased_of(lake)
    sources = [one for one in catalogue.sources if one.id in part.source_ids and not any(erased.holds(url) for url in one.listings)]
    earlier = read_earlier_captures(lake, part.interval, days=settings.seen_days, is_live=past is None)
    if past is not None and past.is_refetch:
        earlier = replace(earlier, seen=frozenset())
    known_robots = robots_reader(lake, earlier, now=clock.now())
    with (
        tempfile.TemporaryDirectory(prefix="news-capture-") as folder,
        Fetcher(settings, clock=clock, known_robots=known_robots) as fetcher,
        page_reader(settings) as reader,
    ):
        work = _PartCapture(
            lake, settings, catalogue, part, clock, fetcher, reader, Path(folder), past, erased, check, only_due=only_due and past is None
        )
        manifest = work.run(sources, earlier)
    check()
    lake.write_bytes(storage.manifest_path(part), to_json(manifest))
    return _with_warnings(report_of(manifest, is_reused=False), manifest, earlier.news, now=clock.now())


def _with_warnings(report: CaptureReport, manifest: Manifest, news: Mapping[str, Sequence[datetime]], *, now: datetime) -> CaptureReport:
    found = findings(manifest.feeds, now=now, news=news)
    unserved = tuple(unserved_warning(source, manifest.interval) for source in manifest.unserved)
    return replace(report, warnings=(*(f"{finding.source_id}: {finding.url} {finding.text}" for finding in found), *unserved))


def unserved_warning(source_id: str, interval: str) -> str:
    return f"{source_id}: no origin reaches back to {interval}"


@dataclass(frozen=True, slots=True)
class _PartCapture:
    """One part in the making."""

    lake: Lake
    settings: Settings
    catalogue: Catalogue
    part: Part
    clock: Clock
    fetcher: Fetcher
    reader: PageReader
    folder: Path
    past: PastCapture | None
    erased: Erased
    check: Check
    only_due: bool

    def run(self, sources: Sequence[Source], memory: EarlierCaptures) -> Manifest:
        if self.past is None:
            polls = self._in_time(lambda source: self._poll(source, memory), sources, memory)
        else:
            polls = self._look_back(sources, self.past)
        choice = choose_entries(
            [self._listing(poll) for poll in polls],
            seen=memory.seen,
            interval=self.part.interval,
            is_live=self.past is None,
            max_per_source=self.settings.max_entries_per_source,
        )
        harvests = self._side_by_side(lambda source: self._harvest(source, choice.chosen[source.id], choice.listed_by), sources)
        deferred = {outcome.url for outcome in choice.outcomes if outcome.reason == "deferred"}
        return self._commit(polls, harvests, choice.outcomes, deferred)

    def _side_by_side(self, work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
        with ThreadPoolExecutor(max_workers=max(1, min(self.settings.fetch_threads, len(items)))) as pool:
            return list(pool.map(work, items))

    def _in_time(self, work: Callable[[Source], Result], sources: Sequence[Source], memory: EarlierCaptures) -> list[Result]:
        """As above, those that are due first: one that is waited for would hold a thread."""
        waits = [max((self._wait_s(memory.feeds.get(url)) for url in source.listings), default=0.0) for source in sources]
        order = sorted(range(len(sources)), key=lambda number: waits[number])
        results = dict(zip(order, self._side_by_side(work, [sources[number] for number in order]), strict=True))
        return [results[number] for number in range(len(sources))]

    def _wait_s(self, before: FeedState | None) -> float:
        """Seconds until a feed is asked."""
        return wait_s(before.schedule, now=self.clock.now()) if self.only_due and before is not None else 0.0

    def _segment(self, phase: str, source: Source) -> Path:
        return self.folder / f"{phase}-{source.id}.warc.gz"

    def _desk(self, file: CaptureWriter, source: Source) -> SourceSession:
        return SourceSession(self.fetcher, file, source, self.settings, self.clock, self.catalogue.scoring.images.min_side, self.reader)

    def _look_back(self, sources: Sequence[Source], past: PastCapture) -> list[_Poll]:
        """A past interval leaves no feed state: what it did not take is still to be captured by a later one."""
        documents = KeptDocuments(self.lake, past.documents_since(self.part.interval, now=self.clock.now()), self.settings.max_feed_bytes)

        def look(source: Source) -> _Poll:
            with self._segment("feeds", source).open("wb", WRITE_BUFFER) as file:
                session = self._desk(CaptureWriter(file), source)
                walked = find_past_entries(session, documents, self.part.interval, order=past.order)
            log.info("%s: %d entries, from %s", source.id, len(walked.entries), walked.origin or "nowhere: no origin reaches back so far")
            return _Poll(source, walked.states, (*walked.entries, *walked.others), tuple(session.outcomes), walked.origin)

        return self._side_by_side(look, sources)

    def _poll(self, source: Source, memory: EarlierCaptures) -> _Poll:
        states: list[FeedState] = []
        entries: list[Entry] = []
        since = self.part.interval.start - timedelta(days=self.settings.sitemap_days)
        with self._segment("feeds", source).open("wb", WRITE_BUFFER) as file:
            session = self._desk(CaptureWriter(file), source)
            for url in source.listings:
                before = memory.feeds.get(url)
                delay_s = self._wait_s(before)
                if before is not None and delay_s > self.settings.poll_patience_s:
                    states.append(replace(before, new=0, is_carried=True))
                    continue
                if delay_s > 0:
                    self.clock.sleep(delay_s)
                state, listed = poll_feed(session, url, before) if url in source.feeds else poll_sitemap(session, url, before, since=since)
                states.append(state)
                entries.extend(listed)
        said = ", ".join("not due" if state.is_carried else state.reason or state.verdict for state in states)
        log.info("%s: %s, %d entries", source.id, said, len(entries))
        return _Poll(source, tuple(states), tuple(entries), tuple(session.outcomes))

    def _listing(self, poll: _Poll) -> SourceListing:
        """What the source offers, but for pages of erased providers."""
        pending = {one.entry.url: one for state in poll.states for one in state.pending if not self.erased.holds(one.entry.url)}
        return SourceListing(poll.source.id, tuple(pending.values()), tuple(one for one in poll.entries if not self.erased.holds(one.url)))

    def _harvest(self, source: Source, chosen: Sequence[Pending], listed_by: Mapping[str, tuple[str, ...]]) -> _CapturedPages:
        pages: list[PageCapture] = []
        pending: list[Pending] = []
        with self._segment("pages", source).open("wb", WRITE_BUFFER) as file:
            session = self._desk(CaptureWriter(file), source)
            for candidate in interleaved(chosen):
                listings = listed_by.get(digest_of(candidate.entry), ())
                page, is_transient = capture_page(session, candidate.entry, listed_by=listings)
                if page is not None:
                    pages.append(page)
                elif is_transient and candidate.attempts + 1 < self.settings.max_attempts:
                    pending.append(Pending(candidate.entry, candidate.attempts + 1))
        if chosen:
            log.info("%s: %d of %d pages captured", source.id, len(pages), len(chosen))
        return _CapturedPages(tuple(pages), tuple(session.outcomes), tuple(pending))

    def _commit(self, polls: Sequence[_Poll], harvests: Sequence[_CapturedPages], ended: Sequence[Outcome], deferred: set[str]) -> Manifest:
        joined = self.folder / "captures.warc.gz"
        outcomes: list[Outcome] = []
        pages: list[PageCapture] = []
        with joined.open("wb") as file:
            writer = CaptureWriter(file)
            writer.write_info(at=self.part.interval.end, software=SOFTWARE)
            outcomes.extend(
                outcome_of(answer, "robots", source_id=None, offset=writer.write_answer(answer)) for answer in self.fetcher.robots_answers
            )
            for poll in polls:
                base = append(file, self._segment("feeds", poll.source))
                outcomes.extend(moved(outcome, base) for outcome in poll.outcomes)
            for poll, harvest in zip(polls, harvests, strict=True):
                base = append(file, self._segment("pages", poll.source))
                outcomes.extend(moved(outcome, base) for outcome in harvest.outcomes)
                pages.extend(moved_page(page, base) for page in harvest.pages)
        outcomes.extend(ended)
        with joined.open("rb") as file_again:
            digest = hashlib.file_digest(file_again, "sha256").hexdigest()
        self.check()
        self.lake.write_file(storage.captures_path(self.part), joined)
        feeds = [state for poll, harvest in zip(polls, harvests, strict=True) for state in _with_pending(poll, harvest, deferred)]
        return Manifest(
            interval=self.part.interval.key,
            part=self.part.name,
            software=SOFTWARE,
            sources=tuple(poll.source.id for poll in polls),
            captures_bytes=joined.stat().st_size,
            captures_sha256=digest,
            counts=count(outcomes),
            feeds=tuple(feeds),
            pages=tuple(pages),
            outcomes=tuple(outcomes),
            taken=self.past.taken if self.past is not None else None,
            order=self.past.order if self.past is not None else (),
            origins={poll.source.id: poll.origin for poll in polls if poll.origin is not None},
        )


def report_of(manifest: Manifest, *, is_reused: bool) -> CaptureReport:
    """A source has failed when none of its feeds could be read or was unchanged, and one was asked, and nothing else had the interval."""
    healthy = {state.source_id for state in manifest.feeds if state.verdict in ("captured", "notModified")} | set(manifest.origins)
    failed = {
        state.source_id: f"{state.reason or state.verdict}{f' {state.status}' if state.status else ''}"
        for state in manifest.feeds
        if state.source_id not in healthy and not state.is_carried
    }
    return CaptureReport(manifest.interval, manifest.part, manifest.counts, manifest.sources, failed, reused=is_reused)


def _with_pending(poll: _Poll, harvest: _CapturedPages, deferred: set[str]) -> Iterable[FeedState]:
    """The source's feed states; what stays pending stands with its first feed."""
    waiting = {pending.entry.url: pending for pending in harvest.pending}
    earlier = [pending for state in poll.states for pending in state.pending]
    for pending in [*earlier, *(Pending(entry, 0) for entry in poll.entries)]:
        if pending.entry.url in deferred:
            waiting.setdefault(pending.entry.url, pending)
    for number, state in enumerate(poll.states):
        yield replace(state, pending=tuple(waiting.values()) if number == 0 else ())
