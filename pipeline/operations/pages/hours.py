"""The page of one hour: what became of the pages that each source listed in it, what failed and why. From one hour of the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.core.models import HOUR, Interval
from pipeline.lake.storage import Lake
from pipeline.operations.completeness import NOT_WANTED
from pipeline.operations.pages.partitions import paths_of_hours
from pipeline.operations.pages.sources import run_rows
from pipeline.publishing.lookup import Row
from pipeline.publishing.sql.database import open_tables


@dataclass(frozen=True, slots=True)
class SourceHour:
    """A source's requests of the hour: pages by outcome, its listings, and the reasons of what failed with their numbers."""

    source_id: str | None
    """None for pages of imported files."""
    pages: Mapping[str, int]
    listings: Mapping[str, int]
    reasons: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class HourPage:
    """An hour: `sources` with the most failures first from `offset` on, `total` sources, pages of all of them by outcome."""

    hour: Interval
    before: Interval
    after: Interval
    is_captured: bool
    sources: tuple[SourceHour, ...]
    total: int
    pages: Mapping[str, int]


def read_hour(lake: Lake, hour: Interval, *, limit: int, offset: int) -> HourPage:
    """The page of `hour`; without sources when it has no ledger."""
    paths = paths_of_hours(lake, "ledger", [hour])
    refused = ", ".join(f"'{reason}'" for reason in sorted(NOT_WANTED))
    query = f"""
        select sourceId, kind, outcome, reason, count(*) as requests from lake.ledger
        where kind not in ('image', 'amp') and coalesce(reason, '') not in ({refused})
        group by all order by sourceId nulls last, requests desc, kind, outcome, reason"""
    with open_tables(lake, {"ledger": paths}, columns={"ledger": ("sourceId", "kind", "outcome", "reason")}) as connection:
        rows = run_rows(connection, query)
    by_source: dict[str | None, list[Row]] = {}
    for row in rows:
        by_source.setdefault(row["sourceId"], []).append(row)
    sources = sorted((_source_hour(one, found) for one, found in by_source.items()), key=_rank)
    return HourPage(
        hour=hour,
        before=Interval(hour.start - HOUR, hour.end - HOUR),
        after=Interval(hour.start + HOUR, hour.end + HOUR),
        is_captured=bool(paths),
        sources=tuple(sources[offset : offset + limit]),
        total=len(sources),
        pages=_sums(row for row in rows if row["kind"] == "page"),
    )


def _source_hour(source_id: str | None, rows: Sequence[Row]) -> SourceHour:
    failed = [row for row in rows if row["reason"] is not None and row["outcome"] in ("failed", "disallowed", "rejected")]
    return SourceHour(
        source_id=source_id,
        pages=_sums(row for row in rows if row["kind"] == "page"),
        listings=_sums(row for row in rows if row["kind"] != "page"),
        reasons=tuple((f"{row['kind']} {row['outcome']}: {row['reason']}", row["requests"]) for row in failed),
    )


def _sums(rows: Iterable[Row]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["outcome"]] = counts.get(row["outcome"], 0) + row["requests"]
    return counts


def _rank(one: SourceHour) -> tuple[int, str]:
    """Sources with failed listings and the most failed pages first."""
    return (-1000 * one.listings.get("failed", 0) - one.pages.get("failed", 0), one.source_id or "\uffff")
