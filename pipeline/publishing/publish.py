"""The publish stage: builds `articles`, `explain` and `stories` of a published date from its extracted articles and the timeline.

The timeline has the stories of all dates, which a date only reads. The fingerprint of a date's inputs (its articles and the other members
of their stories, the catalogue, the newest key, the versions of the code) is kept in all three files; a date with the same fingerprint is
not built again, unless one of its files is damaged or missing. `articles` is written last, and its fingerprint commits the others. One
process at a time builds a date.
"""

from __future__ import annotations

import functools
import hashlib
import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import pyarrow as pa
import pyarrow.dataset as ds

from pipeline.core import schema
from pipeline.core.catalogue import Catalogue
from pipeline.core.errors import DamagedError, PermanentError, ShrinkError
from pipeline.core.models import Difference, PublishReport
from pipeline.core.settings import VERSION, Settings
from pipeline.lake import storage
from pipeline.lake.locks import Check, lock_in_turn, remove_stale_lock
from pipeline.lake.removals.erased_providers import read_erased
from pipeline.lake.storage import Lake
from pipeline.publishing.article_stories import DateStories, read_stories
from pipeline.publishing.changes import Build, build_lock_path, uncommitted_changes, write_changes
from pipeline.publishing.differences import Comparison, compare, count_changes
from pipeline.publishing.record_tables import articles_table, explain_table, stories_table
from pipeline.publishing.records import Seal, build_records
from pipeline.publishing.sealing import Sealer
from pipeline.publishing.timeline.folding import mend_timeline, read_timeline, read_timeline_as_of
from pipeline.publishing.versions import COLUMNS, ArticleVersion, read_versions
from pipeline.stories.timeline.log import State
from pipeline.text.counts import counted

log = logging.getLogger(__name__)

FINGERPRINT = b"news.fingerprint"
"""Key of the time of the newest capture that the records are built from, or of the past time that was asked for."""
RECORDS_VERSION = "8"
"""Part of the fingerprint. Raise it when a change of the code gives other records for the same inputs, so that every date is rebuilt."""
SMALL_PARTITION = 10
"""Rows below which a partition may shrink by any share, because one row is a large share of it. A plain choice."""
DAY = timedelta(days=1)


def publish_date(
    lake: Lake,
    settings: Settings,
    catalogue: Catalogue,
    published_date: date,
    *,
    allow_shrink: bool = False,
    as_of: datetime | None = None,
    into: Lake | None = None,
) -> PublishReport:
    """Build the partitions of the date, unless they were built from the same inputs before.

    Stories are those of the timeline, see `timeline.folding`. With `as_of` only captures up to that time are used, and the partitions are
    written `into` another lake: the records as they were then. Raises ShrinkError when the rebuild would lose a larger share of the rows
    than `settings.max_shrink` and `allow_shrink` is false, PermanentError for `as_of` without another lake, BusyError when another process
    builds the date for longer than half an hour, SchemaError, StorageError.
    """
    if as_of is not None and (into is None or into.root == lake.root):
        raise PermanentError("a past state must be written into another lake: news publish DATE --as-of TIME --into LAKE")
    target = into or lake
    sealer = Sealer(settings.sealing_keys) if settings.sealing_keys else None
    warn_unsealed(is_sealed=sealer is not None)
    work = _Work(lake, target, settings, catalogue, published_date, sealer, as_of)
    lock = build_lock_path(published_date)
    while True:
        stamp = target.file(storage.articles_path(published_date))
        inputs, standing = _read_inputs(work), _read_standing(target, published_date)
        is_built = standing.fingerprint == inputs.fingerprint
        if is_built and not uncommitted_changes(target, published_date, standing.built_from):
            remove_stale_lock(target, lock)
            return _unchanged(work, inputs, standing)
        with lock_in_turn(target, lock, what=f"the build of {published_date}") as check_lock:
            if target.file(storage.articles_path(published_date)) != stamp:
                continue  # another process has built the date since its files were read
            if not is_built:
                return _build(work, inputs, standing, allow_shrink=allow_shrink, check_lock=check_lock)
            for path in uncommitted_changes(target, published_date, standing.built_from):
                target.delete(path)


@dataclass(frozen=True, slots=True)
class _Work:
    """A date that is built from the rows of `lake` into `target`."""

    lake: Lake
    target: Lake
    settings: Settings
    catalogue: Catalogue
    published_date: date
    sealer: Sealer | None
    as_of: datetime | None

    @property
    def window(self) -> timedelta:
        """The time after the date in which a newly published article can join its stories."""
        return timedelta(hours=self.catalogue.scoring.stories.window_hours)


@dataclass(frozen=True, slots=True)
class _Inputs:
    """What a date is built from: the stories of its articles, and the digest of all inputs."""

    stories: DateStories
    fingerprint: str


