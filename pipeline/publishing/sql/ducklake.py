"""Writes a DuckLake catalogue that names the Parquet files of a lake where they lie, with a snapshot for each time from which one is known.

A file is in the snapshots from the newest capture on that it knows: `news.asOf` in the metadata of `articles`, `explain` and `stories`,
else the newest time in the column of `KNOWN_BY`. Lakes that `news publish --as-of TIME --into LAKE` wrote give earlier builds of a date.
The files are read and never written; the catalogue is a file of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.core import schema
from pipeline.core.errors import PermanentError
from pipeline.core.progress import steps
from pipeline.lake.storage import Lake
from pipeline.publishing.sql.database import new_database
from pipeline.publishing.sql.ducklake_rows import BEGINNING, ColumnBounds, LakeFile, Row, catalogue_rows, format_statements
from pipeline.publishing.sql.table_files import PARTITION, table_files

KNOWN_BY = {"extracted": "capturedAt", "ledger": "at", "changes": "knownUntil", "completeness": "day"}
"""Table to the column whose newest value, of a date its end, is the time from which a file is known."""
BUILT = ("articles", "explain", "stories")
"""The tables of which a date has another file after each build."""


@dataclass(frozen=True, slots=True)
class DuckLakeReport:
    """What a written catalogue has."""

    file: str
    tables: int
    files: int
    snapshots: int
    first: datetime | None
    """The time of the first and of the last snapshot with a time; None when no file has one."""
    last: datetime | None


def write_ducklake(lake: Lake, file: Path, *, states: Sequence[Lake] = ()) -> DuckLakeReport:
    """Write the catalogue of the local `lake` to `file`, read-only; an earlier DuckDB database there is replaced.

    `states` are lakes with builds of these tables as of earlier times, which are in the snapshots up to the next build.
    Raises PermanentError for a lake in an object store, for a state without a build as of a time, and when `file` is no DuckDB database.
    """
    for one in (lake, *states):
        if not one.is_local:
            raise PermanentError(f"{one.uri}: a DuckLake catalogue is made of a local lake; news sql queries an object store")
    tables = [table_files(lake, name) for name in schema.TABLES]
    named = [(table.name, path) for table in tables for path in table.paths]
    own = [_read_file(lake, table, path) for table, path in steps(named, "reading footers of files", total=len(named))]
    files = _with_earlier_builds(own, [one for state in states for one in _state_files(state)])
    times = sorted({BEGINNING, *(one.known for one in files if one.known is not None)})
    catalogue = catalogue_rows(tables, files, times, folder=f"{file.absolute()}.files/")
    with new_database(file) as connection:
        for statement in format_statements():
            connection.execute(statement)
        for name, rows in catalogue.items():
            connection.register("new_rows", pa.table([list(column) for column in zip(*rows, strict=True)], names=_numbered(rows[0])))
            connection.execute(f'insert into "ducklake_{name}" select * from new_rows')
            connection.unregister("new_rows")
    file.chmod(0o444)
    return DuckLakeReport(str(file), len(tables), len(files), len(times), *((times[1], times[-1]) if len(times) > 1 else (None, None)))


def _numbered(row: Row) -> list[str]:
    return [f"column{place}" for place in range(len(row))]


def _state_files(state: Lake) -> Iterator[LakeFile]:
    found = [_read_file(state, name, path) for name in BUILT for path in table_files(state, name).paths]
    if not any(one.known for one in found):
        raise PermanentError(f"{state.uri} has no build as of a time; make one with: news publish --as-of TIME --into LAKE")
    yield from found


def _read_file(lake: Lake, table: str, path: str) -> LakeFile:
    with lake.open(path) as opened:
        footer = pq.read_metadata(opened)
    found = PARTITION.match(path)
    bounds = _bounds(footer, schema.TABLES[table])
    size = lake.file(path)
    if size is None:
        raise PermanentError(f"{lake.location(path)} was deleted while the catalogue was made; run the command again")
    return LakeFile(
        table=table,
        path=str(Path(lake.location(path)).absolute()),
        key=found["value"] if found is not None else None,
        rows=footer.num_rows,
        bytes=size.size,
        footer_bytes=footer.serialized_size,
        columns=tuple(footer.schema.to_arrow_schema().names),
        known=_known(table, footer, bounds),
        bounds=bounds,
    )


def _known(table: str, footer: pq.FileMetaData, bounds: dict[str, ColumnBounds]) -> datetime | None:
    said = (footer.metadata or {}).get(schema.AS_OF)
    if said is not None:
        return datetime.fromisoformat(said.decode())
    newest = bounds[KNOWN_BY[table]].greatest if KNOWN_BY.get(table) in bounds else None
    if isinstance(newest, datetime):
        return newest
    return datetime.combine(newest, time(), UTC) + timedelta(days=1) if isinstance(newest, date) else None


def _bounds(footer: pq.FileMetaData, contract: pa.Schema) -> dict[str, ColumnBounds]:
    kinds = {field.name for field in contract if pa.types.is_temporal(field.type) or pa.types.is_integer(field.type)}
    places = {footer.schema.column(place).path: place for place in range(footer.num_columns)}
    bounds: dict[str, ColumnBounds] = {}
    for name in sorted(kinds & places.keys()):
        chunks = [footer.row_group(group).column(places[name]) for group in range(footer.num_row_groups)]
        counted = [chunk.statistics for chunk in chunks]
        if not all(one is not None and one.has_null_count and (one.has_min_max or not one.num_values) for one in counted):
            continue
        least, greatest = ([getattr(one, side) for one in counted if one.has_min_max] for side in ("min", "max"))
        nulls, octets = sum(one.null_count for one in counted), sum(chunk.total_compressed_size for chunk in chunks)
        bounds[name] = ColumnBounds(min(least, default=None), max(greatest, default=None), nulls, octets)
    return bounds


def _with_earlier_builds(own: Sequence[LakeFile], earlier: Sequence[LakeFile]) -> list[LakeFile]:
    """The lake's own files, and the builds of its dates that knew less than its own; each build ends where the next one begins."""
    built = {(one.table, one.key): one for one in own if one.table in BUILT}
    builds: dict[tuple[str, str | None], dict[datetime, LakeFile]] = defaultdict(dict)
    for one in earlier:
        last = built.get((one.table, one.key))
        if last is not None and last.known is not None and one.known is not None and one.known < last.known:
            builds[one.table, one.key][one.known] = one
    ended = []
    for key, of_date in builds.items():
        ordered = [of_date[known] for known in sorted(of_date)]
        ended += [replace(one, until=after.known) for one, after in pairwise([*ordered, built[key]])]
    places = {name: place for place, name in enumerate(schema.TABLES)}
    return sorted([*own, *ended], key=lambda one: (places[one.table], one.known or BEGINNING, one.path))
