"""A session with one source: polls its feeds, sitemaps and section pages, captures its pages with their lead image and AMP page.

Part of the capture stage. Every request goes through a `SourceSession`, which writes the exchange to the source's WARC file and records its
one outcome.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from pipeline.capture.cdx import snapshot_time
from pipeline.capture.probes import PageReader
from pipeline.core.catalogue import Source
from pipeline.core.errors import FeedError, PermanentFetchError, TransientError, TransientFetchError
from pipeline.core.models import Answer, Clock, Entry, Exchange, Kind, Outcome, Validators, Verdict
from pipeline.core.settings import Settings
from pipeline.discovery.listings.partial_documents import partial_listing
from pipeline.discovery.listings.readers import read_feed, read_section, read_sitemap
from pipeline.discovery.listings.sections import SectionMemory, listed_articles
from pipeline.discovery.listings.sitemaps import newer_children
from pipeline.discovery.polling import (
    PollBounds,
    after_document,
    after_failure,
    after_not_modified,
    distrust_validators,
    retry_after,
    sends_validators,
    were_validators_wrong,
)
from pipeline.extraction.images import measure_picture
from pipeline.fetching.fetcher import Fetcher, Target
from pipeline.lake.archives.warc import CaptureWriter
from pipeline.lake.manifests import FeedState, PageCapture, Probe
from pipeline.lake.schedules import Schedule
from pipeline.text.amp import is_amp
from pipeline.text.counts import counted
from pipeline.text.urls import root_of, url_digest

log = logging.getLogger(__name__)

MAX_IMAGE_TRIES = 3
"""Images that are fetched for one page. A plain choice."""
REJECTIONS = frozenset({"wrongType", "tooLarge", "forbiddenUrl", "forbiddenAddress", "redirects", "protocol"})
"""Reasons that lie in the answer or the URL, for which the outcome is `rejected`; for any other reason it is `failed`."""


@dataclass(slots=True)
class SourceSession:
    """What all requests to one source share: the fetcher, the WARC file, the outcomes, and the images already fetched."""

    fetcher: Fetcher
    writer: CaptureWriter
    source: Source
    settings: Settings
    clock: Clock
    min_side: int
    reader: PageReader
    outcomes: list[Outcome] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)
    """Root URLs of the hosts that served captured pages."""
    pictures: dict[str, tuple[Probe, bool]] = field(default_factory=dict)
    """The probe of each image by URL, and whether the image is large enough to show."""

    def fetch(
        self,
        url: str,
        kind: Kind,
        *,
        entry: Entry | None = None,
        listed_by: tuple[str, ...] = (),
        validators: Validators | None = None,
    ) -> tuple[Answer, Outcome]:
        """Fetch `url`, write the exchange to the WARC file and record its outcome."""
        answer = self.fetcher.get(Target(url, kind, self.source.pace_s, validators or Validators()))
        offset = self.writer.write_answer(answer)
        outcome = replace(outcome_of(answer, kind, source_id=self.source.id, offset=offset, entry=entry), listed_by=listed_by)
        self.outcomes.append(outcome)
        if answer.error is not None:
            log.debug("%s: %s", self.source.id, answer.error)
        return answer, outcome

    def fetch_snapshot(self, snapshot: str, entry: Entry, *, listed_by: tuple[str, ...]) -> tuple[Answer, Outcome]:
        """Fetch a page from an archive, and write it as the answer of its publisher with the date of the snapshot."""
        answer = self.fetcher.get(Target(snapshot, "page", self.settings.archive_pace_s))
        outcome = outcome_of(answer, "page", source_id=self.source.id, offset=None, entry=entry)
        outcome = replace(outcome, url=entry.url, listed_by=listed_by)
        final = answer.final
        if outcome.verdict == "captured" and final is not None:
            at = snapshot_time(final.url) or snapshot_time(snapshot) or final.at
            offset = self.writer.write_response(entry.url, at, final.response, source=final.url)
            outcome = replace(outcome, offset=offset, at=at)
        self.outcomes.append(outcome)
        return answer, outcome


def poll_feed(session: SourceSession, url: str, before: FeedState | None) -> tuple[FeedState, tuple[Entry, ...]]:
    """Fetch a feed conditionally; returns its new state and its entries. A poll without a document keeps the earlier state."""

    def read(final: Exchange) -> tuple[tuple[Entry, ...], float]:
        feed = read_feed(session.reader, final.body, url=final.url, content_type=final.content_type, source_id=session.source.id)
        return feed.entries, feed.period_s

    return _poll(session, url, "feed", before, read)


def poll_sitemap(session: SourceSession, url: str, before: FeedState | None, *, since: datetime) -> tuple[FeedState, tuple[Entry, ...]]:
    """Fetch a sitemap conditionally, and of an index its newest sitemaps; returns its new state and its entries.

    Entries are pages dated at or after `since`; pages without a date (about, contact, imprint) are left out.
    """

    def read(final: Exchange) -> tuple[tuple[Entry, ...], float]:
        sitemap = read_sitemap(session.reader, final.body, url=final.url, source_id=session.source.id)
        entries = list(sitemap.entries)
        for child in newer_children(sitemap, than=since)[: session.settings.sitemap_requests]:
            answer, outcome = session.fetch(child.url, "sitemap")
            if outcome.verdict == "captured" and answer.final is not None:
                entries += _child_entries(session, answer.final)
        dated = ((entry, entry.published or entry.modified) for entry in entries)
        return tuple(entry for entry, moment in dated if moment is not None and moment.value >= since), 0.0

    return _poll(session, url, "sitemap", before, read)


def poll_section(session: SourceSession, url: str, before: FeedState | None) -> tuple[FeedState, tuple[Entry, ...]]:
    """Fetch a section page conditionally; returns its new state and the articles among its links, by what earlier polls showed."""
    memory = SectionMemory(before.links, before.places) if before is not None else SectionMemory()

    def read(final: Exchange) -> tuple[tuple[Entry, ...], float]:
        nonlocal memory
        links = read_section(session.reader, final.body, url=final.url, content_type=final.content_type)
        entries, memory = listed_articles(links, memory, source_id=session.source.id)
        return entries, 0.0

    state, entries = _poll(session, url, "section", before, read)
    return replace(state, links=memory.links, places=memory.places), entries


def _child_entries(session: SourceSession, final: Exchange) -> tuple[Entry, ...]:
    try:
        return read_sitemap(session.reader, final.body, url=final.url, source_id=session.source.id).entries
    except FeedError as error:
        log.warning("%s: %s", session.source.id, error)
        session.outcomes[-1] = replace(session.outcomes[-1], verdict="rejected", reason=error.reason)
        return ()


def _poll(
    session: SourceSession, url: str, kind: Kind, before: FeedState | None, read: Callable[[Exchange], tuple[tuple[Entry, ...], float]]
) -> tuple[FeedState, tuple[Entry, ...]]:
    """`read` returns a document's entries and the seconds between polls that the document asks for."""
    known = before or FeedState(session.source.id, url, "failed")
    is_conditional = sends_validators(known.schedule, now=session.clock.now())
    answer, outcome = session.fetch(url, kind, validators=known.validators if is_conditional else Validators())
    place = len(session.outcomes) - 1
    state = replace(
        known, verdict=outcome.verdict, reason=outcome.reason, status=outcome.status, moved_to=answer.moved_to, new=0, is_carried=False
    )
    final = answer.final if outcome.verdict == "captured" else partial_listing(answer)
    if final is None:
        return replace(state, schedule=_without_document(session, known.schedule, answer, outcome)), ()
    try:
        found, document_s = read(final)
        entries = tuple(replace(entry, listing=url) for entry in found)
    except FeedError as error:
        log.warning("%s: %s", session.source.id, error)
        outcome = replace(outcome, verdict="rejected", reason=error.reason)
    except TransientError:
        raise
    except Exception:
        log.exception("%s: a fault of this program, please report it: %s could not be read", session.source.id, url)
        outcome = replace(outcome, verdict="failed", reason="fault")
    else:
        if outcome.verdict != "captured":
            log.warning("%s: %s broke off; %s taken", session.source.id, url, counted(len(entries), "entry", "entries"))
            session.outcomes[place] = replace(outcome, verdict="captured")
            state = replace(state, verdict="captured")
        return _with_document(session, state, final, entries, document_s=document_s, is_conditional=is_conditional), entries
    session.outcomes[place] = outcome
    schedule = _without_document(session, known.schedule, answer, outcome)
    return replace(state, verdict=outcome.verdict, reason=outcome.reason, schedule=schedule), ()


