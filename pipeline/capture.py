"""The capture stage: the only one that meets the network.

One part of one interval: its sources' feeds are fetched side by side, their entries shared out so that a URL is fetched once, then the
pages with their lead pictures and AMP pages, source by source side by side. Each source writes its exchanges into a file of its own; the
files are joined in the order of the sources, so that the WARC does not depend on which thread was first. The manifest is written last:
it is the commit. Where one is already there, nothing is fetched.
"""

from __future__ import annotations

import hashlib
import logging
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO, TypeVar

from pipeline import storage
from pipeline.config import VERSION, Catalogue, Settings, Source
from pipeline.entries import Listing, choose, digest_of, interleaved
from pipeline.errors import WarcError
from pipeline.fetch import Fetcher, KnownRobots
from pipeline.health import findings
from pipeline.manifests import FeedState, Manifest, PageCapture, Pending, Probe, count, from_json, to_json
from pipeline.models import CaptureReport, Clock, Entry, Interval, Outcome, Part, Validators
from pipeline.polling import Schedule, wait_s
from pipeline.robots import MAX_AGE, MAX_BYTES
from pipeline.storage import Lake
from pipeline.visits import Desk, capture_page, outcome_of, poll_feed, poll_sitemap
from pipeline.warc import CaptureWriter, read_record_at

log = logging.getLogger(__name__)

