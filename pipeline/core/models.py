"""The frozen values that stages pass to each other. Pure: no I/O, no clock.

Attributes are snake_case; the columns of `pipeline.core.schema` are the same names in camelCase. Every datetime is aware and in UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Literal, Protocol

from pipeline.core.confidence import Confidence
from pipeline.core.errors import FetchError
from pipeline.core.rights import Rights

Kind = Literal["robots", "feed", "sitemap", "section", "listing", "page", "image", "amp", "tdmrep"]
"""What a request is for; a `listing` is an archive's index of what it holds, `tdmrep` the /.well-known/tdmrep.json of a host."""

Via = Literal["feed", "sitemap", "section", "wayback", "ccnews", "warc"]
"""Where a URL was found."""

Origin = Literal["captures", "sitemap", "pages", "wayback", "ccnews", "warc"]
"""Where the pages of a past interval come from: our captures, the source's sitemaps or paged feeds, public archives, given WARC files."""

Verdict = Literal["captured", "notModified", "duplicate", "disallowed", "rejected", "failed"]
"""What became of a URL; `rejected` and `failed` have a reason."""

Precision = Literal["second", "minute", "day"]
HOUR = timedelta(hours=1)
REVISIT_PART = "revisit"
"""Name of the part that holds an interval's revisits of pages captured before."""


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """A data interval: one whole UTC hour [start, end) in which sources are polled. Raises ValueError for any other span."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.utcoffset() != timedelta(0) or self.end.utcoffset() != timedelta(0):
            raise ValueError(f"an interval is in UTC, not {self.start} to {self.end}")
        if self.start.minute or self.start.second or self.start.microsecond or self.end - self.start != HOUR:
            raise ValueError(f"an interval is one whole hour, not {self.start} to {self.end}")

    @classmethod
    def containing(cls, moment: datetime) -> Interval:
        """The hour that holds `moment`."""
        start = moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        return cls(start, start + HOUR)

    @classmethod
    def parse(cls, text: str) -> Interval:
        """The hour in `text`: `2026-11-23T14`, or with `:00`, `:00:00` or `Z` after it. Raises ValueError for any other text."""
        try:
            moment = datetime.fromisoformat(text.removesuffix("Z"))
        except ValueError as error:
            raise ValueError(f"not an interval: {text!r}; write the hour in UTC as 2026-11-23T14") from error
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        return cls(moment, moment + HOUR)

    @property
    def key(self) -> str:
        """`2026-11-23T14`, as in the names of partitions."""
        return self.start.strftime("%Y-%m-%dT%H")

    def holds(self, moment: datetime) -> bool:
        """Whether `moment` is in the half-open interval."""
        return self.start <= moment < self.end


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time as a publisher stated it; `precision` is the smallest unit that was stated.

    `local_day` is the day in the publisher's time zone, if known: an article of the evening of 8 November in New York has a `value` on the
    9th. `offset` is the stated UTC offset; None means that no zone was stated and `value` takes the time as UTC. Comparisons ignore both.
    """

    value: datetime
    precision: Precision
    local_day: date | None = field(default=None, compare=False)
    offset: timedelta | None = field(default=timedelta(0), compare=False)


@dataclass(frozen=True, slots=True)
class Entry:
    """A URL found in a feed, sitemap, section page, archive or WARC file, with what that document says about the article."""

    url: str
    source_id: str | None
    via: Via
    title: str | None = None
    excerpt: str | None = None
    published: Moment | None = None
    modified: Moment | None = None
    authors: tuple[str, ...] = ()
    language: str | None = None
    image: str | None = None
    keywords: tuple[str, ...] = ()
    publisher: str | None = None
    """The title of the feed."""
    listing: str | None = None
    """The URL of the feed, sitemap or section page that lists it."""
    snapshot: str | None = None
    """The URL of the page's snapshot in an archive; None when the page is fetched from its publisher."""
    alias: str | None = None
    """A second identity, for entries whose link changes from poll to poll (`discovery.listings.entry_aliases`); None for others."""