def stale_dates(lake: Lake, settings: Settings, catalogue: Catalogue, dates: Iterable[date]) -> tuple[date, ...]:
    """Those of `dates` whose records were built from other inputs than those of now, are damaged, or were never built.

    Raises as `publish_date` does.
    """
    sealer = Sealer(settings.sealing_keys) if settings.sealing_keys else None
    timeline, stale = read_timeline(lake), []
    for day in sorted(dates):
        work = _Work(lake, lake, settings, catalogue, day, sealer, None)
        try:
            inputs = _inputs(work, timeline)
        except (DamagedError, FileNotFoundError):
            inputs, timeline = _read_inputs(work), read_timeline(lake)
        if _built_from(lake, day) != inputs.fingerprint:
            stale.append(day)
    return tuple(stale)


def _built_from(lake: Lake, published_date: date) -> str | None:
    """The fingerprint in the metadata of the date's `articles`; None when they are missing or damaged."""
    try:
        return lake.read_metadata(storage.articles_path(published_date)).get(FINGERPRINT, b"").decode()
    except DamagedError:
        return None


def _read_inputs(work: _Work) -> _Inputs:
    """The inputs of the date. A file of the timeline that another process replaced meanwhile is read anew, a damaged one is made again."""
    for mend in (None, mend_timeline):
        try:
            return _inputs(work, _timeline(work))
        except FileNotFoundError:
            log.debug("%s: the timeline changed while it was read", work.published_date)
        except DamagedError as error:
            log.warning("%s; the timeline is folded again", error)
        if mend is not None:
            mend(work.lake, work.settings, work.catalogue)
    return _inputs(work, _timeline(work))


def _timeline(work: _Work) -> State:
    if work.as_of is not None:
        return read_timeline_as_of(work.lake, work.settings, work.catalogue, work.as_of)
    return read_timeline(work.lake)


def _inputs(work: _Work, timeline: State) -> _Inputs:
    stories = read_stories(timeline, work.published_date, work.catalogue.scoring.stories)
    inputs = {
        "date": work.published_date.isoformat(),
        "stories": stories.members.digest(),
        "catalogue": work.catalogue.digest,
        "key": work.sealer.key_ids[0] if work.sealer is not None else None,
        "asOf": work.as_of.isoformat() if work.as_of is not None else None,
        "version": [VERSION, RECORDS_VERSION, pa.__version__],
    }
    return _Inputs(stories, hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest())


def _unchanged(work: _Work, inputs: _Inputs, standing: _Standing) -> PublishReport:
    """The report of a date that was built from the same inputs before."""
    if standing.articles is None:
        raise ValueError(f"{work.published_date} has no records")
    rows = standing.articles.num_rows
    return _report(work, standing.articles, stories=0, is_rebuilt=False, fingerprint=inputs.fingerprint, change=Difference(rows, rows))


def _build(work: _Work, inputs: _Inputs, standing: _Standing, *, allow_shrink: bool, check_lock: Check) -> PublishReport:
    """Build the date's records and replace its files; the caller holds the lock of the date. Raises ShrinkError, BusyError."""
    for warning in standing.warnings:
        log.warning(warning)
    day, target = work.published_date, work.target
    versions = _read_versions(work, inputs.stories)
    records = build_records(versions, work.catalogue, day, stories=inputs.stories, seal=_seal(work.sealer))
    articles, explain = articles_table(records.articles), explain_table(records.explanations)
    known = standing.articles if standing.articles is not None else standing.explain
    if known is not None and not allow_shrink:
        _refuse_shrinking(known, articles, day, max_shrink=work.settings.max_shrink)
    compared = compare(standing.articles, articles)
    check_lock()
    changes = _write_changes(target, standing, day, inputs.fingerprint, versions, compared)
    metadata = {FINGERPRINT: inputs.fingerprint.encode(), **_as_of(versions, work.as_of)}
    stories = stories_table(records.first_reported)
    target.write_table(storage.stories_path(day), stories.replace_schema_metadata(metadata))
    target.write_table(storage.explain_path(day), explain.replace_schema_metadata(metadata))
    target.write_table(storage.articles_path(day), articles.replace_schema_metadata(metadata))
    log.debug("%s: %s, %s", day, counted(articles.num_rows, "article"), counted(records.stories, "story", "stories"))
    return _report(
        work,
        articles,
        stories=records.stories,
        is_rebuilt=True,
        fingerprint=inputs.fingerprint,
        change=count_changes(compared),
        warnings=standing.warnings,
        changes=changes,
    )


def _write_changes(
    target: Lake, standing: _Standing, published_date: date, fingerprint: str, versions: Sequence[ArticleVersion], compared: Comparison
) -> str | None:
    """Write the build's changes; returns their path, None when nothing changed or the damaged old table cannot be compared."""
    if standing.articles is None and standing.warnings:
        return None
    known_until = max((version.captured_at for version in versions), default=None)
    build = Build(published_date, standing.built_from, fingerprint, known_until)
    return write_changes(target, build, compared, erased=read_erased(target))


@functools.cache
def warn_unsealed(*, is_sealed: bool) -> None:
    """Log, once in a process, that the records have no sealed values."""
    if not is_sealed:
        log.warning("NEWS_SEALING_KEYS is not set: `secured` is null in every record")


