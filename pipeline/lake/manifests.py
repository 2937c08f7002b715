"""The manifest of a captured part: the outcome of each URL, the place of each record, and the state of each feed for the next interval.

Pure: values to JSON and back. The manifest is written last and commits its part: a part without one does not exist. Each manifest holds
the state of its feeds (validators for the conditional GET, URLs that the document listed, URLs to try again), so no database is needed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from pipeline.core.models import Entry, Origin, Outcome, Validators, Verdict
from pipeline.lake.json_records import JsonFormat
from pipeline.lake.schedules import NEVER_ASKED, Schedule
from pipeline.text.urls import url_digest

FORMAT = 1
"""Version of the JSON; `from_json` refuses any other."""
NO_VALIDATORS = Validators()


@dataclass(frozen=True, slots=True)
class Pending:
    """An entry whose fetch failed and is tried again; `attempts` is the number of intervals that tried it."""

    entry: Entry
    attempts: int


@dataclass(frozen=True, slots=True)
class FeedState:
    """A feed's state after its poll. `seen` holds the digests of the URLs in the last document that was read."""

    source_id: str
    url: str
    verdict: Verdict
    reason: str | None = None
    status: int | None = None
    moved_to: str | None = None
    """The target of a permanent redirect (301, 308): the address that the catalogue should name."""
    validators: Validators = NO_VALIDATORS
    seen: tuple[str, ...] = ()
    pending: tuple[Pending, ...] = ()
    schedule: Schedule = NEVER_ASKED
    new: int = 0
    """Number of entries that the document of this poll has and the one before had not; 0 for the first poll."""
    links: tuple[str, ...] = ()
    """For a section page: digests of the links in its polls, the newest first (`pipeline.discovery.listings.sections`)."""
    places: tuple[str, ...] = ()
    """For a section page: digests of the places where links appeared between polls."""
    is_carried: bool = False
    """Whether the feed was not due in this interval and not asked: everything except `pending` is copied from an earlier manifest."""


@dataclass(frozen=True, slots=True)
class Probe:
    """A request for a page's image or AMP page: `offset` is that of its answer, `is_gone` whether another request would fail too."""

    url: str
    offset: int | None = None
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class RecordPlace:
    """The place of a WARC record: a file's path in the lake, and the record's offset in it."""

    file: str
    offset: int


@dataclass(frozen=True, slots=True)
class PageCapture:
    """A captured page: its entry, the offset of its record, and the probes of its images and AMP page."""

    entry: Entry
    offset: int
    images: tuple[Probe, ...] = ()
    amp: Probe | None = None
    replaces: RecordPlace | None = None
    """For a revisit: the capture that this one supersedes."""
    unprobed: str | None = None
    """Why no image and no AMP page was requested, in one word (`pipeline.capture.probes`); None when they were."""


@dataclass(frozen=True, slots=True)
class GonePage:
    """A page that was captured before and is gone: the time and `offset` of that answer, and the `file` and offset of its last capture."""

    url: str
    at: datetime
    offset: int
    file: str
    file_offset: int


@dataclass(frozen=True, slots=True)
class HostDeclaration:
    """What a host declares on the use of its pages: the lines of its robots.txt or the rules of its tdmrep.json, captured at `at`."""

    url: str
    at: datetime
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Manifest:
    """The content of manifest.json. Fields whose comment begins with "For" are empty in all other manifests."""

    interval: str
    part: str
    software: str
    sources: tuple[str, ...]
    captures_bytes: int
    captures_sha256: str
    counts: dict[str, int]
    """Number of outcomes by `kind.verdict`, in alphabetical order."""
    feeds: tuple[FeedState, ...]
    pages: tuple[PageCapture, ...]
    outcomes: tuple[Outcome, ...]
    taken: tuple[datetime, datetime] | None = None
    """For a past interval: the half-open range of published dates whose pages are captured. None for a live one, which captures all."""
    order: tuple[Origin, ...] = ()
    """For a past interval: the origins that were tried, in their order."""
    origins: dict[str, Origin] = field(default_factory=dict)
    """For a past interval: source id to the origin that served it; `ccnews` or `warc` when parts of such WARC files hold its pages."""
    goes_on: int | None = None
    """For a part read from a WARC file of `ccnews` or `warc`: the offset in that file at which the next part begins; None at its end."""
    gone: tuple[GonePage, ...] = ()
    """For a part of revisits: the pages that are gone."""
    declarations: tuple[HostDeclaration, ...] = ()
    """The declarations of the part's hosts that were in force when its pages were fetched, even if captured by an earlier part."""
    repeated: date | None = None
    """The day whose file of lines that sites repeat (`lake.repeated_lines`) was the newest; None when there was none."""
    format: int = FORMAT

    @property
    def unserved(self) -> tuple[str, ...]:
        """Sources of a past interval that no origin served; none for a live interval."""
        return tuple(source for source in self.sources if source not in self.origins) if self.taken is not None else ()

    @property
    def seen(self) -> frozenset[str]:
        """Digests of URLs and aliases that need no further fetch: captured in this part or listed by one of its feeds, and not pending."""
        captured = {digest for page in self.pages for digest in _identities(page.entry)}
        waiting = {digest for feed in self.feeds for pending in feed.pending for digest in _identities(pending.entry)}
        return frozenset((captured | {digest for feed in self.feeds for digest in feed.seen}) - waiting)


def _identities(entry: Entry) -> set[str]:
    return {url_digest(entry.url)} | ({entry.alias} if entry.alias is not None else set())


_JSON = JsonFormat(Manifest, name="a manifest", number=FORMAT, is_sparse=True)
to_json, from_json = _JSON.to_json, _JSON.from_json


def count_outcomes(outcomes: Iterable[Outcome]) -> dict[str, int]:
    """Number of outcomes by `kind.verdict`, in alphabetical order."""
    return dict(sorted(Counter(f"{outcome.kind}.{outcome.verdict}" for outcome in outcomes).items()))
