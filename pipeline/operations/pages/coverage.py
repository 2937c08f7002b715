"""The page Coverage: completeness as a heat map of sources by days."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.catalogue import Catalogue
from pipeline.lake.storage import Lake
from pipeline.lake.tables import rows_of
from pipeline.operations.pages.partitions import completeness_days, completeness_paths
from pipeline.publishing.lookup import Row
from pipeline.publishing.sql.database import open_tables, run_query

SPANS = (14, 28, 91)
"""Numbers of days that the map can show."""
CELLS = 1400
"""Cells of the map on one page: 50 sources at 28 days. More take longer to draw than to read."""
COLUMNS = ("sourceId", "day", "found", "expected", "published", "isGap")
FEW_SHARE = 0.5
"""Share of the expected pages below which a day that is no gap is shown as `few`. A plain choice."""


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


def read_coverage(lake: Lake, catalogue: Catalogue, *, span: int, words: str, only_gaps: bool, offset: int) -> CoveragePage:
    """The map of the newest `span` days that were counted: sources whose id has `words`, those with the most gaps first."""
    days = completeness_days(lake)[-span:]
    with open_tables(lake, {"completeness": completeness_paths(days)}, columns={"completeness": COLUMNS}) as connection:
        table = run_query(connection, f"select {', '.join(COLUMNS)} from lake.completeness")
    gaps = Counter(table.filter(table["isGap"])["sourceId"].to_pylist())
    ids = {*table["sourceId"].unique().to_pylist(), *(source.id for source in catalogue.enabled_sources)}
    kept = sorted((one for one in ids if words.casefold() in one and (gaps[one] or not only_gaps)), key=lambda one: (-gaps[one], one))
    shown = kept[offset : offset + rows_shown(span)]
    known = {(row["sourceId"], row["day"]): row for row in rows_of(table.filter(pc.is_in(table["sourceId"], pa.array(shown, pa.string()))))}
    rows = tuple(CoverageRow(one, tuple(coverage_cell(day, known.get((one, day))) for day in days)) for one in shown)
    return CoveragePage(tuple(days), rows, len(kept), gaps.total())


def rows_shown(span: int) -> int:
    """Sources on one page of a map of `span` days."""
    return min(50, CELLS // span)


def coverage_cell(day: date, row: Row | None) -> CoverageCell:
    """The cell of a row of `completeness`; None for a day without one."""
    if row is None:
        return CoverageCell(day, "none", 0, None, 0)
    return CoverageCell(day, _state(row), row["found"], row["expected"], row["published"])


def _state(row: Row) -> str:
    if row["isGap"]:
        return "gap"
    if row["expected"] is None:
        return "unknown"
    return "few" if row["found"] < FEW_SHARE * row["expected"] else "full"
