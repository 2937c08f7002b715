"""Reads a part's manifest and ledger, and lists which days and parts have a ledger. Writes nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date

import pyarrow as pa

from pipeline.core import schema
from pipeline.core.models import REVISIT_PART, Interval, Part
from pipeline.lake import storage
from pipeline.lake.manifests import Manifest, from_json
from pipeline.lake.storage import Lake


def ledger_days(lake: Lake) -> dict[date, tuple[Interval, ...]]:
    """The UTC days of data intervals that have a ledger, with their intervals, oldest first."""
    days: dict[date, list[Interval]] = {}
    for interval in lake.ledger_intervals():
        days.setdefault(interval.start.date(), []).append(interval)
    return {day: tuple(intervals) for day, intervals in days.items()}


def day_parts(lake: Lake, intervals: Sequence[Interval], *, without: Collection[str] = (REVISIT_PART,)) -> list[Part]:
    """The parts of `intervals` that have a ledger, except those named in `without`."""
    return [Part(interval, name) for interval in intervals for name in lake.ledger_parts(interval.key) if name not in without]


def read_ledger(lake: Lake, parts: Sequence[Part], *, columns: Sequence[str]) -> pa.Table:
    """The rows of the ledgers of `parts`, in the order of `parts`, with these columns."""
    return lake.read_rows([storage.ledger_path(part) for part in parts], None, schema.LEDGER, columns=columns)


def read_manifest(lake: Lake, part: Part) -> Manifest:
    """The manifest of a captured part. Raises FileNotFoundError when it was not captured, SchemaError when the file is no manifest."""
    path = storage.manifest_path(part)
    return from_json(lake.read_bytes(path), path=path)
