"""Replaces the rows of a part in `extracted` together with the marks of their published dates.

A date is published again when the marks of its window differ from those that it was built from. Rows and marks are separate files, so a
reader may come between two writes, and a writer may be killed there. Therefore each date whose mark changes has an additional mark,
`REPLACING`, from before the rows are written until all its marks are right: a date that is published in the meantime, from the old or the
new rows, is built again afterwards.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta

import pyarrow as pa

from pipeline.core.models import Part
from pipeline.lake import storage
from pipeline.lake.storage import Lake, Mark
from pipeline.lake.tables import rows_of

REPLACING = "replacing"
"""Takes the place of the digest in the name of a mark."""
REPLACING_AGE = timedelta(days=1)
"""A younger mark `REPLACING` may be that of a running extraction, whose task ends after an hour."""


def digests_by_date(table: pa.Table) -> dict[date, str]:
    """By published date (UTC), a digest of that date's rows in a table of extracted rows; undated rows count nowhere.

    The same rows in any order give the same digest, and any changed value gives another.
    """
    dated: dict[date, list[str]] = defaultdict(list)
    for row in rows_of(table):
        if row["publishedDateTime"] is not None:
            dated[row["publishedDateTime"].date()].append(json.dumps(row, default=str, sort_keys=True))
    return {day: hashlib.sha256("\n".join(sorted(rows)).encode()).hexdigest()[:16] for day, rows in sorted(dated.items())}


def replace_rows(lake: Lake, part: Part, table: pa.Table | None, *, old: Collection[str], new: Mapping[date, str]) -> frozenset[date]:
    """Write `table` as the part's rows, and for each published date in `new` a mark with that digest; delete the marks in `old`.

    `old` are the paths of all marks of the part, including those that a killed call left. Without a `table` only the marks change.
    Returns the dates that have or had rows.
    """
    wanted = {storage.mark_path(day, part, digest=digest) for day, digest in new.items()}
    changed = {storage.read_mark(path).published_date for path in wanted ^ set(old)}
    replacing = {storage.mark_path(day, part, digest=REPLACING) for day in changed}
    for path in sorted(replacing - set(old)):
        lake.write_bytes(path, b"")
    if table is not None:
        lake.write_table(storage.extracted_path(part), table)
    for path in sorted(wanted - set(old)):
        lake.write_bytes(path, b"")
    for path in [*sorted(set(old) - wanted - replacing), *sorted(replacing)]:
        lake.delete(path)
    return frozenset(storage.read_mark(path).published_date for path in wanted | set(old))


def sweep_replacing_marks(lake: Lake, *, now: datetime) -> int:
    """Delete marks `REPLACING` that nobody needs any more; returns their number.

    An object store may carry out a write after its mark was deleted again. Such a mark is older than `REPLACING_AGE`, and the date's other
    mark of the part has the digest of the rows. Where it has another one, a killed extraction left both, and the part has to be extracted
    again.
    """
    marked = lake.files("touched")
    old = [storage.read_mark(file.path) for file in marked if file.modified <= now - REPLACING_AGE]
    left = [mark for mark in old if mark.digest == REPLACING]
    paths = {file.path for file in marked}
    swept = [mark for mark in left if _other_marks(mark, paths) == _digest_of_rows(lake, mark)]
    for mark in swept:
        lake.delete(mark.path)
    return len(swept)


def _other_marks(mark: Mark, paths: Collection[str]) -> set[str]:
    """The digests in the other marks of the same part and date."""
    begin = mark.path.removesuffix(REPLACING)
    return {path.removeprefix(begin) for path in paths if path.startswith(begin)} - {REPLACING}


def _digest_of_rows(lake: Lake, mark: Mark) -> set[str]:
    """The digest of the part's rows of the mark's date; empty when there are none."""
    if not lake.exists(mark.extracted_path):
        return set()
    digest = digests_by_date(lake.read_table(mark.extracted_path)).get(mark.published_date)
    return set() if digest is None else {digest}
