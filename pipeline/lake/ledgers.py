"""Reads a part's manifest and ledger, and lists which days and parts have a ledger. Writes nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core import schema
from pipeline.core.models import REVISIT_PART, Part
from pipeline.lake import storage
from pipeline.lake.manifests import Manifest, from_json
from pipeline.lake.storage import Lake


def newest_ledger_days(lake: Lake, number: int, *, since: date | None = None) -> list[date]:
    """The newest `number` UTC days of data intervals that have a ledger, oldest first.

    The folder has a name for each hour of all years: those before `since` are listed only where there are too few from then on.
    """
    found: list[str] = []
    for name in reversed(lake.names("ledger", first="" if since is None else f"interval={since.isoformat()}")):
        day = name.removeprefix("interval=")[:10]
        if name.startswith("interval=") and day not in found[-1:]:
            found.append(day)
        if len(found) > number:
            break
    if since is not None and len(found) < number:
        return newest_ledger_days(lake, number)
    return [date.fromisoformat(day) for day in reversed(found[:number])]


def parts_by_day(lake: Lake, days: Collection[date], *, without: Collection[str] = (REVISIT_PART,)) -> dict[date, list[Part]]:
    """By UTC day, those of `days` with the parts that have a ledger, oldest first, except parts named in `without`."""
    if not days:
        return {}
    wanted = {day.isoformat(): day for day in days}
    found: dict[date, list[Part]] = {}
    for file in lake.files("ledger", first=f"interval={min(wanted)}"):
        day = wanted.get(file.path.removeprefix("ledger/interval=")[:10])
        if day is not None and (part := storage.part_of_ledger(file.path)).name not in without:
            found.setdefault(day, []).append(part)
    return found


def read_ledger(lake: Lake, parts: Sequence[Part], *, columns: Sequence[str], where: pc.Expression | None = None) -> pa.Table:
    """The rows of the ledgers of `parts` where `where` holds (None: all), in the order of `parts`, with these columns."""
    return lake.read_rows([storage.ledger_path(part) for part in parts], where, schema.LEDGER, columns=columns)


def read_manifest(lake: Lake, part: Part) -> Manifest:
    """The manifest of a captured part. Raises FileNotFoundError when it was not captured, SchemaError when the file is no manifest."""
    path = storage.manifest_path(part)
    return from_json(lake.read_bytes(path), path=path)
