"""Erase a provider from the lake: plan it, redact part by part, then publish the affected dates without the provider.

The record in `erasures/` is written first; from then on no stage captures or extracts the provider. Every later step can be interrupted and
repeated, and the lake can be read between any two steps: captures keep their length and offsets (`redaction`), every file is replaced as a
whole, and stories are folded and dates published only when no extracted row of the provider is left. Copies of the lake are not touched.
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
from pipeline.core.progress import steps
from pipeline.core.settings import Settings
from pipeline.extraction.extract import affected_dates
from pipeline.lake import storage
from pipeline.lake.archives.warc import read_records
from pipeline.lake.ledgers import read_manifest
from pipeline.lake.locks import exclusive_lock
from pipeline.lake.removals.erased_providers import read_erased
from pipeline.lake.removals.erasures import ErasedDomains, ErasureCounts, ErasureRecord, from_json, provider_domain, sum_counts, to_json
from pipeline.lake.storage import Lake, Mark, committed_parts
from pipeline.operations import stages
from pipeline.operations.redaction import is_of_provider, redact_part, traces_of
from pipeline.operations.retention import named_images
from pipeline.publishing.changes import scrub_changes
from pipeline.publishing.date_builds import BuildOptions
from pipeline.text.counts import counted

log = logging.getLogger(__name__)

ROW_COLUMNS = ("webUrl", "originalUrl", "publishedDateTime", "imageFile")
MAX_DOCUMENT_BYTES = 50_000_000
"""Bytes of a kept listing that are searched: the limit for an uncompressed sitemap (sitemaps.org: 50 MB)."""


@dataclass(frozen=True, slots=True)
class ErasurePlan:
    """What the lake holds of a provider: `parts` with traces of it, `images` that its rows name, `dates` to build again."""

    domain: str
    counts: ErasureCounts
    first: date | None
    """`first` and `last`: the range of published dates with a record or extracted row of the provider."""
    last: date | None
    dates: tuple[date, ...]
    """Published dates to build again: the provider's, and the neighbours whose stories may list its articles."""
    parts: tuple[Part, ...]
    images: tuple[str, ...]
    sources: tuple[str, ...]
    """Ids of the catalogue's sources that are no longer asked after the erasure."""
    is_known: bool = False
    """Whether the provider was erased before; the plan then holds what an interrupted run left, or what was added since."""


def plan_erasure(settings: Settings, catalogue: Catalogue, domain: str) -> ErasurePlan:
    """Search the lake for everything of the provider of `domain`. Writes nothing.

    Raises ConfigError when `domain` is not a provider's domain, PermanentError when the lake has records but no rows to build them from.
    """
    lake, name = Lake(settings.lake), provider_domain(domain)
    erased = ErasedDomains(frozenset({name}))
    counts, parts, images, days = ErasureCounts(), [], set(), set()
    captured = committed_parts(file.path for file in lake.files("raw"))
    extracted = {file.path for file in lake.files("extracted")}
    for part in steps(captured, "searching parts", total=len(captured)):
        manifest = read_manifest(lake, part)
        traces = traces_of(manifest, erased)
        path = storage.extracted_path(part)
        rows = [row for row in (_rows(lake, path) if path in extracted else ()) if is_of_provider(row, erased)]
        if not traces.is_named and not rows:
            continue
        parts.append(part)
        images |= {row["imageFile"] for row in rows if row["imageFile"] is not None}
        days |= {row["publishedDateTime"].date() for row in rows if row["publishedDateTime"] is not None}
        exchanged = [one for one in traces.outcomes if one.offset is not None]
        found = ErasureCounts(len(exchanged), sum(one.bytes for one in exchanged), rows=len(rows), ledger=len(traces.outcomes))
        counts = sum_counts(counts, found)
    records = {day: number for day in lake.published_dates() if (number := _records(lake, day, erased)[0])}
    if not lake.touched_dates() and any(_records(lake, day, erased)[1] for day in records):
        raise PermanentError(
            f"{lake.uri} has published records but no extracted rows: delete it, and build it again from the lake that has them"
        )
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
    """Carry out `plan`, continuing where an interrupted call stopped, and return the record that the lake keeps.

    Raises LockedError when another process erases the same provider. After a transient error the same call continues.
    """
    lake = Lake(settings.lake)
    with exclusive_lock(lake, storage.erasure_lock_path(plan.domain), what=f"erasing {plan.domain}"):
        record = _begin(lake, plan, reason, clock)
        erased = ErasedDomains(frozenset({plan.domain}))
        marks = _marks(lake)
        for number, part in enumerate(steps(map(_part, record.parts), "redacting parts", total=len(record.parts)), start=1):
            redact_part(lake, part, read_manifest(lake, part), erased, marks.get((part.interval.key, part.name), ()))
            log.info("redacted %s part %s: %d of %s", part.interval.key, part.name, number, counted(len(record.parts), "part"))
        for path in list(_documents(lake, erased)):
            lake.delete(path)
        _scrub_backfills(lake, erased)
        scrub_changes(lake, erased)
        _delete_images(lake, record)
        dates = sorted({*record.dates, *stages.fold(settings, catalogue, record.dates)})
        for report in stages.publish_dates(settings, catalogue, dates, BuildOptions(allow_shrink=True)):
            log.debug("published %s without %s", report.published_date, plan.domain)
        record = replace(record, state="done", images=(), parts=(), finished=clock.now())
        lake.write_bytes(storage.erasure_path(plan.domain), to_json(record))
        return record


