"""What a DuckLake catalogue says of a lake's files: its tables and their rows, in version 1.0 of the format. Pure.

https://ducklake.select/docs/stable/specification/introduction describes the format. A catalogue is an ordinary SQL database with these
tables, so it is written without DuckDB's extension `ducklake`, which reads it.
"""

from __future__ import annotations

import re
import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, date, datetime

import pyarrow as pa

from pipeline import __version__
from pipeline.publishing.sql.table_files import TableFiles
from pipeline.publishing.sql.views import MEANINGS, view_queries

Row = tuple[object, ...]

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
"""The time of the first snapshot, which has the tables, and the files without a time."""
FORMAT_VERSION = "1.0"
VIEWS_SCHEMA, TABLES_SCHEMA = 0, 1
"""Ids of the schemas `main`, with the views, and `lake`, with the tables."""

_LIFE = "begin_snapshot bigint, end_snapshot bigint"
_FILE = "path varchar, path_is_relative boolean"
_PARQUET = "record_count bigint, file_size_bytes bigint, footer_size bigint"
_COUNTED = "column_size_bytes bigint, value_count bigint, null_count bigint"
_BOUNDS = "min_value varchar, max_value varchar"

FORMAT = {
    "metadata": "key varchar not null, value varchar not null, scope varchar, scope_id bigint",
    "snapshot": "snapshot_id bigint primary key, snapshot_time timestamptz, schema_version bigint, next_catalog_id bigint, "
    "next_file_id bigint",
    "snapshot_changes": "snapshot_id bigint primary key, changes_made varchar, author varchar, commit_message varchar, "
    "commit_extra_info varchar",
    "schema": f"schema_id bigint primary key, schema_uuid uuid, {_LIFE}, schema_name varchar, {_FILE}",
    "schema_versions": "begin_snapshot bigint, schema_version bigint, table_id bigint",
    "table": f"table_id bigint, table_uuid uuid, {_LIFE}, schema_id bigint, table_name varchar, {_FILE}",
    "view": f"view_id bigint, view_uuid uuid, {_LIFE}, schema_id bigint, view_name varchar, dialect varchar, sql varchar, "
    "column_aliases varchar",
    "column": f"column_id bigint, {_LIFE}, table_id bigint, column_order bigint, column_name varchar, column_type varchar, "
    "initial_default varchar, default_value varchar, nulls_allowed boolean, parent_column bigint, default_value_type varchar, "
    "default_value_dialect varchar",
    "tag": f"object_id bigint, {_LIFE}, key varchar, value varchar",
    "column_tag": f"table_id bigint, column_id bigint, {_LIFE}, key varchar, value varchar",
    "data_file": f"data_file_id bigint primary key, table_id bigint, {_LIFE}, file_order bigint, {_FILE}, file_format varchar, "
    f"{_PARQUET}, row_id_start bigint, partition_id bigint, encryption_key varchar, mapping_id bigint, partial_max bigint",
    "file_column_stats": f"data_file_id bigint, table_id bigint, column_id bigint, {_COUNTED}, {_BOUNDS}, contains_nan boolean, "
    "extra_stats varchar",
    "file_variant_stats": "data_file_id bigint, table_id bigint, column_id bigint, variant_path varchar, shredded_type varchar, "
    f"{_COUNTED}, {_BOUNDS}, contains_nan boolean, extra_stats varchar",
    "delete_file": f"delete_file_id bigint primary key, table_id bigint, {_LIFE}, data_file_id bigint, {_FILE}, format varchar, "
    "delete_count bigint, file_size_bytes bigint, footer_size bigint, encryption_key varchar, partial_max bigint",
    "files_scheduled_for_deletion": f"data_file_id bigint, {_FILE}, schedule_start timestamptz",
    "inlined_data_tables": "table_id bigint, table_name varchar, schema_version bigint",
    "table_stats": "table_id bigint, record_count bigint, next_row_id bigint, file_size_bytes bigint",
    "table_column_stats": f"table_id bigint, column_id bigint, contains_null boolean, contains_nan boolean, {_BOUNDS}, extra_stats varchar",
    "column_mapping": "mapping_id bigint, table_id bigint, type varchar",
    "name_mapping": "mapping_id bigint, column_id bigint, source_name varchar, target_field_id bigint, parent_column bigint, "
    "is_partition boolean",
    "partition_info": f"partition_id bigint, table_id bigint, {_LIFE}",
    "partition_column": "partition_id bigint, table_id bigint, partition_key_index bigint, column_id bigint, transform varchar",
    "file_partition_value": "data_file_id bigint, table_id bigint, partition_key_index bigint, partition_value varchar",
    "sort_info": f"sort_id bigint, table_id bigint, {_LIFE}",
    "sort_expression": "sort_id bigint, table_id bigint, sort_key_index bigint, expression varchar, dialect varchar, "
    "sort_direction varchar, null_order varchar",
    "macro": f"schema_id bigint, macro_id bigint, macro_name varchar, {_LIFE}",
    "macro_impl": "macro_id bigint, impl_id bigint, dialect varchar, sql varchar, type varchar",
    "macro_parameters": "macro_id bigint, impl_id bigint, column_id bigint, parameter_name varchar, parameter_type varchar, "
    "default_value varchar, default_value_type varchar",
}
"""Name (after `ducklake_`) and columns of each table, those without a row here as well: a reader asks for all."""


