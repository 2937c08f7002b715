"""The lines that sites repeat on their pages, as the lake knows them: a file for each day that was searched for them, below `raw/`.

A file never changes, because the manifests of captures name the day whose lines were known then: extracting a capture again cuts the same
lines. It holds digests alone, so that nothing of an erased provider stays in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from pipeline.core.errors import PermanentError
from pipeline.lake.json_records import JsonFormat
from pipeline.lake.storage import Lake

FORMAT = 1
FOLDER = "raw/repeated"


@dataclass(frozen=True, slots=True)
class RepeatedLines:
    """The lines that were known after a day: for each digest, as `line_digest` gives it, the day on which the line was found."""

    day: date
    lines: Mapping[str, date]
    format: int = FORMAT


_JSON = JsonFormat(RepeatedLines, name="a file of repeated lines", number=FORMAT)


def line_digest(host: str, line: str) -> str:
    """16 hex digits of SHA-256 of a line, folded for comparison, and the registered domain of its site."""
    return hashlib.sha256(f"{host}\n{line}".encode("utf-8", "surrogatepass")).hexdigest()[:16]


def newest_day(lake: Lake, *, before: date | None = None) -> date | None:
    """The newest day, before `before`, that has a file; None when none has."""
    days = [date.fromisoformat(name.removesuffix(".json")) for name in lake.names(FOLDER) if name.endswith(".json")]
    return max((day for day in days if before is None or day < before), default=None)


def read_repeated(lake: Lake, day: date) -> RepeatedLines:
    """The file of the day. Raises PermanentError when it is missing, SchemaError when it is no such file."""
    path = f"{FOLDER}/{day.isoformat()}.json"
    try:
        return _JSON.from_json(lake.read_bytes(path), path=path)
    except FileNotFoundError as error:
        raise PermanentError(f"{path} is missing, and a capture names it: copy it with the captures, from where they came") from error


def write_repeated(lake: Lake, known: RepeatedLines) -> None:
    """Write the file of its day unless there is one."""
    path = f"{FOLDER}/{known.day.isoformat()}.json"
    if not lake.exists(path):
        lake.write_bytes(path, _JSON.to_json(known))