def erasures(settings: Settings) -> tuple[ErasureRecord, ...]:
    """The records of all erasures, ordered by domain."""
    lake = Lake(settings.lake)
    paths = [storage.erasure_path(domain) for domain in sorted(read_erased(lake).domains)]
    return tuple(from_json(lake.read_bytes(path), path=path) for path in paths)


def _begin(lake: Lake, plan: ErasurePlan, reason: str, clock: Clock) -> ErasureRecord:
    """Write the record of the erasure before anything is deleted; a repeated call keeps the first reason and adds what `plan` found."""
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


def _rows(lake: Lake, path: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = lake.read_rows([path], None, schema.EXTRACTED, columns=ROW_COLUMNS).to_pylist()
    return rows


def _records(lake: Lake, day: date, erased: ErasedDomains) -> tuple[int, int]:
    """The number of records of the date that are the provider's, and of all others."""
    rows = lake.read_table(storage.articles_path(day), columns=["webUrl", "originalUrl"]).to_pylist()
    theirs = sum(is_of_provider(row, erased) for row in rows)
    return theirs, len(rows) - theirs


def _documents(lake: Lake, erased: ErasedDomains) -> Iterator[str]:
    """Paths of the kept listings that come from the provider or contain its domain; a backfill that needs one fetches it again."""
    for path in (file.path for file in lake.files(storage.DOCUMENTS) if file.path.endswith(".warc.gz")):
        with lake.open(path) as file:
            for record in read_records(file, max_body_bytes=MAX_DOCUMENT_BYTES):
                if erased.names(record.url) or any(domain.encode() in record.body.lower() for domain in erased.domains):
                    yield path
                    break


def _marks(lake: Lake) -> dict[tuple[str, str], Sequence[Mark]]:
    found: dict[tuple[str, str], list[Mark]] = defaultdict(list)
    for mark in lake.all_marks():
        found[mark.interval, mark.part].append(mark)
    return dict(found)


def _scrub_backfills(lake: Lake, erased: ErasedDomains) -> None:
    """Remove the provider from records of backfills, and its rows from the copies of published dates that running backfills keep."""
    for path in (file.path for file in lake.files(storage.BACKFILLS)):
        data = lake.read_bytes(path)
        if path.endswith(".json"):
            after = erased.without(data.decode()).encode()
            if after != data:
                lake.write_bytes(path, after)
        elif path.endswith(".parquet") and data:
            table = lake.read_table(path)
            rows = [_without_related(row, erased) for row in table.to_pylist() if not is_of_provider(row, erased)]
            replaced = pa.Table.from_pylist(rows, schema=table.schema)
            if not replaced.equals(table):
                lake.write_table(path, replaced)


def _without_related(row: dict[str, Any], erased: ErasedDomains) -> dict[str, Any]:
    related = row["related"]
    kept = [one for one in related if not erased.holds(one["webUrl"])] if isinstance(related, list) else related
    return {**row, "related": kept}


def _delete_images(lake: Lake, record: ErasureRecord) -> None:
    """Delete the images of the record that no extracted row names any more."""
    if not record.images:
        return
    named, _ = named_images(lake)
    for path in record.images:
        if path not in named:
            lake.delete(path)