@dataclass(frozen=True, slots=True)
class _Standing:
    """The present tables of a date. A table is None when it is missing or damaged; a warning says so when it should exist."""

    articles: pa.Table | None
    explain: pa.Table | None
    stories: pa.Table | None
    warnings: tuple[str, ...]

    @property
    def fingerprint(self) -> str | None:
        """The fingerprint of the inputs from which all tables were built; None when one of them must be built again."""
        return self.built_from if self.explain is not None and self.stories is not None else None

    @property
    def built_from(self) -> str | None:
        """The fingerprint of the inputs from which `articles` was built."""
        if self.articles is None:
            return None
        found: bytes = (self.articles.schema.metadata or {}).get(FINGERPRINT, b"")
        return found.decode()


def _read_standing(lake: Lake, published_date: date) -> _Standing:
    """Read the tables whole, so that damage is noticed and repaired even in a date whose inputs did not change."""
    articles, warning = _read_whole(lake, storage.articles_path(published_date))
    explain, of_explain = _read_beside(lake, storage.explain_path(published_date), is_published=articles is not None)
    stories, of_stories = _read_beside(lake, storage.stories_path(published_date), is_published=articles is not None)
    return _Standing(articles, explain, stories, tuple(one for one in (warning, of_explain, of_stories) if one is not None))


def _read_beside(lake: Lake, path: str, *, is_published: bool) -> tuple[pa.Table | None, str | None]:
    """As `_read_whole`, with a warning also when the table is missing beside the `articles` of a published date."""
    table, warning = _read_whole(lake, path)
    if table is None and warning is None and is_published:
        warning = f"{path} is missing; it is built again"
    return table, warning


def _read_whole(lake: Lake, path: str) -> tuple[pa.Table | None, str | None]:
    """The table at `path`, None when it is missing or damaged; and a warning when it is damaged."""
    try:
        return lake.read_table(path), None
    except FileNotFoundError:
        return None, None
    except DamagedError as error:
        return None, f"{error}; it is built again"


def _read_versions(work: _Work, stories: DateStories) -> list[ArticleVersion]:
    """The versions of the articles of `stories` and, with `as_of`, only those captured by then; without those of erased providers."""
    published_on = stories.published_dates
    dates = sorted(set(published_on.values()))
    if not dates:
        return []
    field, others = ds.field("publishedDateTime"), [url for url, day in published_on.items() if day != work.published_date]
    own = _between(field, work.published_date, work.published_date)
    where = own | (_between(field, dates[0], dates[-1]) & ds.field("webUrl").isin(pa.array(others, pa.string())))
    if work.as_of is not None:
        where &= ds.field("capturedAt") <= pa.scalar(work.as_of, schema.TIMESTAMP)
    paths = sorted({mark.extracted_path for day in dates for mark in work.lake.marks(day)})
    rows = work.lake.read_rows([path for path in paths if work.lake.exists(path)], where, schema.EXTRACTED, columns=COLUMNS)
    erased = read_erased(work.lake)
    return [version for version in read_versions(rows) if not erased.holds(version.web_url)]


def _between(field: ds.Expression, first: date, last: date) -> ds.Expression:
    """Whether the time lies on the dates from `first` to `last`."""
    return (field >= pa.scalar(_midnight(first), schema.TIMESTAMP)) & (field < pa.scalar(_midnight(last) + DAY, schema.TIMESTAMP))


def _as_of(versions: list[ArticleVersion], asked: datetime | None) -> dict[bytes, bytes]:
    newest = asked or max((version.captured_at for version in versions), default=None)
    return {schema.AS_OF: newest.astimezone(UTC).isoformat().encode()} if newest is not None else {}


def _midnight(published_date: date) -> datetime:
    return datetime.combine(published_date, time(), UTC)


def _seal(sealer: Sealer | None) -> Seal | None:
    if sealer is None:
        return None

    def seal(private: Mapping[str, object], web_url: str) -> str:
        return sealer.seal({**private, "extractor": VERSION}, web_url=web_url)

    return seal


def _refuse_shrinking(before: pa.Table, after: pa.Table, published_date: date, *, max_shrink: float) -> None:
    lost = before.num_rows - after.num_rows
    if before.num_rows >= SMALL_PARTITION and lost > max_shrink * before.num_rows:
        vanished = sorted(set(before["webUrl"].to_pylist()) - set(after["webUrl"].to_pylist()))
        raise ShrinkError(
            f"published_date={published_date}: the rebuild has {counted(after.num_rows, 'row')}, the partition {before.num_rows}; "
            f"more than {max_shrink:.0%} would be lost, the first of them {vanished[0]}",
            f"If that is right, run: news publish {published_date} --allow-shrink",
        )


def _report(
    work: _Work,
    articles: pa.Table,
    *,
    stories: int,
    is_rebuilt: bool,
    fingerprint: str,
    change: Difference,
    warnings: tuple[str, ...] = (),
    changes: str | None = None,
) -> PublishReport:
    return PublishReport(
        published_date=work.published_date,
        articles=articles.num_rows,
        published=sum(articles["published"].to_pylist()),
        stories=stories,
        rebuilt=is_rebuilt,
        fingerprint=fingerprint,
        final_from=_midnight(work.published_date) + DAY + work.window,
        difference=change,
        warnings=warnings,
        changes=changes,
    )