def _with_document(
    session: SourceSession, known: FeedState, final: Exchange, entries: tuple[Entry, ...], *, document_s: float, is_conditional: bool
) -> FeedState:
    """The state of the feed after a poll that gave a document with `entries`."""
    listed = {digest: entry for entry in reversed(entries) if (digest := _digest(entry.url)) is not None}
    new = [entry for digest, entry in listed.items() if digest not in known.seen and (entry.alias is None or entry.alias not in known.seen)]
    aliases = tuple(dict.fromkeys(entry.alias for entry in entries if entry.alias is not None))
    now = session.clock.now()
    schedule = known.schedule
    if not is_conditional:
        dates = [entry.published.value if entry.published is not None else None for entry in new]
        if were_validators_wrong(schedule, same_validators=final.validators == known.validators, new_dates=dates):
            log.warning("%s: %s answered 304 although it had changed; no validators are sent for a while", session.source.id, known.url)
            schedule = distrust_validators(schedule, now=now)
    count = len(new) if known.schedule.asked is not None else 0
    schedule = after_document(
        schedule, now=now, bounds=_bounds(session.source), new=len(new), total=len(listed), headers=final.headers, document_s=document_s
    )
    return replace(known, validators=final.validators, seen=(*reversed(listed), *aliases), new=count, schedule=schedule)