SOFTWARE = f"news-pipeline/{VERSION}"

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class _Poll:
    """A source's feeds after their polls."""

    source: Source
    states: tuple[FeedState, ...]
    entries: tuple[Entry, ...]
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class _Harvest:
    """A source's pages after their fetches; offsets count from the start of the source's own file."""

    pages: tuple[PageCapture, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    pending: tuple[Pending, ...] = ()


def capture_part(
    lake: Lake, settings: Settings, catalogue: Catalogue, part: Part, *, clock: Clock, is_live: bool, only_due: bool = False
) -> CaptureReport:
    """Capture the part's sources, or report the captures that are already there.

    `is_live` is true when the interval has just ended: validators are sent and every new entry is taken. A past interval takes only
    entries dated inside it. With `only_due` a live interval asks the feeds whose time has come, else all.

    Raises StorageError; single sources and entries end in outcomes.
    """
    path = storage.manifest_path(part)
    if lake.exists(path):
        log.info("%s part %s: captured before, nothing is fetched", part.interval.key, part.name)
        manifest = from_json(lake.read_bytes(path), path=path)
        return _with_warnings(report_of(manifest, is_reused=True), manifest, {}, now=clock.now())
    sources = [source for source in catalogue.sources if source.id in part.source_ids]
    earlier = read_memory(lake, part.interval, days=settings.seen_days, is_live=is_live)
    known_robots = _robots_reader(lake, earlier, now=clock.now())
    with (
        tempfile.TemporaryDirectory(prefix="news-capture-") as folder,
        Fetcher(settings, clock=clock, known_robots=known_robots) as fetcher,
    ):
        work = _Work(lake, settings, catalogue, part, clock, fetcher, Path(folder), only_due=only_due and is_live)
        manifest = work.run(sources, earlier, is_live=is_live)
    lake.write_bytes(path, to_json(manifest))
    return _with_warnings(report_of(manifest, is_reused=False), manifest, earlier.news, now=clock.now())


def _with_warnings(report: CaptureReport, manifest: Manifest, news: Mapping[str, Sequence[datetime]], *, now: datetime) -> CaptureReport:
    found = findings(manifest.feeds, now=now, news=news)
    return replace(report, warnings=tuple(f"{finding.source_id}: {finding.url} {finding.text}" for finding in found))


@dataclass(frozen=True, slots=True)
class Memory:
    """What earlier manifests tell: each feed's last state, the digests of URLs that need no fetch, each host's last robots.txt, and when
    each feed brought something new."""

    feeds: dict[str, FeedState]
    seen: frozenset[str]
    robots: dict[str, tuple[Part, Outcome]]
    news: dict[str, list[datetime]]


def read_memory(lake: Lake, interval: Interval, *, days: int, is_live: bool) -> Memory:
    """The manifests of the `days` before `interval`, oldest first.

    A past interval looks `days` ahead too: what a later one captured is there already.
    """
    first = interval.start - timedelta(days=days)
    last = interval.start if is_live else interval.start + timedelta(days=days)
    feeds: dict[str, FeedState] = {}
    seen: set[str] = set()
    robots: dict[str, tuple[Part, Outcome]] = {}
    news: dict[str, list[datetime]] = {}
    for other in lake.captured_intervals():
        if not first <= other.start < last or other == interval:
            continue
        for name in lake.captured_parts(other.key):
            part = Part(other, name)
            path = storage.manifest_path(part)
            manifest = from_json(lake.read_bytes(path), path=path)
            seen |= manifest.seen
            robots.update((outcome.url, (part, outcome)) for outcome in manifest.outcomes if outcome.kind == "robots")
            for state in manifest.feeds:
                if state.schedule.asked is not None and state.new:
                    news.setdefault(state.url, []).extend([state.schedule.asked] * state.new)
            if is_live:
                feeds.update((state.url, state) for state in manifest.feeds)
    return Memory(feeds=feeds, seen=frozenset(seen), robots=robots, news=news)


def _robots_reader(lake: Lake, memory: Memory, *, now: datetime) -> KnownRobots:
    """Reads a robots.txt that was captured within the last day: a manifest says where it lies."""

    def read(url: str) -> tuple[int, bytes] | None:
        part, outcome = memory.robots.get(url, (None, None))
        if part is None or outcome is None or outcome.verdict != "captured" or outcome.offset is None or outcome.status is None:
            return None
        if outcome.at is None or not timedelta() <= now - outcome.at < MAX_AGE:
            return None
        try:
            with lake.open(storage.captures_path(part)) as file:
                record = read_record_at(file, outcome.offset, max_body_bytes=MAX_BYTES + 1)
        except (FileNotFoundError, WarcError) as error:
            log.warning("%s: asked again: its capture cannot be read: %s", url, error)
            return None
        return None if record.problem is not None else (outcome.status, record.body)

    return read


@dataclass(frozen=True, slots=True)
class _Work:
    """One part in the making."""

    lake: Lake
    settings: Settings
    catalogue: Catalogue
    part: Part
    clock: Clock
    fetcher: Fetcher
    folder: Path
    only_due: bool

    def run(self, sources: Sequence[Source], memory: Memory, *, is_live: bool) -> Manifest:
        polls = self._in_time(lambda source: self._poll(source, memory, is_live=is_live), sources, memory)
        choice = choose(
            [self._listing(poll) for poll in polls],
            seen=memory.seen,
            interval=self.part.interval,
            is_live=is_live,
            max_per_source=self.settings.max_entries_per_source,
        )
        harvests = self._side_by_side(lambda source: self._harvest(source, choice.chosen[source.id], choice.listed_by), sources)
        deferred = {outcome.url for outcome in choice.outcomes if outcome.reason == "deferred"}
        return self._commit(polls, harvests, choice.outcomes, deferred)

    def _side_by_side(self, work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
        with ThreadPoolExecutor(max_workers=max(1, min(self.settings.fetch_threads, len(items)))) as pool:
            return list(pool.map(work, items))

    def _in_time(self, work: Callable[[Source], Result], sources: Sequence[Source], memory: Memory) -> list[Result]:
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

    def _desk(self, file: CaptureWriter, source: Source) -> Desk:
        return Desk(self.fetcher, file, source, self.settings, self.clock, self.catalogue.scoring.images.min_side)

    def _poll(self, source: Source, memory: Memory, *, is_live: bool) -> _Poll:
        """A past interval leaves no feed state: what it did not take is still to be captured by a later one."""
        states: list[FeedState] = []
        entries: list[Entry] = []
        since = self.part.interval.start - (timedelta(days=self.settings.sitemap_days) if is_live else timedelta())
        with self._segment("feeds", source).open("wb") as file:
            desk = self._desk(CaptureWriter(file), source)
            for url in source.listings:
                before = memory.feeds.get(url)
                delay_s = self._wait_s(before)
                if before is not None and delay_s > self.settings.poll_patience_s:
                    states.append(replace(before, new=0, is_carried=True))
                    continue
                if delay_s > 0:
                    self.clock.sleep(delay_s)
                state, listed = poll_feed(desk, url, before) if url in source.feeds else poll_sitemap(desk, url, before, since=since)
                states.append(state)
                entries.extend(listed)
        said = ", ".join("not due" if state.is_carried else state.reason or state.verdict for state in states)
        log.info("%s: %s, %d entries", source.id, said, len(entries))
        if not is_live:
            states = [replace(state, validators=Validators(), seen=(), schedule=Schedule()) for state in states]
        return _Poll(source, tuple(states), tuple(entries), tuple(desk.outcomes))

    def _listing(self, poll: _Poll) -> Listing:
        pending = {pending.entry.url: pending for state in poll.states for pending in state.pending}
        return Listing(poll.source.id, tuple(pending.values()), poll.entries)

    def _harvest(self, source: Source, chosen: Sequence[Pending], listed_by: Mapping[str, tuple[str, ...]]) -> _Harvest:
        pages: list[PageCapture] = []
        pending: list[Pending] = []
        with self._segment("pages", source).open("wb") as file:
            desk = self._desk(CaptureWriter(file), source)
            for candidate in interleaved(chosen):
                page, is_transient = capture_page(desk, candidate.entry, listed_by=listed_by.get(digest_of(candidate.entry), ()))
                if page is not None:
                    pages.append(page)
                elif is_transient and candidate.attempts + 1 < self.settings.max_attempts:
                    pending.append(Pending(candidate.entry, candidate.attempts + 1))
        if chosen:
            log.info("%s: %d of %d pages captured", source.id, len(pages), len(chosen))
        return _Harvest(tuple(pages), tuple(desk.outcomes), tuple(pending))

    def _commit(self, polls: Sequence[_Poll], harvests: Sequence[_Harvest], ended: Sequence[Outcome], deferred: set[str]) -> Manifest:
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
                base = _append(file, self._segment("feeds", poll.source))
                outcomes.extend(_moved(outcome, base) for outcome in poll.outcomes)
            for poll, harvest in zip(polls, harvests, strict=True):
                base = _append(file, self._segment("pages", poll.source))
                outcomes.extend(_moved(outcome, base) for outcome in harvest.outcomes)
                pages.extend(_moved_page(page, base) for page in harvest.pages)
        outcomes.extend(ended)
        with joined.open("rb") as file_again:
            digest = hashlib.file_digest(file_again, "sha256").hexdigest()
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
        )


def report_of(manifest: Manifest, *, is_reused: bool) -> CaptureReport:
    """A source has failed when none of its feeds could be read or was unchanged, and one was asked."""
    healthy = {state.source_id for state in manifest.feeds if state.verdict in ("captured", "notModified")}
    failed = {
        state.source_id: f"{state.reason or state.verdict}{f' {state.status}' if state.status else ''}"
        for state in manifest.feeds
        if state.source_id not in healthy and not state.is_carried
    }
    return CaptureReport(manifest.interval, manifest.part, manifest.counts, manifest.sources, failed, reused=is_reused)


def _with_pending(poll: _Poll, harvest: _Harvest, deferred: set[str]) -> Iterable[FeedState]:
    """The source's feed states; what stays pending stands with its first feed."""
    waiting = {pending.entry.url: pending for pending in harvest.pending}
    earlier = [pending for state in poll.states for pending in state.pending]
    for pending in [*earlier, *(Pending(entry, 0) for entry in poll.entries)]:
        if pending.entry.url in deferred:
            waiting.setdefault(pending.entry.url, pending)
    for number, state in enumerate(poll.states):
        yield replace(state, pending=tuple(waiting.values()) if number == 0 else ())


def _append(file: BinaryIO, segment: Path) -> int:
    """Append a segment; where it starts."""
    base = file.tell()
    with segment.open("rb") as source:
        shutil.copyfileobj(source, file, 1 << 20)
    return base


def _moved(outcome: Outcome, base: int) -> Outcome:
    return outcome if outcome.offset is None else replace(outcome, offset=outcome.offset + base)


def _moved_page(page: PageCapture, base: int) -> PageCapture:
    images = tuple(_moved_probe(probe, base) for probe in page.images)
    amp = _moved_probe(page.amp, base) if page.amp is not None else None
    return replace(page, offset=page.offset + base, images=images, amp=amp)


def _moved_probe(probe: Probe, base: int) -> Probe:
    return probe if probe.offset is None else replace(probe, offset=probe.offset + base)
