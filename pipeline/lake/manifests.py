"""The manifest of a captured part: its commit, its memory, and what later intervals need to know.

Pure: values to JSON and back. A part without a manifest does not exist. Feeds carry their state from manifest to manifest, so there is
no side database: validators for the conditional GET, the entries that stand in the document, and the URLs still to be tried again.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import TypeAdapter, ValidationError

from pipeline.core.errors import SchemaError
from pipeline.core.models import Entry, Origin, Outcome, Validators, Verdict
from pipeline.lake.schedules import NEVER_ASKED, Schedule
from pipeline.text.urls import url_digest

FORMAT = 1
NO_VALIDATORS = Validators()


@dataclass(frozen=True, slots=True)
class Pending:
    """An entry whose fetch failed for now; `attempts` is how many intervals tried it."""

    entry: Entry
    attempts: int


@dataclass(frozen=True, slots=True)
class FeedState:
    """A feed after its poll. `seen` are the URL digests of the entries in the last document that was read."""

    source_id: str
    url: str
    verdict: Verdict
    reason: str | None = None
    status: int | None = None
    moved_to: str | None = None
    """Where a permanent redirect (301, 308) leads: the catalogue should say so."""
    validators: Validators = NO_VALIDATORS
    seen: tuple[str, ...] = ()
    pending: tuple[Pending, ...] = ()
    schedule: Schedule = NEVER_ASKED
    new: int = 0
    """Entries that this poll's document had and the last one had not; 0 for a feed's first."""
    is_carried: bool = False
    """Not due in this interval, so not asked: everything but `pending` stands as an earlier interval left it."""


@dataclass(frozen=True, slots=True)
class Probe:
    """A request for a page's picture or AMP page; `offset` where its answer lies, `is_gone` when it will not be there later either."""

    url: str
    offset: int | None = None
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class RecordPlace:
    """Where a record lies in the lake."""

    file: str
    offset: int


@dataclass(frozen=True, slots=True)
class PageCapture:
    """A captured page: its entry, where its record lies, and the probes made for it."""

    entry: Entry
    offset: int
    images: tuple[Probe, ...] = ()
    amp: Probe | None = None
    replaces: RecordPlace | None = None
    """Of a revisit: the version before this one."""
    unprobed: str | None = None
    """Why its pictures and its AMP page were not looked for, where they were not: one word, see `pipeline.capture.probes`."""


@dataclass(frozen=True, slots=True)
class GonePage:
    """A page captured before that its publisher says is gone: when, where that answer lies, and where the page's last capture does."""

    url: str
    at: datetime
    offset: int
    file: str
    file_offset: int


@dataclass(frozen=True, slots=True)
class HostDeclaration:
    """What a host declares of the use of its pages, as lines of its robots.txt or rules of its tdmrep.json; captured `at` a time."""

    url: str
    at: datetime
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Manifest:
    interval: str
    part: str
    software: str
    sources: tuple[str, ...]
    captures_bytes: int
    captures_sha256: str
    counts: dict[str, int]
    """`kind.verdict` to how many, in alphabetical order."""
    feeds: tuple[FeedState, ...]
    pages: tuple[PageCapture, ...]
    outcomes: tuple[Outcome, ...]
    taken: tuple[datetime, datetime] | None = None
    """Of a past interval: the half-open range of published dates that is taken in. None for a live one, which takes everything."""
    order: tuple[Origin, ...] = ()
    """Of a past interval: the origins that were allowed, in their order."""
    origins: dict[str, Origin] = field(default_factory=dict)
    """Of a past interval: source id to the origin that served it; `ccnews` or `warc` where it is left to these files' own parts."""
    goes_on: int | None = None
    """Of a part of an archive's file: the offset at which the next part begins; None at the file's end."""
    gone: tuple[GonePage, ...] = ()
    """Of a part of revisits."""
    declarations: tuple[HostDeclaration, ...] = ()
    """Those of the part's hosts that were in force when its pages were fetched, whenever they were captured."""
    format: int = FORMAT

    @property
    def unserved(self) -> tuple[str, ...]:
        """Sources of a past interval that no origin had."""
        return tuple(source for source in self.sources if source not in self.origins) if self.taken is not None else ()

    @property
    def seen(self) -> frozenset[str]:
        """Digests of the URLs that need no fetch any more: captured here, or standing in a feed's document."""
        captured = {url_digest(page.entry.url) for page in self.pages}
        waiting = {url_digest(pending.entry.url) for feed in self.feeds for pending in feed.pending}
        return frozenset((captured | {digest for feed in self.feeds for digest in feed.seen}) - waiting)


_ADAPTER = TypeAdapter(Manifest)


def to_json(manifest: Manifest) -> bytes:
    """Equal manifests give equal bytes. Defaults are left out, but for the format, which a later program may default otherwise."""
    data = _ADAPTER.dump_python(manifest, mode="json", exclude_defaults=True)
    return json.dumps({"format": manifest.format, **data}, ensure_ascii=False, indent=1).encode() + b"\n"


def from_json(data: bytes, *, path: str) -> Manifest:
    """Raises SchemaError naming `path` when the bytes are no manifest of this format."""
    try:
        manifest = _ADAPTER.validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise SchemaError(f"{path}: not a manifest: {where}: {first['msg']}") from error
    if manifest.format != FORMAT:
        raise SchemaError(f"{path}: a manifest of format {manifest.format}, and this program reads format {FORMAT}")
    return manifest


def count(outcomes: Iterable[Outcome]) -> dict[str, int]:
    return dict(sorted(Counter(f"{outcome.kind}.{outcome.verdict}" for outcome in outcomes).items()))
