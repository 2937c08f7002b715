"""Which Parquet files a table has, and the column whose values stand only in the names of their folders."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from pipeline.core import schema
from pipeline.lake.storage import Lake

PARTITION = re.compile(r"[^/]+/(?P<key>\w+)=(?P<value>[^/]+)/")
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
    return files_at([file.path for file in lake.files(name) if file.path.endswith(".parquet")], name=name)


def files_at(paths: Sequence[str], *, name: str) -> TableFiles:
    """The table `name` with the files at `paths` and no other."""
    return TableFiles(name, tuple(paths), FOLDER_KEYS.get(name) or _key_of_folders(paths, schema.TABLES[name]))


def _key_of_folders(paths: Sequence[str], contract: pa.Schema) -> pa.Field | None:
    found = PARTITION.match(paths[0]) if paths else None
    if found is None or found["key"] in contract.names:
        return None
    try:
        date.fromisoformat(found["value"])
    except ValueError:
        return pa.field(found["key"], pa.string())
    return pa.field(found["key"], pa.date32())
