"""Rows of tables."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pytest

from pipeline.core.errors import SchemaError
from pipeline.lake.tables import checked_table, rows_of

TIME = pa.timestamp("us", tz="UTC")
AT = datetime(2026, 11, 23, 14, 5, tzinfo=UTC)


def test_rows_are_those_of_arrow_with_times_in_utc_at_any_depth() -> None:
    contract = pa.schema(
        [
            pa.field("at", TIME),
            pa.field("n", pa.int32(), nullable=False),
            pa.field("many", pa.list_(pa.struct([pa.field("at", TIME, nullable=False), pa.field("name", pa.string())]))),
        ]
    )
    rows = [{"at": AT, "n": 1, "many": [{"at": AT, "name": "x"}]}, {"at": None, "n": 2, "many": None}, {"at": AT, "n": 3, "many": []}]
    table = pa.Table.from_pylist(rows, schema=contract)
    assert rows_of(table) == table.to_pylist() == rows
    assert rows_of(table.slice(1, 1)) == rows[1:2]
    assert rows_of(table)[0]["at"].tzinfo is UTC


def test_a_row_without_a_column_is_refused_and_not_written_as_null() -> None:
    contract = pa.schema([pa.field("title", pa.string()), pa.field("section", pa.string())])
    assert checked_table([{"title": "x", "section": None}], contract, name="extracted").num_rows == 1
    with pytest.raises(SchemaError, match="extracted: a row has no value for section, not even None"):
        checked_table([{"title": "x", "section": "Nature"}, {"title": "y"}], contract, name="extracted")