def _without_document(session: SourceSession, schedule: Schedule, answer: Answer, outcome: Outcome) -> Schedule:
    """The schedule after a poll without a document: a 304 or a failure."""
    now, headers = session.clock.now(), answer.final.headers if answer.final is not None else {}
    if outcome.verdict == "notModified":
        return after_not_modified(schedule, now=now, bounds=_bounds(session.source), headers=headers)
    asked_s = getattr(answer.error, "retry_after_s", None)
    return after_failure(
        schedule,
        now=now,
        bounds=_bounds(session.source),
        reason=outcome.reason,
        status=outcome.status,
        retry_after_s=asked_s if asked_s is not None else retry_after(headers, now=now),
    )


def _bounds(source: Source) -> PollBounds:
    return PollBounds(source.poll_min_s, source.poll_max_s)


def capture_page(session: SourceSession, entry: Entry, *, listed_by: tuple[str, ...]) -> tuple[PageCapture | None, bool]:
    """Capture a page with its lead image and AMP page; returns it, or None, and whether a later attempt may succeed."""
    if entry.snapshot is None:
        answer, outcome = session.fetch(entry.url, "page", entry=entry, listed_by=listed_by)
    else:
        answer, outcome = session.fetch_snapshot(entry.snapshot, entry, listed_by=listed_by)
    if outcome.verdict != "captured" or answer.final is None or outcome.offset is None:
        return None, isinstance(answer.error, TransientError)
    url = answer.final.url if entry.snapshot is None else entry.url
    if entry.snapshot is None:
        session.hosts.add(root_of(url))
    return with_probes(session, PageCapture(entry, outcome.offset), answer.final, url=url), False


