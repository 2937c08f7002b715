"""Read the tables behind completeness and write the completeness tables: one row for each source and UTC day.

Reads `ledger`, `extracted` and `articles`, writes `completeness`. `pipeline.operations.completeness` decides what is counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import pyarrow as pa

from pipeline.core import schema
from pipeline.core.catalogue import Catalogue
from pipeline.core.models import Part
from pipeline.core.progress import steps
from pipeline.lake import storage
from pipeline.lake.ledgers import parts_by_day, read_ledger
from pipeline.lake.storage import Lake
from pipeline.lake.tables import checked_table
from pipeline.operations.completeness import (
    EXTRACTED_COLUMNS,
    FOUND_COLUMNS,
    RHYTHM_DAYS,
    ListedPages,
    SourceDay,
    count_found,
    source_days,
    sources_seen_by,
)


def read_completeness(lake: Lake, catalogue: Catalogue, days: Sequence[date], *, is_whole: bool = False) -> tuple[SourceDay, ...]:
    """Compute the completeness rows of `days` from the lake, ordered by day and source.

    A followed source has a row on each day since the ledger first names it; with `is_whole` on every day.
    """
    needed = _with_rhythm(days)
    known = parts_by_day(lake, needed)
    parts = {day: known.get(day, []) for day in needed}
    listed = [day for day in parts if parts[day]]
    found = {
        day: count_found(read_ledger(lake, parts[day], columns=FOUND_COLUMNS))
        for day in steps(listed, "reading ledgers", total=len(listed))
    }
    history = _by_source(found)
    followed = [source.id for source in catalogue.enabled_sources]
    urls: dict[date, frozenset[str]] = {}
    rows: list[SourceDay] = []
    for day in steps(sorted(set(days)), "counting days", total=len(set(days))):
        extracted = _read_extracted(lake, parts[day])
        rows += source_days(
            day,
            ledger=read_ledger(lake, parts[day], columns=FOUND_COLUMNS),
            extracted=extracted,
            published=_published(lake, extracted, urls),
            history=history,
            sources=followed if is_whole else sources_seen_by(day, history).intersection(followed),
        )
    return tuple(rows)


def write_tables(lake: Lake, rows: Sequence[SourceDay]) -> None:
    """Replace the completeness table of each day that occurs in `rows`."""
    _leave_folders_of_days(lake)
    for day in sorted({row.day for row in rows}):
        table = checked_table([completeness_row(row) for row in rows if row.day == day], schema.COMPLETENESS, name="completeness")
        lake.write_table(storage.completeness_path(day), table)


def _leave_folders_of_days(lake: Lake) -> None:
    """Move each table out of its folder `day=D`: a reader that takes folders for columns would have the column `day` twice."""
    for name in lake.names("completeness"):
        old = f"completeness/{name}/completeness.parquet"
        if name.startswith("day=") and lake.exists(old):
            lake.write_table(storage.completeness_path(date.fromisoformat(name.removeprefix("day="))), lake.read_table(old))
            lake.delete(old)


def _with_rhythm(days: Sequence[date]) -> list[date]:
    """`days` and the `RHYTHM_DAYS` days before each of them, from which the expected number of pages is computed."""
    return sorted({day - timedelta(days=shift) for day in days for shift in range(RHYTHM_DAYS + 1)})


def _by_source(found: Mapping[date, Mapping[str, ListedPages]]) -> dict[str, dict[date, ListedPages]]:
    history: dict[str, dict[date, ListedPages]] = {}
    for day, sources in found.items():
        for source, one in sources.items():
            history.setdefault(source, {})[day] = one
    return history


def _read_extracted(lake: Lake, parts: Sequence[Part]) -> pa.Table:
    there = {
        file.path for interval in sorted({part.interval.key for part in parts}) for file in lake.files(f"extracted/interval={interval}")
    }
    paths = [path for part in parts if (path := storage.extracted_path(part)) in there]
    return lake.read_rows(paths, None, schema.EXTRACTED, columns=EXTRACTED_COLUMNS)


def _published(lake: Lake, extracted: pa.Table, urls: dict[date, frozenset[str]]) -> frozenset[tuple[date, str]]:
    """(published date, webUrl) of every record on the dates of `extracted`; `urls` caches the URLs of dates read before."""
    dates = sorted({moment.date() for moment in extracted["publishedDateTime"].to_pylist() if moment is not None})
    for day in dates:
        if day not in urls:
            path = storage.articles_path(day)
            urls[day] = frozenset(lake.read_table(path, columns=["webUrl"])["webUrl"].to_pylist()) if lake.exists(path) else frozenset()
    return frozenset((day, url) for day in dates for url in urls[day])


def completeness_row(row: SourceDay) -> dict[str, object]:
    """A row of `completeness`."""
    return {
        "day": row.day,
        "sourceId": row.source_id,
        "expected": row.expected,
        "expectedFrom": row.expected_from,
        "polls": row.polls,
        "failedPolls": row.failed_polls,
        "found": row.found,
        "fetched": row.fetched,
        "extracted": row.extracted,
        "published": row.published,
        "dropped": sorted(row.dropped.items()),
        "isGap": row.is_gap,
    }
