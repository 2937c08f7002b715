"""Opens a lake as a DuckDB database: in memory and locked, for queries, or as a file of views for other programs.

In memory DuckDB reads the tables through the lake's own file system, and opens no file and no connection itself: a query cannot write,
read anything outside the lake or change a setting. Only `select` and `explain` are run.
"""

from __future__ import annotations

import atexit
import itertools
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from pipeline.core import schema
from pipeline.core.errors import PermanentError
from pipeline.lake.storage import Lake
from pipeline.publishing.sql.views import VIEWS, view_statements

if TYPE_CHECKING:
    import duckdb
    import pyarrow.dataset as ds

PARTITION = re.compile(r"[^/]+/(?P<key>\w+)=(?P<value>[^/]+)/")
STORAGE_VERSION = "v1.0.0"
"""The format of database files: that of DuckDB 1.0, which all later versions read; 1.5 refuses files in the format of 2.0."""
FOLDER_KEYS = {
    "articles": pa.field("published_date", pa.date32()),
    "explain": pa.field("published_date", pa.date32()),
    "stories": pa.field("published_date", pa.date32()),
    "extracted": pa.field("interval", pa.string()),
    "ledger": pa.field("interval", pa.string()),
    "changes": pa.field("published_date", pa.date32()),
}
"""The key of a table's folders, which its views name even when the lake has no file of the table yet."""


@dataclass(frozen=True, slots=True)
class TableFiles:
    """The Parquet files of a table, and the column whose values stand only in the names of its folders (None without such folders)."""

    name: str
    paths: tuple[str, ...]
    key: pa.Field | None

    @property
    def columns(self) -> pa.Schema:
        """The columns of the contract, then the folders' key."""
        return pa.schema([*schema.TABLES[self.name], *([self.key] if self.key is not None else [])])


def table_files(lake: Lake, name: str) -> TableFiles:
    """The files of the table `name` in `lake`."""
    return _table(name, tuple(file.path for file in lake.files(name) if file.path.endswith(".parquet")))


def _table(name: str, paths: tuple[str, ...]) -> TableFiles:
    return TableFiles(name, paths, FOLDER_KEYS.get(name) or _key_of_folders(paths, schema.TABLES[name]))


def _key_of_folders(paths: tuple[str, ...], contract: pa.Schema) -> pa.Field | None:
    found = PARTITION.match(paths[0]) if paths else None
    if found is None or found["key"] in contract.names:
        return None
    try:
        date.fromisoformat(found["value"])
    except ValueError:
        return pa.field(found["key"], pa.string())
    return pa.field(found["key"], pa.date32())


