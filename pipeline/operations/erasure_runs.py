"""A provider erased from the lake: planned, then carried out part by part, then its dates published without it.

The record in `erasures/` is written first: from then on nothing of the provider is taken in. Every later step can be interrupted and done
again, and the lake can be read between any two of them: a part's captures keep their length and offsets (`redaction`), a file is
replaced whole, and published dates follow when no row of the provider is left. What other lakes hold is theirs.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import pyarrow as pa

from pipeline.core import schema
from pipeline.core.catalogue import Catalogue
from pipeline.core.errors import PermanentError
from pipeline.core.models import Clock, Interval, Part
from pipeline.core.settings import Settings
from pipeline.extraction.extract import affected_dates
from pipeline.lake import storage
from pipeline.lake.erased_providers import read_erased
from pipeline.lake.erasures import Counts, Erased, ErasureRecord, from_json, provider_domain, sum_counts, to_json
from pipeline.lake.ledgers import read_manifest
from pipeline.lake.locks import exclusive_lock
from pipeline.lake.storage import Lake, Mark
from pipeline.lake.warc import read_records
from pipeline.operations import stages
from pipeline.operations.redaction import is_theirs, scrub_part, traces_of
from pipeline.operations.retention import named_images
from pipeline.publishing.date_builds import BuildOptions

log = logging.getLogger(__name__)

ROW_COLUMNS = ("webUrl", "originalUrl", "publishedDateTime", "imageFile")
MAX_DOCUMENT_BYTES = 50_000_000


@dataclass(frozen=True, slots=True)
class ErasurePlan:
    """What the lake has of a provider; `parts` are those that hold something of it, `images` those that only its rows may name."""

    domain: str
    counts: Counts
    first: date | None
    """The first and the last published date with a record or a row of it."""
    last: date | None
    dates: tuple[date, ...]
    """Published dates to build again: those and their neighbours, whose stories may name it."""
    parts: tuple[Part, ...]
    images: tuple[str, ...]
    sources: tuple[str, ...]
    """Sources of the catalogue that rest from now on."""
    is_known: bool = False
    """Whether it was erased before; then this is what came since, or what an interrupted run left."""


def plan_erasure(settings: Settings, catalogue: Catalogue, domain: str) -> ErasurePlan:
    """Look through the lake for the provider of `domain`. Writes nothing.

    Raises ConfigError for what is no provider's domain, PermanentError for a lake whose records could not be built again.
    """
    lake, name = Lake(settings.lake), provider_domain(domain)
    erased = Erased(frozenset({name}))
    counts, parts, images, days = Counts(), [], set(), set()
    for part in _parts(lake):
        manifest = read_manifest(lake, part)
        traces = traces_of(manifest, erased)
        rows = [row for row in _rows(lake, part) if is_theirs(row, erased)]
        if not traces.is_named and not rows:
            continue
        parts.append(part)
        images |= {row["imageFile"] for row in rows if row["imageFile"] is not None}
        days |= {row["publishedDateTime"].date() for row in rows if row["publishedDateTime"] is not None}
        exchanged = [one for one in traces.outcomes if one.offset is not None]
        found = Counts(len(exchanged), sum(one.bytes for one in exchanged), rows=len(rows), ledger=len(traces.outcomes))
        counts = sum_counts(counts, found)
    records = {day: number for day in lake.published_dates() if (number := _records(lake, day, erased)[0])}
    if not lake.touched_dates() and any(_records(lake, day, erased)[1] for day in records):
        raise PermanentError(f"{lake.uri} has records and not what they were made from: delete it, and build it again from a lake that has")
    documents = list(_documents(lake, erased))
    days |= records.keys()
    kept = replace(counts, records=sum(records.values()), documents=len(documents), images=len(images))
    window = timedelta(hours=catalogue.scoring.stories.window_hours)
    resting = tuple(source.id for source in catalogue.sources if any(erased.holds(url) for url in source.listings))
    return ErasurePlan(
        domain=name,
        counts=kept,
        first=min(days, default=None),
        last=max(days, default=None),
        dates=affected_dates(lake, days, window=window),
        parts=tuple(parts),
        images=tuple(sorted(images)),
        sources=resting,
        is_known=lake.exists(storage.erasure_path(name)),
    )


def run_erasure(settings: Settings, catalogue: Catalogue, plan: ErasurePlan, *, reason: str, clock: Clock) -> ErasureRecord:
    """Carry out `plan`, or go on with what an interrupted call left; the record that is kept.

    Raises LockedError when another process does it, StorageError and other transient errors: the same call goes on.
    """
    lake = Lake(settings.lake)
    with exclusive_lock(lake, storage.erasure_lock_path(plan.domain), what=f"erasing {plan.domain}"):
        record = _begin(lake, plan, reason, clock)
        erased = Erased(frozenset({plan.domain}))
        marks = _marks(lake)
        for number, part in enumerate(map(_part, record.parts), start=1):
            scrub_part(lake, part, read_manifest(lake, part), erased, marks.get((part.interval.key, part.name), ()))
            log.info("%s part %s: %d of %d", part.interval.key, part.name, number, len(record.parts))
        for path in list(_documents(lake, erased)):
            lake.delete(path)
        _scrub_backfills(lake, erased)
        _delete_images(lake, record)
        for report in stages.publish_dates(settings, catalogue, record.dates, BuildOptions(allow_shrink=True)):
            log.debug("%s: built without %s", report.published_date, plan.domain)
        record = replace(record, state="done", images=(), parts=(), finished=clock.now())
        lake.write_bytes(storage.erasure_path(plan.domain), to_json(record))
        return record


def erasures(settings: Settings) -> tuple[ErasureRecord, ...]:
    """The records of all erasures, by domain."""
    lake = Lake(settings.lake)
    paths = [storage.erasure_path(domain) for domain in sorted(read_erased(lake).domains)]
    return tuple(from_json(lake.read_bytes(path), path=path) for path in paths)


def _begin(lake: Lake, plan: ErasurePlan, reason: str, clock: Clock) -> ErasureRecord:
    """The record before anything goes: a call that goes on keeps what the first one counted, one that finds new things adds them."""
    path = storage.erasure_path(plan.domain)
    parts = tuple(f"{part.interval.key}/{part.name}" for part in plan.parts)
    record = ErasureRecord(plan.domain, reason, clock.now(), plan.counts, plan.dates, plan.images, parts)
    if lake.exists(path):
        known = from_json(lake.read_bytes(path), path=path)
        counts = sum_counts(known.counts, plan.counts) if known.state == "done" else known.counts
        record = replace(
            record,
            reason=known.reason,
            asked=known.asked,
            counts=counts,
            dates=tuple(sorted({*known.dates, *plan.dates})),
            images=tuple(sorted({*known.images, *plan.images})),
            parts=tuple(sorted({*known.parts, *parts})),
        )
    lake.write_bytes(path, to_json(record))
    return record


def _part(key: str) -> Part:
    interval, _, name = key.partition("/")
    return Part(Interval.parse(interval), name)


def _parts(lake: Lake) -> Iterator[Part]:
    for interval in lake.captured_intervals():
        for name in lake.captured_parts(interval.key):
            yield Part(interval, name)


def _rows(lake: Lake, part: Part) -> list[dict[str, Any]]:
    path = storage.extracted_path(part)
    if not lake.exists(path):
        return []
    rows: list[dict[str, Any]] = lake.read_rows([path], None, schema.EXTRACTED, columns=ROW_COLUMNS).to_pylist()
    return rows


def _records(lake: Lake, day: date, erased: Erased) -> tuple[int, int]:
    """Records of the date: the provider's, and others'."""
    rows = lake.read_table(storage.articles_path(day), columns=["webUrl", "originalUrl"]).to_pylist()
    theirs = sum(is_theirs(row, erased) for row in rows)
    return theirs, len(rows) - theirs


def _documents(lake: Lake, erased: Erased) -> Iterator[str]:
    """Kept listings of the provider, and those of others that name its pages; they are asked for again when they are needed."""
    for path in (file.path for file in lake.files(storage.DOCUMENTS) if file.path.endswith(".warc.gz")):
        with lake.open(path) as file:
            for record in read_records(file, max_body_bytes=MAX_DOCUMENT_BYTES):
                if erased.names(record.url) or any(domain.encode() in record.body.lower() for domain in erased.domains):
                    yield path
                    break


def _marks(lake: Lake) -> dict[tuple[str, str], Sequence[Mark]]:
    found: dict[tuple[str, str], list[Mark]] = defaultdict(list)
    for day in lake.touched_dates():
        for mark in lake.marks(day):
            found[mark.interval, mark.part].append(mark)
    return dict(found)


def _scrub_backfills(lake: Lake, erased: Erased) -> None:
    """Records of backfills name pages that changed; copies of what stood before are those of backfills under way."""
    for path in (file.path for file in lake.files(storage.BACKFILLS)):
        data = lake.read_bytes(path)
        if path.endswith(".json"):
            after = erased.without(data.decode()).encode()
            if after != data:
                lake.write_bytes(path, after)
        elif path.endswith(".parquet") and data:
            table = lake.read_table(path)
            rows = [_without_related(row, erased) for row in table.to_pylist() if not is_theirs(row, erased)]
            replaced = pa.Table.from_pylist(rows, schema=table.schema)
            if not replaced.equals(table):
                lake.write_table(path, replaced)


def _without_related(row: dict[str, Any], erased: Erased) -> dict[str, Any]:
    related = row["related"]
    kept = [one for one in related if not erased.holds(one["webUrl"])] if isinstance(related, list) else related
    return {**row, "related": kept}


def _delete_images(lake: Lake, record: ErasureRecord) -> None:
    """Images that only the provider's rows named."""
    if not record.images:
        return
    named, _ = named_images(lake)
    for path in record.images:
        if path not in named:
            lake.delete(path)