@dataclass(frozen=True, slots=True)
class Validators:
    """ETag and Last-Modified, verbatim as the server sent them (RFC 9110, section 8.8)."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one URL in one interval. Each URL of an interval has exactly one outcome."""

    url: str
    kind: Kind
    verdict: Verdict
    source_id: str | None = None
    via: Via | None = None
    reason: str | None = None
    status: int | None = None
    bytes: int = 0
    """Octets over the wire, headers included."""
    offset: int | None = None
    """Offset of the exchange in the part's WARC file."""
    at: datetime | None = None
    listed_by: tuple[str, ...] = ()
    """The URLs of all feeds and sitemaps that listed the page in this interval, in the order of the catalogue."""


@dataclass(frozen=True, slots=True)
class ImageCandidate:
    """An image that a page or a feed names, with its size in pixels as declared there."""

    url: str
    width: int | None = None
    height: int | None = None
    source: str = "page"


@dataclass(frozen=True, slots=True)
class Picture:
    """The answer to an image request: `data` if it was an image; `gone` if another request would fail too."""

    url: str
    data: bytes | None = None
    gone: bool = False


@dataclass(frozen=True, slots=True)
class AmpAnswer:
    """The answer to a request for an AMP page: `ok` if it was one; `gone` if another request would fail too."""

    url: str
    ok: bool
    gone: bool = False


@dataclass(frozen=True, slots=True)
class CaptureRef:
    """Where an exchange is stored: a file's path in the lake, the record's offset in it, and when the exchange took place."""

    file: str
    offset: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Image:
    """A lead image as published; width and height in pixels, None when neither measured nor declared."""

    url: str
    width: int | None
    height: int | None
    is_cached: bool


@dataclass(frozen=True, slots=True)
class Article:
    """An extracted page: one row of `extracted`.

    `provenance` maps each field to the place that its value was taken from, `alternatives` to the other places and their values.
    """

    original_url: str
    web_url: str
    title: str
    excerpt: str | None
    text: str | None
    authors: tuple[str, ...]
    published: Moment | None
    modified: datetime | None
    language: str | None
    provider_name: str | None
    provider_domain: str
    images: tuple[Image, ...]
    amp_web_url: str | None
    type: Literal["article", "video"]
    keywords: tuple[str, ...]
    is_accessible_for_free: bool | None
    source_id: str | None
    via: Via
    capture: CaptureRef
    payload_digest: str
    image_file: str | None = None
    """Path of the cached lead image in the lake."""
    provenance: Mapping[str, str] = field(default_factory=dict)
    alternatives: Mapping[str, str] = field(default_factory=dict)
    rights: Rights | None = None
    confidence: Confidence = field(default_factory=Confidence)


@dataclass(frozen=True, slots=True)
class Rejected:
    """A page that is not a news article; `reason` is one word."""

    reason: str


@dataclass(frozen=True, slots=True)
class Part:
    """A group of an interval's sources that is captured and extracted together."""

    interval: Interval
    name: str
    source_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CaptureReport:
    """The result of capturing one part: outcomes by `kind.verdict`, sources whose feeds could not be read, `bytes` of its WARC file."""

    interval: str
    part: str
    counts: Mapping[str, int]
    sources: tuple[str, ...]
    failed_sources: Mapping[str, str]
    """Source id to the reason of the failure."""
    reused: bool = False
    """True when the part had been captured before and nothing was fetched."""
    warnings: tuple[str, ...] = ()
    """Findings about the feeds of the part (`pipeline.discovery.health.findings`)."""
    unreached: Mapping[str, str] = field(default_factory=dict)
    """Hosts that could not be reached, with the reason (`dns`, `connection`, `timeout`); empty when any request was answered."""
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class RevisitReport:
    """How many captured pages were requested again in an hour, and with which result."""

    interval: str
    asked: int
    unchanged: int
    changed: int
    gone: int
    disallowed: int
    failed: int
    reused: bool = False
    """True when the hour's pages were revisited before and no request was sent."""


