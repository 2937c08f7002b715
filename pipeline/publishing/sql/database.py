"""Opens a lake as a DuckDB database: in memory and locked, for queries, or as a file of views for other programs.

A query of anybody (`open_database`) reads the tables through the lake's own file system; DuckDB opens no file and no connection itself,
so that the query cannot write, read anything outside the lake or change a setting. Only `select` and `explain` are run. Queries of this
program over some files (`open_tables`) read those of a local lake with DuckDB's own reader, which takes half to a quarter of Arrow's time
for a file of an hour.
"""

from __future__ import annotations

import atexit
import functools
import itertools
import operator
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from pipeline.core import schema
from pipeline.core.errors import DamagedError, PermanentError
from pipeline.lake.storage import Lake
from pipeline.publishing.sql.parquet_queries import files_query, pattern_query, quoted, sql_text
from pipeline.publishing.sql.table_files import TableFiles, files_at, table_files
from pipeline.publishing.sql.views import VIEWS, view_statements

if TYPE_CHECKING:
    import duckdb
    import pyarrow.dataset as ds

STORAGE_VERSION = "v1.0.0"
"""The format of database files: that of DuckDB 1.0, which all later versions read; 1.5 refuses files in the format of 2.0."""


@contextmanager
def open_database(lake: Lake, *, paths: Mapping[str, Sequence[str]] | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """A locked connection with the tables of `lake` (schema `lake`) and the views over them. Raises StorageError.

    With `paths`, a table has the files that are given for its name and no other, so that a query of a day neither lists nor opens a year.
    """
    tables = [table_files(lake, name) if paths is None else files_at(paths.get(name, ()), name=name) for name in schema.TABLES]
    with _opened(lake, tables, view_statements(list(schema.TABLES))) as connection:
        yield connection


@dataclass(frozen=True, slots=True)
class RowsNaming:
    """A condition on rows: one of `values` (none: no row) stands in one of the `columns` of their table."""

    columns: Mapping[str, Sequence[str]]
    values: frozenset[str]

    @property
    def parameters(self) -> dict[str, object]:
        """The values by the names that they have in `condition`."""
        return {f"value{place}": value for place, value in enumerate(sorted(self.values))}

    def condition(self, table: str) -> str:
        """The condition on the rows of `table`, as SQL."""
        listed = ", ".join(f"${name}" for name in self.parameters)
        return " or ".join(f"{quoted(column)} in ({listed})" for column in self.columns[table])


@contextmanager
def open_tables(
    lake: Lake,
    paths: Mapping[str, Sequence[str]],
    *,
    columns: Mapping[str, Sequence[str]] | None = None,
    naming: RowsNaming | None = None,
    views: Sequence[str] = (),
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A locked connection with the tables that `paths` names, made of these files, in the schema `lake`, and with these views.

    `columns` are those of a table that the queries use (without an entry: all): to bind each of the fifty of `extracted` takes longer than
    to read a few from a day's files. With `naming` the tables have only the rows that it names, which are read once, for several queries.

    For queries of this program: those of others belong into `open_database`. Making all views takes longer than most queries of a few
    files, and so does opening a database: an idle one is used again. One thread reads it: with more, a query of some thousand rows takes a
    third more processor time. Raises DamagedError, and FileNotFoundError for a file that is gone, also in place of what a query raises.
    """
    tables = [files_at(files, name=name) for name, files in paths.items()]
    kind = "view" if naming is None else "table"
    with _used_database(lake, tables) as connection:
        for table in tables:
            query = _registered(connection, lake, table, (columns or {}).get(table.name, table.columns.names))
            where = "" if naming is None else f" where {naming.condition(table.name)}"
            connection.execute(f"create {kind} lake.{table.name} as {query}{where}", None if naming is None else naming.parameters)
        for view in views:
            connection.execute(f"create view {view} as {VIEWS[view]}")
        yield connection
        for view in reversed(views):
            connection.execute(f"drop view {view}")
        for table in tables:
            connection.execute(f"drop {kind} lake.{table.name}")
            connection.unregister(f"files_{table.name}")


def _registered(connection: duckdb.DuckDBPyConnection, lake: Lake, table: TableFiles, columns: Sequence[str]) -> str:
    """A `select` of `columns` of `table`: of its files, or of a data set that is registered for it."""
    query = files_query(lake.root, table, columns) if lake.is_local and table.paths else None
    if query is not None:
        return query
    connection.register(f"files_{table.name}", _dataset(lake, table))
    return f"select {', '.join(map(quoted, columns))} from files_{table.name}"


@contextmanager
def _used_database(lake: Lake, tables: Sequence[TableFiles]) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database that may read the folder of a local lake: an idle one or a new one. It is idle again after a use without an error."""
    import duckdb

    kind = (os.getpid(), lake.root if lake.is_local else "")
    connection = _idle_database(kind) or _locked_database(folder=kind[1], threads=1)
    try:
        yield connection
    except BaseException as error:
        connection.close()
        if not isinstance(error, (duckdb.Error, PermanentError)):
            raise
        damages = (lake.damage(path) for table in tables for path in table.paths)
        if (damage := next(filter(None, damages), None)) is not None:
            raise DamagedError(damage) from error
        if isinstance(error, duckdb.Error):
            raise PermanentError(f"DuckDB: {error}") from error
        raise
    _keep_idle(kind, connection)


_Kind = tuple[int, str]
"""The process that opened a database (a forked one cannot use it), the folder that the database may read (empty: none)."""
_IDLE: dict[_Kind, list[duckdb.DuckDBPyConnection]] = {}
"""Databases without tables that wait for their next use."""
MOST_IDLE = 4
"""Idle databases of a kind. A plain choice: pages that are made at the same moment and find a database open."""


def _idle_database(kind: _Kind) -> duckdb.DuckDBPyConnection | None:
    try:
        return _IDLE[kind].pop()
    except (KeyError, IndexError):
        return None


def _keep_idle(kind: _Kind, connection: duckdb.DuckDBPyConnection) -> None:
    if not _IDLE:
        atexit.register(_close_idle)
    _close_idle(except_folder=kind[1])
    idle = _IDLE.setdefault(kind, [])
    if len(idle) < MOST_IDLE:
        idle.append(connection)
    else:
        connection.close()


def _close_idle(*, except_folder: str | None = None) -> None:
    """Close this process's idle databases of other folders, and all at the end: DuckDB warns on standard error of those that are left."""
    for kind in [kind for kind in list(_IDLE) if kind[0] == os.getpid() and kind[1] != except_folder]:
        for connection in _IDLE.pop(kind, []):
            connection.close()


@contextmanager
def _opened(lake: Lake, tables: Sequence[TableFiles], views: Sequence[str]) -> Iterator[duckdb.DuckDBPyConnection]:
    with _locked_database() as connection:
        for table in tables:
            connection.register(f"files_{table.name}", _dataset(lake, table))
            connection.execute(f"create view lake.{table.name} as from files_{table.name}")
        for statement in views:
            connection.execute(statement)
        yield connection


def _locked_database(*, folder: str = "", threads: int | None = None) -> duckdb.DuckDBPyConnection:
    """A database in memory without tables, closed to the network and to files outside `folder` (empty: to all files).

    `threads` None: one for each processor.
    """
    import duckdb

    closed = {"autoload_known_extensions": False, "autoinstall_known_extensions": False}
    own = {} if threads is None else {"threads": threads}
    connection = duckdb.connect(":memory:", config={**closed, "temp_directory": "", **own})
    allowed = [f"set allowed_directories = [{sql_text(folder)}]"] if folder else []
    for statement in (*allowed, "set enable_external_access = false", "create schema lake", *_SETTINGS):
        connection.execute(statement)
    return connection


_SETTINGS = ("set TimeZone = 'UTC'", "set python_enable_replacements = false", "set lock_configuration = true")
"""A query sees UTC and none of this process's variables, and cannot change either."""


def _dataset(lake: Lake, table: TableFiles) -> ds.Dataset | pa.Table:
    if not table.paths:
        return table.columns.empty_table()
    return _files_dataset(lake, table)


def rows_naming(lake: Lake, name: str, paths: Sequence[str], naming: RowsNaming) -> pa.Table:
    """The rows that `naming` names in the files of the table `name` at `paths`: the columns that it looks at, and the file's `path`."""
    table, columns = files_at(paths, name=name), naming.columns[name]
    if not paths:
        return pa.table({column: pa.array([], pa.string()) for column in (*columns, "path")})
    query = files_query(lake.root, table, columns, with_path=True) if lake.is_local else None
    if query is None:
        found = _rows_naming_in_store(lake, table, columns, naming.values)
    else:
        with _used_database(lake, [table]) as connection:
            found = run_query(connection, f"{query} where {naming.condition(name)}", parameters=naming.parameters)
    full = found.column(found.num_columns - 1).to_pylist()
    return pa.table([*found.columns[:-1], pa.array([path.removeprefix(f"{lake.root}/") for path in full], pa.string())], [*columns, "path"])


def _rows_naming_in_store(lake: Lake, table: TableFiles, columns: Sequence[str], values: Collection[str]) -> pa.Table:
    import pyarrow.dataset as ds

    where = functools.reduce(operator.or_, (ds.field(column).isin(sorted(values)) for column in columns))
    return _files_dataset(lake, table).to_table(filter=where, columns=[*columns, "__filename"])


def _files_dataset(lake: Lake, table: TableFiles) -> ds.Dataset:
    import pyarrow.dataset as ds

    paths = [f"{lake.root}/{path}" for path in table.paths]
    partitioning = ds.partitioning(pa.schema([table.key]), flavor="hive") if table.key is not None else None
    return ds.dataset(
        paths,
        schema=table.columns,
        format="parquet",
        filesystem=lake.filesystem,
        partitioning=partitioning,
        partition_base_dir=lake.root,
    )


def run_query(connection: duckdb.DuckDBPyConnection, query: str, *, parameters: Mapping[str, object] | None = None) -> pa.Table:
    """The rows of `query`, one `select` or `explain`. Raises PermanentError, with DuckDB's message, for anything else.

    Columns have different names, and types that JSON, CSV and Parquet have too: see `_portable`.
    """
    import duckdb

    try:
        statements = connection.extract_statements(query)
        allowed = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)
        if len(statements) != 1 or statements[0].type not in allowed:
            raise PermanentError("news sql runs one select (or explain) and nothing that changes anything")
        relation = connection.sql(statements[0].query, params=dict(parameters) if parameters else None)
        return _portable(relation).to_arrow_table()
    except duckdb.Error as error:
        raise PermanentError(f"DuckDB: {error}") from error


FOREIGN_TYPES = frozenset({"interval", "blob", "bit", "union", "time with time zone", "time_ns"})
"""Types of DuckDB, as it names them, without a counterpart in Parquet or JSON: their values become DuckDB's own text of them."""
OTHER_TIMES = frozenset({"timestamp_s", "timestamp_ms", "timestamp_ns"})
"""Types of DuckDB of times that are not counted in microseconds."""


def _portable(relation: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    """`relation` with FOREIGN_TYPES as text, all times in microseconds, and `_1` behind a name that an earlier column has."""
    casts = ["varchar" if _is_foreign(kind) else "timestamp" if kind.id in OTHER_TIMES else None for kind in relation.types]
    names = _different(relation.columns)
    if names == relation.columns and not any(casts):
        return relation
    columns = (
        f"{f'cast(#{place} as {target})' if target else f'#{place}'} as {quoted(name)}"
        for place, (name, target) in enumerate(zip(names, casts, strict=True), start=1)
    )
    return relation.project(", ".join(columns))


def _different(names: Sequence[str]) -> list[str]:
    """`names` with `_1`, `_2`, ... behind those that stand before in the list."""
    found: list[str] = []
    for name in names:
        numbered = (f"{name}_{number}" for number in itertools.count(1))
        found.append(name if name not in found else next(other for other in numbered if other not in {*found, *names}))
    return found


def _is_foreign(kind: duckdb.sqltypes.DuckDBPyType) -> bool:
    parts = kind.children if kind.id in ("list", "array", "struct", "map") else []
    return kind.id in FOREIGN_TYPES or any(_is_foreign(part) for _, part in parts if not isinstance(part, list | int))


def write_database(lake: Lake, file: Path) -> None:
    """Write a DuckDB database to `file` whose views read the files of the local lake, also those that are written later.

    A table that has no file yet stays empty there until the database is written again. An earlier DuckDB database at `file` is replaced.
    Raises PermanentError for a lake in an object store, and when `file` exists and is no DuckDB database.
    """
    if not lake.is_local:
        raise PermanentError(f"{lake.uri}: a database file reads a local lake; news sql queries an object store")
    with new_database(file) as connection:
        connection.execute("create schema lake")
        for name in schema.TABLES:
            connection.execute(f"create view lake.{name} as {pattern_query(lake.root, table_files(lake, name))}")
        for statement in view_statements(list(schema.TABLES)):
            connection.execute(statement)


@contextmanager
def new_database(file: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to an empty database that takes the place of `file` at the end. Any DuckDB since 1.0 opens it.

    Raises PermanentError when `file` exists and is no DuckDB database, or cannot be written.
    """
    import duckdb

    if file.exists() and not _is_database(file):
        raise PermanentError(f"{file} exists and is no DuckDB database; it is not replaced")
    new = file.with_name(f".{file.name}.new")
    try:
        new.write_bytes(b"")  # DuckDB's own error names neither the file nor the reason alone
        new.unlink()
    except OSError as error:
        raise PermanentError(f"{file}: cannot be written: {error.strerror}") from error
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"attach {sql_text(str(new))} as written (storage_version '{STORAGE_VERSION}')")
        connection.execute("use written")
        yield connection
        connection.execute("use memory")
        connection.execute("detach written")
    new.replace(file)


def _is_database(file: Path) -> bool:
    if not file.is_file():
        return False
    with file.open("rb") as opened:
        return opened.read(12)[8:] == b"DUCK"
