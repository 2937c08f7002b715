"""Queries that read the Parquet files of a table with DuckDB's own reader, as SQL. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pyarrow as pa

from pipeline.publishing.sql.table_files import TableFiles

PATTERN = re.compile(r"[*?\[\]{}\\]")
"""Characters with which DuckDB takes a path for a pattern."""


def files_query(root: str, table: TableFiles, columns: Sequence[str], *, with_path: bool = False) -> str | None:
    """A `select` of `columns`, and with `with_path` of `filename`, from exactly the files of `table`, one or more, below the folder `root`.

    A column that a file lacks is null. None where a path could be taken for a pattern of several files.
    """
    paths = [f"{root}/{path}" for path in table.paths]
    if any(map(PATTERN.search, paths)):
        return None
    stored = {name: sql_type(table.columns.field(name).type) for name in columns if table.key is None or name != table.key.name}
    # with a given schema DuckDB opens a file once, when it reads it; without one also before, to find its columns
    types = ", ".join(
        f"{sql_text(name)}: {{name: {sql_text(name)}, type: {sql_text(kind)}, default_value: null}}" for name, kind in stored.items()
    )
    shown = [quoted(name) if name in stored else _key_of_path(table.key) for name in columns]
    wanted = ", ".join([*shown, *(["filename"] if with_path else [])])
    return f"select {wanted} from read_parquet([{', '.join(map(sql_text, paths))}], schema = map {{{types}}})"


def _key_of_path(key: pa.Field) -> str:
    value = f"regexp_extract(filename, {sql_text(f'/{key.name}=([^/]+)/[^/]*$')}, 1)"
    return f"cast({value} as {sql_type(key.type)}) as {quoted(key.name)}"


def pattern_query(root: str, table: TableFiles) -> str:
    """A `select` of all files that lie as those of `table` do below the folder `root`, also of those that are written later."""
    types = {field.name: sql_type(field.type) for field in table.columns}
    columns = ", ".join(f"cast(null as {kind}) as {quoted(name)}" for name, kind in types.items())
    nothing = f"select {columns} where false"
    if not table.paths:
        return nothing
    depth = table.paths[0].count("/")
    pattern = sql_text("/".join([root, table.name, *["*"] * (depth - 1), "*.parquet"]))
    hive = f"hive_partitioning = true, hive_types = {{{table.key.name}: {types[table.key.name]}}}" if table.key is not None else ""
    options = ", ".join(filter(None, [pattern, "union_by_name = true", hive or "hive_partitioning = false"]))
    # files that were written before a column was added lack it
    return f"select {', '.join(map(quoted, types))} from ({nothing} union all by name select * from read_parquet({options}))"


def sql_type(kind: pa.DataType) -> str:
    """DuckDB's name of an Arrow type that the contract uses."""
    if pa.types.is_map(kind):
        return f"map({sql_type(kind.key_type)}, {sql_type(kind.item_type)})"
    if pa.types.is_list(kind):
        return f"{sql_type(kind.value_type)}[]"
    if pa.types.is_struct(kind):
        return f"struct({', '.join(f'{quoted(field.name)} {sql_type(field.type)}' for field in kind)})"
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


def quoted(name: str) -> str:
    """`name` as a name in SQL."""
    return '"' + name.replace('"', '""') + '"'


def sql_text(value: str) -> str:
    """`value` as a text in SQL."""
    return "'" + value.replace("'", "''") + "'"
