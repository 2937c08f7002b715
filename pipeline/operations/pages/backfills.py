"""The pages of backfills: a gap with the form that fills it and the plan; a backfill under way or done, with what it changed by field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from pipeline.core.catalogue import Catalogue
from pipeline.core.errors import PermanentError
from pipeline.core.models import Difference
from pipeline.core.settings import Settings
from pipeline.lake import storage
from pipeline.lake.storage import Lake
from pipeline.operations.backfill.approvals import approval_reasons
from pipeline.operations.backfill.plans import BackfillPlan, BackfillRequest, plan_summary
from pipeline.operations.backfill.records import BackfillRecord, from_json
from pipeline.operations.completeness import NOT_WANTED
from pipeline.operations.pages.coverage import CoverageCell, coverage_cell
from pipeline.operations.pages.partitions import completeness_days, completeness_paths, hours_of_day, paths_of_hours
from pipeline.operations.pages.sources import run_rows
from pipeline.publishing.sql.database import open_tables

LONGEST_BACKFILL = 31
"""Days that the form takes at most: what is longer is planned on the command line or in the form of `news_backfill`."""
RECENT = 5
"""Backfills that the page Coverage lists."""


@dataclass(frozen=True, slots=True)
class PlannedBackfill:
    """A plan as one sentence, and why a person has to approve it (empty: nobody has to)."""

    summary: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BackfillState:
    """A backfill as its record in the lake has it."""

    record: BackfillRecord
    steps: int
    """Hours and parts that it has to go through."""
    changed: Mapping[date, Difference]
    """The dates whose records changed, ascending."""
    total: Difference

    @property
    def unchanged(self) -> int:
        """Number of dates that were built and did not change."""
        return len(self.record.differences) - len(self.changed)


@dataclass(frozen=True, slots=True)
class GapPage:
    """A source's day as its completeness row counted it, as the ledger is now, the plan of a backfill and the backfill itself."""

    asked: BackfillRequest
    counted: CoverageCell | None
    """The row of the first day; None without one."""
    found_now: int
    """Pages of the first day that the ledger names now."""
    plan: PlannedBackfill | None
    """None when it was not asked for."""
    state: BackfillState | None
    """The backfill of the same source, days and origins; None when there was none yet."""


def read_gap(settings: Settings, catalogue: Catalogue, asked: BackfillRequest, *, with_plan: bool, now: datetime) -> GapPage:
    """What is known of the first day of `asked`, which names one source, and with `with_plan` the plan of the backfill."""
    lake, first, (source_id,) = Lake(settings.lake), asked.first, asked.sources
    paths = {
        "completeness": completeness_paths([first] if first in completeness_days(lake) else []),
        "ledger": paths_of_hours(lake, "ledger", hours_of_day(first)),
    }
    refused = ", ".join(f"'{reason}'" for reason in sorted(NOT_WANTED))
    with open_tables(lake, paths, columns={"ledger": ("url", "sourceId", "kind", "outcome", "reason")}) as connection:
        rows = run_rows(connection, "select * from lake.completeness where sourceId = $source", {"source": source_id})
        (now_found,) = run_rows(
            connection,
            f"""select count(distinct url) as pages from lake.ledger where sourceId = $source and kind = 'page'
            and outcome <> 'duplicate' and coalesce(reason, '') not in ({refused})""",
            {"source": source_id},
        )
    return GapPage(
        asked=asked,
        counted=coverage_cell(first, rows[0]) if rows else None,
        found_now=now_found["pages"],
        plan=_planned(settings, _plan(settings, catalogue, asked, now=now)) if with_plan else None,
        state=_state(lake, asked.id),
    )


def _plan(settings: Settings, catalogue: Catalogue, asked: BackfillRequest, *, now: datetime) -> BackfillPlan:
    from pipeline.operations.backfill.planning import plan_backfill  # imports pyarrow.compute, which no other page needs

    return plan_backfill(settings, catalogue, asked, now=now)


def _planned(settings: Settings, plan: BackfillPlan) -> PlannedBackfill:
    return PlannedBackfill(plan_summary(plan), approval_reasons(plan, settings))


def read_backfill(lake: Lake, backfill_id: str) -> BackfillState:
    """The backfill with this id. Raises PermanentError when the lake has none."""
    found = _state(lake, backfill_id) if backfill_id.isalnum() else None
    if found is None:
        raise PermanentError(f"no backfill {backfill_id!r} has begun: its run waits for an approval, or has not reached its first hour")
    return found


def recent_backfills(lake: Lake) -> tuple[tuple[BackfillState, ...], int]:
    """The `RECENT` backfills that were written last, the newest first, and the number of the others."""
    files = [file for file in lake.files("backfills") if file.path.count("/") == 1 and file.path.endswith(".json")]
    newest = sorted(files, key=lambda file: (file.modified, file.path), reverse=True)[:RECENT]
    states = tuple(_of_record(from_json(lake.read_bytes(file.path), path=file.path)) for file in newest)
    return states, len(files) - len(newest)


def _state(lake: Lake, backfill_id: str) -> BackfillState | None:
    path = storage.backfill_path(backfill_id)
    return _of_record(from_json(lake.read_bytes(path), path=path)) if lake.exists(path) else None


def _of_record(record: BackfillRecord) -> BackfillState:
    return BackfillState(
        record=record,
        steps=record.plan.intervals + len(record.later),
        changed={day: one for day, one in sorted(record.differences.items()) if one.new or one.changed or one.vanished},
        total=record.total_difference,
    )


def days_between(first: date, last: date) -> tuple[date, ...]:
    """The days from `first` to `last`. Raises ValueError when they are in the wrong order or more than `LONGEST_BACKFILL`."""
    number = (last - first).days + 1
    if not 1 <= number <= LONGEST_BACKFILL:
        raise ValueError(f"a backfill from here has 1 to {LONGEST_BACKFILL} days, the earliest first, and not {first} to {last}")
    return tuple(first + timedelta(days=shift) for shift in range(number))