@dataclass(frozen=True, slots=True)
class RetentionReport:
    """What retention deleted: captures of `parts`, their `bytes`, kept listings (`documents`). `waiting`: old parts not yet extracted."""

    parts: int = 0
    bytes: int = 0
    documents: int = 0
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class ImagesReport:
    """How many cached images were deleted because no row names them. With `unnamed_rows` above 0 nothing is deleted."""

    deleted: int = 0
    bytes: int = 0
    kept: int = 0
    unnamed_rows: int = 0
    """Rows that have a cached image but do not name its file."""


@dataclass(frozen=True, slots=True)
class ExtractReport:
    """The result of extracting one part: number of dated articles, of rejected pages by reason, and the published dates that may change."""

    interval: str
    part: str
    articles: int
    rejected: Mapping[str, int]
    published_dates: tuple[date, ...]
    kept: bool = False
    """True when the captures were deleted by retention and the rows of the earlier extraction were kept."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What a build changed in the records of a published date, computed by `pipeline.publishing.differences`."""

    before: int = 0
    after: int = 0
    """Number of records before and after."""
    new: int = 0
    changed: int = 0
    vanished: int = 0
    fields: Mapping[str, int] = field(default_factory=dict)
    """Field to the number of changed records in which it differs, the most frequent first."""
    new_urls: tuple[str, ...] = ()
    changed_urls: tuple[str, ...] = ()
    vanished_urls: tuple[str, ...] = ()
    """The first webUrls of each kind, in alphabetical order."""


@dataclass(frozen=True, slots=True)
class PublishReport:
    """The result of building one published date."""

    published_date: date
    articles: int
    published: int
    stories: int
    rebuilt: bool
    """False when the same inputs were built before, by their fingerprint."""
    fingerprint: str
    touches: tuple[date, ...] = ()
    final_from: datetime | None = None
    """The moment after which no newly published article can join a story of the date. Late captures of earlier articles can."""
    difference: Difference = Difference()
    """The changes to the records published before; empty when the date was not rebuilt."""
    warnings: tuple[str, ...] = ()
    """One sentence for each file of the date that was damaged or missing and was built again."""
    changes: str | None = None
    """The file of the lake with the build's rows of the table `changes`; None when no record changed."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One HTTP request and its answer: `request` and `response` are the octets that went over the wire."""

    url: str
    at: datetime
    status: int
    content_type: str | None
    validators: Validators
    request: bytes
    response: bytes
    body: bytes
    """The content without transfer and content codings; only its beginning when the answer broke off."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """The headers of the answer, with names in lower case."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of a GET: every exchange, redirects included, and the error that ended it, if any."""

    url: str
    exchanges: tuple[Exchange, ...] = ()
    error: FetchError | None = None
    is_disallowed: bool = False
    """Whether robots.txt disallows the URL; no request was sent then."""

    @property
    def final(self) -> Exchange | None:
        """The last exchange, None when there was none."""
        return self.exchanges[-1] if self.exchanges else None

    @property
    def moved_to(self) -> str | None:
        """The last URL of a chain of permanent redirects (301, 308); None without redirects, or when one of them is temporary."""
        hops = self.exchanges[:-1]
        if hops and self.final is not None and all(hop.status in (301, 308) for hop in hops):
            return self.final.url
        return None

    @property
    def bytes(self) -> int:
        """Octets of all answers over the wire, headers included."""
        return sum(len(exchange.response) for exchange in self.exchanges)


class Clock(Protocol):
    """The source of time, passed as an argument so that tests need not wait."""

    def now(self) -> datetime:
        """The present time, aware and in UTC."""

    def sleep(self, seconds: float) -> None:
        """Wait for so many seconds."""
