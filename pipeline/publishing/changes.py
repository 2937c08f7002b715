"""The table `changes`: what each build of a published date changed in its records, one row per change.

A build is identified by the digest of its inputs and the newest capture that it read, never by a clock. Its file is written before
`articles`, which commits the build, under a name made from both builds: a build that was killed and is repeated writes the same file.
Builds of a date hold its lock, so that the file of a build that has not committed yet is never taken for one that never will.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pyarrow as pa

from pipeline.core import schema
from pipeline.lake.removals.erasures import ErasedDomains
from pipeline.lake.storage import Lake
from pipeline.lake.tables import checked_table, rows_of
from pipeline.publishing.differences import Comparison

Row = Mapping[str, Any]

CHANGES = "changes"
"""The folder of the table in the lake."""
KEY = "webUrl"
SEALED = "secured"
"""The column whose values are not kept, so that sealed values do not stay in the lake after the key was replaced."""
BUILD_DIGITS = 12
"""Hexadecimal digits of a digest that name a build: 48 bits, so that two builds of a date practically never share them."""
FIRST = "0" * BUILD_DIGITS
"""Takes the place of the build before, in the name of the file of a date's first build."""


def changes_folder(published_date: date) -> str:
    """The folder of the changes that builds of the date made."""
    return f"{CHANGES}/published_date={published_date.isoformat()}"


def build_lock_path(published_date: date) -> str:
    """The lock file of the builds of a date."""
    return f"{changes_folder(published_date)}/.build.lock"


@dataclass(frozen=True, slots=True)
class Build:
    """A build of a date: the digest `after` of its inputs, and `before` of those of the build before it (None for the first)."""

    published_date: date
    before: str | None
    after: str
    known_until: datetime | None
    """The time of the newest capture that it read; None when it read none."""

    @property
    def path(self) -> str:
        """The file of the lake with the build's changes."""
        known = self.known_until.strftime("%Y%m%dT%H%M%SZ") if self.known_until is not None else "none"
        return f"{changes_folder(self.published_date)}/{known}-{_short(self.before)}-{_short(self.after)}.parquet"


def write_changes(lake: Lake, build: Build, compared: Comparison, *, erased: ErasedDomains) -> str | None:
    """Write the differences between two builds of `articles`, without erased providers; returns the path, None when nothing differs.

    Deletes the files of builds that were never committed. The caller holds the lock of the date.
    """
    for path in uncommitted_changes(lake, build.published_date, build.before):
        if path != build.path:
            lake.delete(path)
    rows = list(_changes(build, compared, erased))
    if not rows:
        return None
    lake.write_table(build.path, checked_table(rows, schema.CHANGES, name="changes"))
    return build.path


def uncommitted_changes(lake: Lake, published_date: date, standing: str | None) -> list[str]:
    """The files of builds of the date that were never committed; `standing` is the digest of the build that was committed last."""
    return uncommitted_paths([file.path for file in lake.files(changes_folder(published_date))], standing)


def uncommitted_paths(paths: Sequence[str], standing: str | None) -> list[str]:
    """The files of builds that were never committed: they followed the `standing` build, and no other build followed them."""
    builds = {path: tuple(path.rpartition("/")[2].removesuffix(".parquet").split("-")[1:]) for path in paths}
    begun = {before for before, _ in builds.values()}
    return [path for path, (before, after) in builds.items() if before == _short(standing) and after not in begun]


def scrub_changes(lake: Lake, erased: ErasedDomains) -> None:
    """Delete the rows of erased providers from all files, and their URLs from the values of other rows."""
    for path in [file.path for file in lake.files(CHANGES) if file.path.endswith(".parquet")]:
        table = lake.read_table(path)
        rows = [_scrubbed(row, erased) for row in rows_of(table) if not erased.holds(row[KEY])]
        kept = pa.Table.from_pylist(rows, schema=table.schema)
        if not rows:
            lake.delete(path)
        elif not kept.equals(table):
            lake.write_table(path, kept)


def _scrubbed(row: Row, erased: ErasedDomains) -> dict[str, Any]:
    return {**row, **{name: None if row[name] is None else erased.without(row[name]) for name in ("old", "new")}}


def _short(digest: str | None) -> str:
    return FIRST if digest is None else digest[:BUILD_DIGITS]


def _changes(build: Build, compared: Comparison, erased: ErasedDomains) -> Iterator[dict[str, Any]]:
    """The rows, ordered by webUrl; those of one record in the order of its columns."""
    former = None if build.before is None else _short(build.before)
    told = {"knownUntil": build.known_until, "build": _short(build.after), "buildBefore": former}
    for url in sorted(compared.old.keys() | compared.new.keys()):
        if erased.holds(url):
            continue
        if url not in compared.old or url not in compared.new:
            change = "new" if url in compared.new else "gone"
            yield {KEY: url, "change": change, "field": None, "old": None, "new": None, **told}
            continue
        for name in compared.changed_columns(url):
            old, new = (_value(name, value, erased) for value in compared.values(url, name))
            if old != new or name == SEALED:
                yield {KEY: url, "change": "changed", "field": name, "old": old, "new": new, **told}


def _value(name: str, value: Any, erased: ErasedDomains) -> str | None:
    """The value as JSON; of related records their webUrls, without those of erased providers."""
    if value is None or name == SEALED:
        return None
    if name == "related":
        value = [other[KEY] for other in value if not erased.holds(other[KEY])]
    return json.dumps(value, ensure_ascii=False, default=_time)


def _time(value: datetime) -> str:
    return value.strftime("%Y-%m-%dT%H:%M:%SZ")
