"""Listings of past hours: sitemaps, feed pages and archives' listings, fetched once and kept in the lake.

Part of the capture stage. The same documents list all 24 hours of a day: the first hour that needs one fetches it; the others,
and a run that continues a killed one, read the kept copy. A document is kept in a file of its own, written at once. Its outcome is
always read from the kept record, so that it is the same for every hour.
"""

from __future__ import annotations

import io
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeVar

from pipeline.capture.past.kept_bodies import kept_path
from pipeline.capture.source_sessions import SourceSession, outcome_of
from pipeline.core.errors import FeedError, WarcError
from pipeline.core.models import Answer, Entry, Kind, Outcome
from pipeline.fetching.fetcher import Target
from pipeline.lake.archives.warc import CaptureWriter, WarcRecord, read_records
from pipeline.lake.manifests import FeedState
from pipeline.lake.storage import Lake

log = logging.getLogger(__name__)

REFUSALS = frozenset({401, 403, 404, 410})
"""Statuses of answers that are kept like a document, because they would be the same an hour later."""
REFUSAL_AGE = timedelta(hours=24)
"""Age up to which a kept refusal is used. A plain choice."""

Content = TypeVar("Content")


@dataclass(frozen=True, slots=True)
class Document:
    """A document; `url` is its URL after redirects, `body` is None when the server sent no document."""

    url: str
    outcome: Outcome
    body: bytes | None = None
    content_type: str | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OriginListing:
    """What one origin lists for a past interval of a source."""

    entries: tuple[Entry, ...] = ()
    covers: bool = False
    """Whether the origin lists everything that was published, so that no entry means that nothing was published."""
    states: tuple[FeedState, ...] = ()
    """The feeds and sitemaps that were fetched."""
    others: tuple[Entry, ...] = ()
    """Entries of a feed that are dated outside the interval."""

    @property
    def has_it(self) -> bool:
        """Whether the origin serves the source: it covers the interval, or lists an entry in it."""
        return self.covers or bool(self.entries)


@dataclass(frozen=True, slots=True)
class KeptDocuments:
    """The kept documents of a lake that one part of an interval may use: those answered at or after `since`."""

    lake: Lake
    since: datetime
    max_bytes: int
    _locks: dict[str, threading.Lock] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def read(self, session: SourceSession, url: str, kind: Kind, *, since: datetime | None = None, pace_s: float | None = None) -> Document:
        """The document at `url`, fetched when the lake has none answered at or after `since`; the session records its outcome."""
        since = max(since or self.since, self.since)
        with self._lock:
            lock = self._locks.setdefault(url, threading.Lock())
        with lock:
            document = self._kept(session, url, kind, since=since) or self._fetched(session, url, kind, pace_s=pace_s)
        session.outcomes.append(document.outcome)
        return document

    def _kept(self, session: SourceSession, url: str, kind: Kind, *, since: datetime) -> Document | None:
        try:
            data = self.lake.read_bytes(kept_path(url))
            records = [one for one in read_records(io.BytesIO(data), max_body_bytes=self.max_bytes) if one.type == "response"]
        except (FileNotFoundError, WarcError):
            return None
        if not records or records[-1].at is None or records[-1].at < since or records[-1].problem is not None:
            return None
        if records[-1].status != 200 and not timedelta() <= session.clock.now() - records[-1].at < REFUSAL_AGE:
            return None
        return _document(url, kind, records, source_id=session.source.id)

    def _fetched(self, session: SourceSession, url: str, kind: Kind, *, pace_s: float | None) -> Document:
        answer = session.fetcher.get(Target(url, kind, session.source.pace_s if pace_s is None else pace_s))
        if not _is_kept(answer):
            return Document(url, outcome_of(answer, kind, source_id=session.source.id, offset=None))
        file = io.BytesIO()
        CaptureWriter(file).write_answer(answer)
        self.lake.write_bytes(kept_path(url), file.getvalue())
        file.seek(0)
        records = [one for one in read_records(file, max_body_bytes=self.max_bytes) if one.type == "response"]
        return _document(url, kind, records, source_id=session.source.id)


def content_of(session: SourceSession, document: Document, read: Callable[[bytes], Content]) -> Content | None:
    """The result of `read` for the body of `document`, which is the last that the session read.

    None when it has no body, and, with a rejected outcome, when `read` raises FeedError.
    """
    if document.body is None:
        return None
    try:
        return read(document.body)
    except FeedError as error:
        log.warning("%s: %s", session.source.id, error)
        session.outcomes[-1] = replace(document.outcome, verdict="rejected", reason=error.reason)
        return None


def _is_kept(answer: Answer) -> bool:
    final = answer.final
    if final is None or answer.is_disallowed:
        return False
    return final.status == 200 if answer.error is None else final.status in REFUSALS and answer.error.status == final.status


def _document(url: str, kind: Kind, records: list[WarcRecord], *, source_id: str) -> Document:
    last = records[-1]
    is_there = last.status == 200
    outcome = Outcome(
        url=url,
        kind=kind,
        verdict="captured" if is_there else "failed",
        reason=None if is_there else "status",
        source_id=source_id,
        status=last.status,
        bytes=sum(len(record.block) for record in records),
        at=last.at,
    )
    return Document(last.url or url, outcome, last.body if is_there else None, last.content_type, last.at)