def with_probes(session: SourceSession, capture: PageCapture, final: Exchange, *, url: str) -> PageCapture:
    """The captured page with the probes of its lead image and AMP page, which are fetched here, or with the reason for having none.

    Raises TransientError when the worker processes died.
    """
    resources = session.reader.resources_of(final.body, url=url, content_type=final.content_type, entry=capture.entry)
    if resources.problem is not None:
        return replace(capture, unprobed=resources.problem)
    try:
        return replace(capture, images=_probe_images(session, resources.pictures), amp=_probe_amp(session, resources.amp))
    except Exception:
        log.exception("%s: a fault of this program, please report it: its images could not be fetched", capture.entry.url)
        return replace(capture, unprobed="pageFault")


def _probe_images(session: SourceSession, urls: Sequence[str]) -> tuple[Probe, ...]:
    probes: list[Probe] = []
    for url in urls[:MAX_IMAGE_TRIES]:
        if url not in session.pictures:
            session.pictures[url] = _probe_image(session, url)
        probe, is_wanted = session.pictures[url]
        probes.append(probe)
        if is_wanted:
            break
    return tuple(probes)


def _probe_image(session: SourceSession, url: str) -> tuple[Probe, bool]:
    """Fetch an image; returns its probe and whether no further image is needed: it is large enough, or its size is unknown for now."""
    answer, outcome = session.fetch(url, "image")
    if outcome.verdict != "captured" or answer.final is None:
        is_gone = _is_gone(answer)
        return Probe(url, is_gone=is_gone), not is_gone
    size = measure_picture(answer.final.body, max_pixels=session.settings.max_image_pixels)
    return Probe(url, offset=outcome.offset), size is not None and min(size[:2]) > session.min_side


def _probe_amp(session: SourceSession, url: str | None) -> Probe | None:
    if url is None:
        return None
    answer, outcome = session.fetch(url, "amp")
    if outcome.verdict == "captured" and answer.final is not None:
        # sites that gave up AMP redirect its addresses to the article or to their home page
        return Probe(url, offset=outcome.offset, is_gone=not is_amp(answer.final.body))
    return Probe(url, is_gone=_is_gone(answer))


def _is_gone(answer: Answer) -> bool:
    """Whether another attempt would end the same. A refusal by robots.txt or a lost connection says nothing about the document."""
    return isinstance(answer.error, PermanentFetchError)


def outcome_of(answer: Answer, kind: Kind, *, source_id: str | None, offset: int | None, entry: Entry | None = None) -> Outcome:
    """The outcome of a request, under the requested URL."""
    final = answer.final
    verdict: Verdict = "captured"
    reason: str | None = None
    if answer.is_disallowed:
        verdict = "disallowed"
    elif kind in ("robots", "tdmrep") and final is not None and final.status < 500 and final.status != 429 and not _is_cut_off(answer):
        # A 404 means that there are no rules (RFC 9309, section 2.3.1.3; TDMRep, "TDM File"); a 429 says nothing about rules.
        pass
    elif answer.error is not None:
        verdict, reason = ("rejected" if answer.error.reason in REJECTIONS else "failed"), answer.error.reason
    elif final is not None and final.status == 304:
        verdict = "notModified"
    return Outcome(
        url=answer.url,
        kind=kind,
        verdict=verdict,
        reason=reason,
        source_id=source_id,
        via=entry.via if entry is not None else None,
        status=(answer.error.status if answer.error is not None else None) or (final.status if final is not None else None),
        bytes=answer.bytes,
        offset=offset,
        at=final.at if final is not None else None,
    )


def _is_cut_off(answer: Answer) -> bool:
    """Whether the answer is incomplete, or a redirect whose target did not answer."""
    return isinstance(answer.error, TransientFetchError) and answer.error.status is None


def _digest(url: str) -> str | None:
    try:
        return url_digest(url)
    except ValueError:
        return None
