"""The publish stage: builds `articles`, `explain` and `stories` of a published date from the extracted articles of its window.

A date is built from all extracted rows of the window. The fingerprint of its inputs (the marks of its window, the catalogue, the newest
key, the versions of the code) is kept in all three files; a date with the same fingerprint is not built again, unless one of its files is
damaged or missing. `articles` is written last, and its fingerprint commits the others. One process at a time builds a date.
"""

from __future__ import annotations

import functools
import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
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
from pipeline.lake.storage import Lake, Mark
from pipeline.publishing.changes import Build, build_lock_path, uncommitted_changes, write_changes
from pipeline.publishing.differences import Comparison, compare, count_changes
from pipeline.publishing.record_tables import articles_table, explain_table, stories_table
from pipeline.publishing.records import Seal, build_records
from pipeline.publishing.sealing import Sealer
from pipeline.publishing.versions import COLUMNS, ArticleVersion, read_versions
from pipeline.stories.embeddings import package_version
from pipeline.text.counts import counted

log = logging.getLogger(__name__)

FINGERPRINT = b"news.fingerprint"
"""Key of the time of the newest capture that the records are built from, or of the past time that was asked for."""
RECORDS_VERSION = "7"
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

    With `as_of` only captures up to that time are used, and the partitions are written `into` another lake: the records as they were then.
    Raises ShrinkError when the rebuild would lose a larger share of the rows than `settings.max_shrink` and `allow_shrink` is false,
    PermanentError for `as_of` without another lake, ConfigError when the extra `embeddings` is asked for and missing, BusyError when
    another process builds the date for longer than half an hour, SchemaError, StorageError.
    """
    target = into or lake
    if as_of is not None and target.root == lake.root:
        raise PermanentError("a past state must be written into another lake: news publish DATE --as-of TIME --into LAKE")
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
        """The time to both sides of the date whose articles can be in its stories."""
        return timedelta(hours=self.catalogue.scoring.stories.window_hours)


@dataclass(frozen=True, slots=True)
class _Inputs:
    """What a date is built from: the marks of its window, and the digest of all inputs."""

    marks: list[Mark]
    fingerprint: str


def _read_inputs(work: _Work) -> _Inputs:
    marks = _marks(work.lake, work.published_date, work.window)
    fingerprint = _fingerprint(marks, work.catalogue, work.published_date, work.sealer, work.as_of, work.settings.min_confidences)
    return _Inputs(marks, fingerprint)


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
    day, target, min_confidences = work.published_date, work.target, work.settings.min_confidences
    versions = _window_versions(work.lake, inputs.marks, day, work.window, work.as_of)
    records = build_records(versions, work.catalogue, day, seal=_seal(work.sealer), min_confidences=min_confidences)
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


def _marks(lake: Lake, published_date: date, window: timedelta) -> list[Mark]:
    days = -(-window // DAY)
    return [mark for shift in range(-days, days + 1) for mark in lake.marks(published_date + shift * DAY)]


def _fingerprint(
    marks: list[Mark],
    catalogue: Catalogue,
    published_date: date,
    sealer: Sealer | None,
    as_of: datetime | None,
    min_confidences: Mapping[str, float],
) -> str:
    inputs: dict[str, object] = {
        "date": published_date.isoformat(),
        "marks": [mark.path for mark in marks],
        "catalogue": catalogue.digest,
        "key": sealer.key_ids[0] if sealer is not None else None,
        "asOf": as_of.isoformat() if as_of is not None else None,
        "version": [VERSION, RECORDS_VERSION, pa.__version__],
    }
    if catalogue.scoring.stories.embeddings:
        inputs["embeddings"] = package_version()
    if min_confidences:
        inputs["minConfidences"] = min_confidences
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()


def _window_versions(
    lake: Lake, marks: list[Mark], published_date: date, window: timedelta, as_of: datetime | None
) -> list[ArticleVersion]:
    """The versions that were published in the date's window and, with `as_of`, captured by then; without those of erased providers."""
    midnight = _midnight(published_date)
    field = ds.field("publishedDateTime")
    inside = (field >= pa.scalar(midnight - window, schema.TIMESTAMP)) & (field < pa.scalar(midnight + DAY + window, schema.TIMESTAMP))
    if as_of is not None:
        inside &= ds.field("capturedAt") <= pa.scalar(as_of, schema.TIMESTAMP)
    paths = [path for path in sorted({mark.extracted_path for mark in marks}) if lake.exists(path)]
    versions = read_versions(lake.read_rows(paths, inside, schema.EXTRACTED, columns=COLUMNS))
    erased = read_erased(lake)
    return [version for version in versions if not erased.holds(version.web_url)] if erased else versions


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