def format_statements() -> list[str]:
    """The statements that create the tables."""
    return [f'create table "ducklake_{name}"({columns})' for name, columns in FORMAT.items()]


@dataclass(frozen=True, slots=True)
class ColumnBounds:
    """Least and greatest value of a column in a file, both None when all values are null; its nulls, and its bytes in the file."""

    least: date | int | None
    greatest: date | int | None
    nulls: int
    bytes: int


@dataclass(frozen=True, slots=True)
class LakeFile:
    """A Parquet file of a table: its absolute path, and what its footer says of it."""

    table: str
    path: str
    key: str | None
    """The value of its folder's key; None in a table without folders."""
    rows: int
    bytes: int
    footer_bytes: int
    columns: tuple[str, ...]
    known: datetime | None
    """The time from which it is known; None: always."""
    bounds: dict[str, ColumnBounds]
    """Of the columns of times, dates and whole numbers."""
    until: datetime | None = None
    """The time from which a later build takes its place."""


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of a table, or a part of one: an element, a field, a key or a value."""

    id: int
    parent: int | None
    name: str
    type: str
    in_files: str
    """Its name for a reader of the files."""
    top: str
    """The column that it is a part of, or itself."""


def catalogue_rows(
    tables: Sequence[TableFiles], files: Sequence[LakeFile], times: Sequence[datetime], *, folder: str
) -> dict[str, list[Row]]:
    """The rows of each table of the catalogue, without its empty tables.

    `times`, ascending, are those of the snapshots, BEGINNING first; `folder` is where a writer would put files of its own.
    """
    rows: dict[str, list[Row]] = defaultdict(list)
    views = view_queries([table.name for table in tables])
    ids = {table.name: number for number, table in enumerate(tables, 2)}
    rows["metadata"] = [
        ("version", FORMAT_VERSION, None, None),
        ("created_by", f"news {__version__}", None, None),
        ("data_path", folder, None, None),
        ("encrypted", "false", None, None),
    ]
    rows["snapshot"] = [(number, moment, 1, len(tables) + len(views) + 2, len(files) + 1) for number, moment in enumerate(times)]
    rows["schema"] = [
        (number, _uuid(name), 0, None, name, f"{name}/", True) for number, name in ((VIEWS_SCHEMA, "main"), (TABLES_SCHEMA, "lake"))
    ]
    for number, (name, query) in enumerate(views.items(), len(tables) + 2):
        text = re.sub(r"\b(lake|main)\.", r"{DUCKLAKE_CATALOG}.\1.", " ".join(query.split()))
        rows["view"].append((number, _uuid(f"main.{name}"), 0, None, VIEWS_SCHEMA, name, "duckdb", text, ""))
        if name in MEANINGS:
            rows["tag"].append((number, 0, None, "comment", MEANINGS[name]))
    for table in tables:
        own = [one for one in files if one.table == table.name]
        _add_table(rows, ids[table.name], table, own)
    numbers = {moment: number for number, moment in enumerate(times)}
    _add_files(rows, ids, tables, files, numbers)
    changed: dict[int, set[str]] = defaultdict(set)
    for one in files:
        changed[numbers[one.known or BEGINNING]].add(f"inserted_into_table:{ids[one.table]}")
    created = ['created_schema:"main"', 'created_schema:"lake"', *(f'created_table:"lake"."{table.name}"' for table in tables)]
    for number in range(len(times)):
        made = [*(created if number == 0 else []), *sorted(changed[number])]
        rows["snapshot_changes"].append((number, ",".join(made), None, None, None))
    return {name: found for name, found in rows.items() if found}


def _add_table(rows: dict[str, list[Row]], number: int, table: TableFiles, files: Sequence[LakeFile]) -> None:
    counted = sum(one.rows for one in files)
    rows["table"].append((number, _uuid(f"lake.{table.name}"), 0, None, TABLES_SCHEMA, table.name, f"{table.name}/", True))
    rows["schema_versions"].append((0, 1, number))
    rows["table_stats"].append((number, counted, counted, sum(one.bytes for one in files)))
    for column in _columns(table.columns):
        default = (None, "NULL", True, column.parent, "" if column.type in NESTED else "literal", "duckdb")
        rows["column"].append((column.id, 0, None, number, column.id, column.name, column.type, *default))
        meaning = (table.columns.field(column.name).metadata or {}).get(b"meaning") if column.parent is None else None
        if meaning is not None:
            rows["column_tag"].append((number, column.id, 0, None, "comment", meaning.decode()))


def _add_files(
    rows: dict[str, list[Row]],
    ids: Mapping[str, int],
    tables: Sequence[TableFiles],
    files: Sequence[LakeFile],
    numbers: Mapping[datetime, int],
) -> None:
    first_rows: dict[str, int] = defaultdict(int)
    mappings: dict[tuple[str, tuple[str, ...]], int] = {}
    columns_of = {table.name: _columns(table.columns) for table in tables}
    keys = {table.name: table.key.name for table in tables if table.key is not None}
    for number, one in enumerate(files, 1):
        table, key = ids[one.table], keys.get(one.table)
        if (one.table, one.columns) not in mappings:
            mapping = mappings[one.table, one.columns] = len(mappings) + 1
            rows["column_mapping"].append((mapping, table, "map_by_name"))
            rows["name_mapping"] += _name_mapping(mapping, columns_of[one.table], {*one.columns, key}, key=key)
        begin, end = numbers[one.known or BEGINNING], numbers[one.until] if one.until is not None else None
        counts = (one.rows, one.bytes, one.footer_bytes, first_rows[one.table])
        last = (None, None, mappings[one.table, one.columns], None)
        rows["data_file"].append((number, table, begin, end, None, one.path, False, "parquet", *counts, *last))
        first_rows[one.table] += one.rows
        for column in columns_of[one.table]:
            bounds = one.bounds.get(column.name) if column.parent is None else None
            if column.parent is None and column.name == key:
                counted: Row = (0, one.rows, 0, one.key, one.key)
            elif bounds is not None:
                counted = (bounds.bytes, one.rows, bounds.nulls, _text(bounds.least), _text(bounds.greatest))
            else:
                continue
            rows["file_column_stats"].append((number, table, column.id, *counted, None, None))


def _name_mapping(mapping: int, columns: Sequence[_Column], present: Set[str | None], *, key: str | None) -> Iterator[Row]:
    """The rows that tell a reader which column of a file is which, and which one is in the names of folders."""
    for column in columns:
        if column.top in present:
            parent = column.parent - 1 if column.parent is not None else None
            yield (mapping, column.id - 1, column.in_files, column.id, parent, column.parent is None and column.name == key)


def _columns(contract: pa.Schema) -> list[_Column]:
    """All columns and their parts, each after the one that it is a part of."""
    columns: list[_Column] = []

    def add(name: str, kind: pa.DataType, *, parent: int | None, in_files: str, top: str) -> None:
        own = len(columns) + 1
        columns.append(_Column(own, parent, name, _type(kind), in_files, top))
        if pa.types.is_map(kind):
            add("key", kind.key_type, parent=own, in_files="key", top=top)
            add("value", kind.item_type, parent=own, in_files="value", top=top)
        elif pa.types.is_list(kind):
            add("element", kind.value_type, parent=own, in_files="list", top=top)
        elif pa.types.is_struct(kind):
            for field in kind:
                add(field.name, field.type, parent=own, in_files=field.name, top=top)

    for field in contract:
        add(field.name, field.type, parent=None, in_files=field.name, top=field.name)
    return columns


def _type(kind: pa.DataType) -> str:
    """DuckLake's name of an Arrow type that the contract uses."""
    nested = {"map": pa.types.is_map, "list": pa.types.is_list, "struct": pa.types.is_struct, "timestamptz": pa.types.is_timestamp}
    found = next((name for name, is_one in nested.items() if is_one(kind)), None)
    return found if found is not None else _SCALARS.get(str(kind), str(kind))


NESTED = ("list", "struct", "map")
_SCALARS = {"string": "varchar", "bool": "boolean", "float": "float32", "double": "float64", "date32[day]": "date"}
"""DuckLake's names of the types that Arrow names otherwise; it names whole numbers as Arrow does."""


def _uuid(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{name}.news-pipeline.invalid"))


def _text(value: date | int | None) -> str | None:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f+00")
    return None if value is None else str(value)
