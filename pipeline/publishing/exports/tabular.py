"""Writes a table of Arrow as CSV, JSON or JSON Lines. Pure.

Times are written as `2026-11-20T12:00:00Z`, lists and structs as JSON. In CSV a text that a spreadsheet would calculate gets an apostrophe
before it (OWASP, "CSV Injection"), and control characters are dropped.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

from pipeline.core.errors import PermanentError
from pipeline.lake.tables import rows_of
from pipeline.text.control_characters import drop_controls, escape_controls

FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r\n]")
"""The beginning of a text that a spreadsheet would calculate."""


def csv_text(table: pa.Table) -> str:
    """`table` as CSV (RFC 4180) with a header line; null is an empty cell."""
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\r\n")
    writer.writerow([_cell(name) for name in table.column_names])
    for row in plain_rows(table):
        writer.writerow([_cell(row[name]) for name in table.column_names])
    return lines.getvalue()


def json_text(value: object, *, indent: int | None = None) -> str:
    """`value`, made of rows, as JSON with control characters escaped, so that none reaches a terminal.

    JSON has neither NaN nor infinity (RFC 8259, section 6): null stands for them.
    """
    try:
        text = json.dumps(value, default=json_value, indent=indent, ensure_ascii=False, allow_nan=False)
    except ValueError:
        text = json.dumps(_finite(value), default=json_value, indent=indent, ensure_ascii=False)
    return escape_controls(text)


def _finite(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {name: _finite(part) for name, part in value.items()}
    return [_finite(part) for part in value] if isinstance(value, list | tuple) else value


def json_lines(table: pa.Table) -> str:
    """A JSON object for each row, one per line."""
    return "".join(f"{json_text(row)}\n" for row in plain_rows(table))


def plain_rows(table: pa.Table) -> list[dict[str, Any]]:
    """The rows of `table`, with columns of type map as dicts. Raises PermanentError for a date that Python's calendar does not have."""
    maps = [field.name for field in table.schema if pa.types.is_map(field.type)]
    try:
        rows = rows_of(table)
    except OverflowError as error:
        raise PermanentError("a row has a date outside the years 1 to 9999; cast it to varchar") from error
    for row in rows:
        row.update({name: dict(row[name]) for name in maps if row[name] is not None})
    return rows


def json_value(value: object) -> object:
    """The JSON value for a date, a time, a decimal or any other value that JSON has no type for."""
    if isinstance(value, datetime):
        return moment_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return str(value)


def shown_text(value: object) -> str:
    """A value of `plain_rows` as a reader is shown it: lists and structs as JSON, null as nothing."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json_text(value) if isinstance(value, bool | list | tuple | dict) else str(json_value(value))


def moment_text(moment: datetime) -> str:
    """`moment` in UTC as ISO 8601, with fractions of a second unless they are zero; a time without a zone stays one."""
    if moment.tzinfo is None:
        return moment.isoformat()
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        text = drop_controls(value)
        return f"'{text}" if FORMULA.match(text) else text
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple | Mapping):
        return _cell(json_text(value))
    return str(json_value(value))
