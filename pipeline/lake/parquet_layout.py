"""How a table of the contract lies in its Parquet files: its order, what finds a row in it, and what it says of itself. Pure."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline import __version__
from pipeline.core import schema

DATE_FOLDER = re.compile(r"\d{4}-\d\d-\d\d")
FOLDER_TYPES = {"date": "date32[day][pyarrow]", "unicode": "large_string[pyarrow]"}
"""What pandas' metadata calls a value in a folder's name, to the pandas type of its column. pandas ignores `string` for such a column."""
FALSE_POSITIVES = 0.01
"""Share of the row groups that a Bloom filter does not rule out although they lack the value: 10 bits a value."""


@dataclass(frozen=True, slots=True)
class ParquetLayout:
    """The columns by which rows are sorted, nulls last, and those by whose value a row is looked up.

    The latter are never null: DuckDB 2.0 rules nothing out by the Bloom filter of a column with nulls (tried with `storyId`).
    """

    sorted_by: tuple[str, ...]
    looked_up_by: tuple[str, ...]


LAYOUTS = {
    "articles": ParquetLayout(("publishedDateTime", "webUrl"), ("webUrl", "originalUrl")),
    "explain": ParquetLayout(("publishedDateTime", "webUrl"), ("webUrl",)),
    "stories": ParquetLayout(("firstReport", "storyId"), ("storyId", "leadUrl")),
    "extracted": ParquetLayout(("publishedDateTime", "webUrl", "originalUrl"), ("webUrl", "originalUrl")),
    "ledger": ParquetLayout((), ("url",)),
    "completeness": ParquetLayout(("day", "sourceId"), ()),
    "changes": ParquetLayout(("webUrl",), ("webUrl",)),
}
"""Folder of the lake to the layout of its files; other files have none."""


def write_options(path: str, table: pa.Table, *, row_group_rows: int) -> dict[str, Any]:
    """The arguments of `pq.write_table` for the table at `path`: sorting columns, and Bloom filters sized for a row group."""
    plain = {"compression": "zstd", "row_group_size": row_group_rows, "write_page_index": True}
    layout = LAYOUTS.get(path.partition("/")[0])
    if layout is None or not table.num_rows:
        return plain
    order = [(name, "ascending") for name in layout.sorted_by if name in table.column_names]
    values = {"ndv": min(table.num_rows, row_group_rows), "fpp": FALSE_POSITIVES}
    return {
        **plain,
        "sorting_columns": pq.SortingColumn.from_ordering(table.schema, order) if order else None,
        "bloom_filter_options": {name: values for name in layout.looked_up_by if name in table.column_names} or None,
    }


def with_description(path: str, table: pa.Table) -> pa.Table:
    """`table` with metadata: its name, the version of the code that wrote it, and the meaning of its columns.

    pandas is told the types of the columns that the folders' names give, which it takes for categories otherwise.
    What the table says already stays: rows that are only left out of a file keep the version that made them.
    """
    name = path.partition("/")[0]
    if name not in schema.TABLES:
        return table
    meanings = {field.name: (field.metadata or {})[b"meaning"].decode() for field in schema.TABLES[name] if field.metadata}
    own = {b"news.table": name.encode(), b"news.version": __version__.encode(), b"news.dictionary": json.dumps(meanings).encode()}
    return table.replace_schema_metadata({**own, b"pandas": _pandas_metadata(path), **(table.schema.metadata or {})})


def _pandas_metadata(path: str) -> bytes:
    """The pandas types of the columns that the folders' names give: a date compares with dates, anything else is text.

    Source: pandas' developer guide, "Storing pandas DataFrame objects in Apache Parquet format".
    """
    folders = [folder.partition("=") for folder in path.split("/")[:-1] if "=" in folder]
    columns = [
        {"name": name, "field_name": name, "pandas_type": kind, "numpy_type": FOLDER_TYPES[kind], "metadata": None}
        for name, _, value in folders
        for kind in ["date" if DATE_FOLDER.fullmatch(value) else "unicode"]
    ]
    return json.dumps({"index_columns": [], "column_indexes": [], "columns": columns, "pandas_version": "3"}).encode()
