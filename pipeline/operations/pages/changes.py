"""The page of changes: which records each build of a published date added, changed (by field) or removed, from the table `changes`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from pipeline.lake.storage import Lake
from pipeline.operations.pages.sources import run_rows
from pipeline.publishing.changes import changes_folder
from pipeline.publishing.lookup import Row
from pipeline.publishing.sql.database import open_tables

KINDS = ("all", "new", "changed", "gone")
LONGEST_VALUE = 300
"""Characters of a value that a row shows; the number of the others stands behind them."""


@dataclass(frozen=True, slots=True)
class ChangeFilter:
    """Which changes of a date are shown: of one build, kind, field, of records whose URL has `words`; and from which place on."""

    build: str = ""
    kind: str = "all"
    field: str = ""
    words: str = ""
    limit: int = 100
    offset: int = 0


@dataclass(frozen=True, slots=True)
class BuildChanges:
    """What one build of the date changed: numbers of records, and of changed records by field, the most frequent first."""

    build: str
    known_until: datetime | None
    """The time of the newest capture that the build read."""
    new: int
    changed: int
    gone: int
    fields: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class ShownChange:
    """One change of a record; of a long value the beginning, and the number of characters that are left out."""

    url: str
    change: str
    field: str | None
    old: str | None
    new: str | None
    known_until: datetime | None
    old_more: int
    new_more: int


@dataclass(frozen=True, slots=True)
class ChangesPage:
    """The builds of a date that changed something, the newest first, and the wanted changes."""

    day: date
    builds: tuple[BuildChanges, ...]
    rows: tuple[ShownChange, ...]
    total: int
    fields: tuple[str, ...]
    """All fields that any build changed."""


def read_changes(lake: Lake, day: date, wanted: ChangeFilter) -> ChangesPage:
    """The changes of the published date `day`; no builds for a date that was never built, or built with the same records only."""
    folder = changes_folder(day)
    paths = [f"{folder}/{name}" for name in lake.names(folder) if name.endswith(".parquet")]
    conditions, parameters = _conditions(wanted)
    query = f"""
        select webUrl, "change", field, old, new, knownUntil, count(*) over () as total from lake.changes {conditions}
        order by knownUntil desc nulls last, build, webUrl, field nulls first limit {int(wanted.limit)} offset {int(wanted.offset)}"""
    with open_tables(lake, {"changes": paths}) as connection:
        builds = _builds(run_rows(connection, _COUNTS))
        rows = run_rows(connection, query, parameters)
    return ChangesPage(
        day=day,
        builds=builds,
        rows=tuple(_shown(row) for row in rows),
        total=rows[0]["total"] if rows else 0,
        fields=tuple(sorted({name for one in builds for name, _ in one.fields})),
    )


_COUNTS = """
    select build, knownUntil, "change", field, count(distinct webUrl) as records, grouping(field) as isOfAllFields from lake.changes
    group by grouping sets ((build, knownUntil, "change"), (build, knownUntil, "change", field))
    order by knownUntil desc nulls last, build, records desc, field"""


def _conditions(wanted: ChangeFilter) -> tuple[str, Mapping[str, object]]:
    known = {
        "build": ("build = $build", wanted.build),
        "kind": ('"change" = $kind', "" if wanted.kind == "all" else wanted.kind),
        "field": ("field = $field", wanted.field),
        "words": ("contains(webUrl, $words)", wanted.words),
    }
    chosen = {name: value for name, (_, value) in known.items() if value}
    conditions = " and ".join(known[name][0] for name in chosen)
    return (f"where {conditions}" if conditions else ""), chosen


def _builds(rows: list[Row]) -> tuple[BuildChanges, ...]:
    found: dict[tuple[str, datetime | None], dict[str, Any]] = {}
    for row in rows:
        one = found.setdefault((row["build"], row["knownUntil"]), {"new": 0, "changed": 0, "gone": 0, "fields": []})
        if row["isOfAllFields"]:
            one[row["change"]] = row["records"]
        elif row["field"] is not None:
            one["fields"].append((row["field"], row["records"]))
    return tuple(
        BuildChanges(build, known_until, one["new"], one["changed"], one["gone"], tuple(one["fields"]))
        for (build, known_until), one in found.items()
    )


def _shown(row: Row) -> ShownChange:
    old, new = row["old"], row["new"]
    return ShownChange(
        url=row["webUrl"],
        change=row["change"],
        field=row["field"],
        old=old and old[:LONGEST_VALUE],
        new=new and new[:LONGEST_VALUE],
        known_until=row["knownUntil"],
        old_more=len((old or "")[LONGEST_VALUE:]),
        new_more=len((new or "")[LONGEST_VALUE:]),
    )