@contextmanager
def open_database(lake: Lake, *, paths: Mapping[str, Sequence[str]] | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """A locked connection with the tables of `lake` (schema `lake`) and the views over them. Raises StorageError.

    With `paths`, a table has the files that are given for its name and no other, so that a query of a day neither lists nor opens a year.
    """
    tables = [table_files(lake, name) if paths is None else _table(name, tuple(paths.get(name, ()))) for name in schema.TABLES]
    with _opened(lake, tables, view_statements(list(schema.TABLES))) as connection:
        yield connection


@contextmanager
def open_tables(lake: Lake, paths: Mapping[str, Sequence[str]], *, views: Sequence[str] = ()) -> Iterator[duckdb.DuckDBPyConnection]:
    """A locked connection with the tables that `paths` names, made of these files, in the schema `lake`, and with these views.

    Making all views takes longer than most queries of a few files, and so does opening a database: an idle one is used again. One
    thread reads it: with more, a query of some thousand rows takes a third more processor time.
    """
    tables = [_table(name, tuple(files)) for name, files in paths.items()]
    connection = _idle_database() or _locked_database(threads=1)
    try:
        _add_tables(connection, lake, tables)
        for view in views:
            connection.execute(f"create view {view} as {VIEWS[view]}")
        yield connection
        for view in reversed(views):
            connection.execute(f"drop view {view}")
        for table in tables:
            connection.execute(f"drop view lake.{table.name}")
            connection.unregister(f"files_{table.name}")
    except BaseException:
        connection.close()
        raise
    _keep_idle(connection)


_IDLE: dict[int, list[duckdb.DuckDBPyConnection]] = {}
"""Databases without tables that wait for their next use, by the process that opened them: a forked one cannot use them."""
MOST_IDLE = 4
"""A plain choice: pages that are made at the same moment and find a database open."""


def _idle_database() -> duckdb.DuckDBPyConnection | None:
    try:
        return _IDLE[os.getpid()].pop()
    except (KeyError, IndexError):
        return None


def _keep_idle(connection: duckdb.DuckDBPyConnection) -> None:
    if not _IDLE:
        atexit.register(_close_idle)
    idle = _IDLE.setdefault(os.getpid(), [])
    if len(idle) < MOST_IDLE:
        idle.append(connection)
    else:
        connection.close()


def _close_idle() -> None:
    """Close them before the interpreter ends: DuckDB warns on standard error of those that are left."""
    for connection in _IDLE.pop(os.getpid(), []):
        connection.close()


@contextmanager
def _opened(lake: Lake, tables: Sequence[TableFiles], views: Sequence[str]) -> Iterator[duckdb.DuckDBPyConnection]:
    with _locked_database() as connection:
        _add_tables(connection, lake, tables)
        for statement in views:
            connection.execute(statement)
        yield connection


def _locked_database(*, threads: int | None = None) -> duckdb.DuckDBPyConnection:
    """A database in memory without tables, closed to files and the network; None: a thread for each processor."""
    import duckdb

    closed = {"enable_external_access": False, "autoload_known_extensions": False, "autoinstall_known_extensions": False}
    own = {} if threads is None else {"threads": threads}
    connection = duckdb.connect(":memory:", config={**closed, "temp_directory": "", **own})
    for statement in ("create schema lake", *_SETTINGS):
        connection.execute(statement)
    return connection


def _add_tables(connection: duckdb.DuckDBPyConnection, lake: Lake, tables: Sequence[TableFiles]) -> None:
    for table in tables:
        connection.register(f"files_{table.name}", _dataset(lake, table))
        connection.execute(f"create view lake.{table.name} as select * from files_{table.name}")


_SETTINGS = ("set TimeZone = 'UTC'", "set python_enable_replacements = false", "set lock_configuration = true")
"""A query sees UTC and none of this process's variables, and cannot change either."""


def _dataset(lake: Lake, table: TableFiles) -> ds.Dataset | pa.Table:
    if not table.paths:
        return table.columns.empty_table()
    return _files_dataset(lake, table)


def open_files(lake: Lake, name: str, paths: Sequence[str]) -> ds.Dataset:
    """The files at `paths`, one or more, of the table `name`, for a scan with Arrow; `__filename` in it begins with the lake's root."""
    return _files_dataset(lake, _table(name, tuple(paths)))


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
        f"{f'cast(#{place} as {target})' if target else f'#{place}'} as {_quoted(name)}"
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
            connection.execute(f"create view lake.{name} as {_read_files(lake, table_files(lake, name))}")
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
        connection.execute(f"attach {_text(str(new))} as written (storage_version '{STORAGE_VERSION}')")
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


def _read_files(lake: Lake, table: TableFiles) -> str:
    types = {field.name: _sql_type(field.type) for field in table.columns}
    columns = ", ".join(f"cast(null as {kind}) as {_quoted(name)}" for name, kind in types.items())
    nothing = f"select {columns} where false"
    if not table.paths:
        return nothing
    depth = table.paths[0].count("/")
    pattern = _text("/".join([lake.root, table.name, *["*"] * (depth - 1), "*.parquet"]))
    hive = f"hive_partitioning = true, hive_types = {{{table.key.name}: {types[table.key.name]}}}" if table.key is not None else ""
    options = ", ".join(filter(None, [pattern, "union_by_name = true", hive or "hive_partitioning = false"]))
    # files that were written before a column was added lack it
    return f"select {', '.join(map(_quoted, types))} from ({nothing} union all by name select * from read_parquet({options}))"


def _sql_type(kind: pa.DataType) -> str:
    """DuckDB's name of an Arrow type that the contract uses."""
    if pa.types.is_map(kind):
        return f"map({_sql_type(kind.key_type)}, {_sql_type(kind.item_type)})"
    if pa.types.is_list(kind):
        return f"{_sql_type(kind.value_type)}[]"
    if pa.types.is_struct(kind):
        return f"struct({', '.join(f'{_quoted(field.name)} {_sql_type(field.type)}' for field in kind)})"
    if pa.types.is_timestamp(kind):
        return "timestamptz"
    return _SCALARS[str(kind)]


_SCALARS = {
    "string": "varchar",
    "bool": "boolean",
    "int8": "tinyint",
    "int16": "smallint",
    "int32": "integer",
    "int64": "bigint",
    "float": "real",
    "double": "double",
    "date32[day]": "date",
}


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
