"""The page Coverage: completeness as a heat map of sources by days; and what a backfill of one gap would do and has done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from pipeline.core.catalogue import Catalogue
from pipeline.core.settings import Settings
from pipeline.lake.storage import Lake
from pipeline.operations.completeness import NOT_WANTED
from pipeline.operations.pages.partitions import completeness_days, completeness_paths, hours_of_day, paths_of_hours
from pipeline.operations.pages.sources import run_rows
from pipeline.publishing.lookup import Row
from pipeline.publishing.sql.database import open_tables

SPANS = (14, 28, 91)
"""Numbers of days that the map can show."""
CELLS = 1400
"""Cells of the map on one page: 50 sources at 28 days. More take longer to draw than to read."""
FEW_SHARE = 0.5
"""Share of the expected pages below which a day that is no gap is shown as `few`. A plain choice."""
LONGEST_BACKFILL = 31
"""Days that the form takes at most: what is longer is planned on the command line."""


@dataclass(frozen=True, slots=True)
class CoverageCell:
    """A source's day: `state` is `gap`, `few`, `full`, `unknown` (nothing is expected yet) or `none` (no row)."""

    day: date
    state: str
    found: int
    expected: float | None
    published: int


@dataclass(frozen=True, slots=True)
class CoverageRow:
    """A source with its cells, one for each day of the map."""

    source_id: str
    cells: tuple[CoverageCell, ...]

    @property
    def gaps(self) -> int:
        """Number of days that are gaps."""
        return sum(1 for cell in self.cells if cell.state == "gap")


@dataclass(frozen=True, slots=True)
class CoveragePage:
    """The map: days oldest first; rows from `offset` on; `total` sources, `gaps` days of all sources that are gaps."""

    days: tuple[date, ...]
    rows: tuple[CoverageRow, ...]
    total: int
    gaps: int


@dataclass(frozen=True, slots=True)
class GapPage:
    """A source's day as its completeness row counted it, as the ledger is now, and the plan of a backfill."""

    source_id: str
    first: date
    last: date
    counted: CoverageCell | None
    """The row of `first`; None without one."""
    found_now: int
    """Pages of `first` that the ledger names now."""
    plan: str | None
    """What a backfill would do, as one sentence; None when it was not asked for."""


def read_coverage(lake: Lake, catalogue: Catalogue, *, span: int, words: str, only_gaps: bool, offset: int) -> CoveragePage:
    """The map of the newest `span` days that were counted: sources whose id has `words`, those with the most gaps first."""
    days = completeness_days(lake)[-span:]
    with open_tables(lake, {"completeness": completeness_paths(days)}) as connection:
        rows = run_rows(connection, "select sourceId, day, found, expected, published, isGap from lake.completeness")
    known = {(row["sourceId"], row["day"]): row for row in rows}
    ids = sorted({row["sourceId"] for row in rows} | {source.id for source in catalogue.enabled_sources})
    made = [CoverageRow(one, tuple(_cell(day, known.get((one, day))) for day in days)) for one in ids if words.casefold() in one]
    kept = sorted((row for row in made if row.gaps or not only_gaps), key=lambda row: (-row.gaps, row.source_id))
    return CoveragePage(tuple(days), tuple(kept[offset : offset + rows_shown(span)]), len(kept), sum(row.gaps for row in made))


def rows_shown(span: int) -> int:
    """Sources on one page of a map of `span` days."""
    return min(50, CELLS // span)


def _cell(day: date, row: Row | None) -> CoverageCell:
    if row is None:
        return CoverageCell(day, "none", 0, None, 0)
    return CoverageCell(day, _state(row), row["found"], row["expected"], row["published"])


def _state(row: Row) -> str:
    if row["isGap"]:
        return "gap"
    if row["expected"] is None:
        return "unknown"
    return "few" if row["found"] < FEW_SHARE * row["expected"] else "full"


def read_gap(
    settings: Settings,
    catalogue: Catalogue,
    source_id: str,
    *,
    days: Sequence[date],
    origins: Sequence[str],
    with_plan: bool,
    now: datetime,
) -> GapPage:
    """What is known of the source's first day of `days`, and with `with_plan` the plan of a backfill of all of them."""
    lake, first, last = Lake(settings.lake), days[0], days[-1]
    paths = {
        "completeness": completeness_paths([first] if first in completeness_days(lake) else []),
        "ledger": paths_of_hours(lake, "ledger", hours_of_day(first)),
    }
    refused = ", ".join(f"'{reason}'" for reason in sorted(NOT_WANTED))
    with open_tables(lake, paths) as connection:
        rows = run_rows(connection, "select * from lake.completeness where sourceId = $source", {"source": source_id})
        (now_found,) = run_rows(
            connection,
            f"""select count(distinct url) as pages from lake.ledger where sourceId = $source and kind = 'page'
            and outcome <> 'duplicate' and coalesce(reason, '') not in ({refused})""",
            {"source": source_id},
        )
    plan = _plan(settings, catalogue, source_id, first, last, origins, now=now) if with_plan else None
    return GapPage(source_id, first, last, _cell(first, rows[0]) if rows else None, now_found["pages"], plan)


def _plan(
    settings: Settings, catalogue: Catalogue, source_id: str, first: date, last: date, origins: Sequence[str], *, now: datetime
) -> str:
    from pipeline.operations.backfill.plans import BackfillRequest, plan_summary
    from pipeline.operations.backfill.runs import plan_backfill

    return plan_summary(plan_backfill(settings, catalogue, BackfillRequest(first, last, (source_id,), tuple(origins)), now=now))


def days_between(first: date, last: date) -> tuple[date, ...]:
    """The days from `first` to `last`. Raises ValueError when they are in the wrong order or more than `LONGEST_BACKFILL`."""
    number = (last - first).days + 1
    if not 1 <= number <= LONGEST_BACKFILL:
        raise ValueError(f"a backfill from here has 1 to {LONGEST_BACKFILL} days, in order; {first} to {last} does not")
    return tuple(first + timedelta(days=shift) for shift in range(number))
