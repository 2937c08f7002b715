"""Learns from the extracted pages of a day which lines sites repeat: what is captured after it loses them from its first page on."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta

from pipeline.core import schema
from pipeline.extraction.repeated_lines import lines_told, repeated_lines
from pipeline.lake import storage
from pipeline.lake.ledgers import parts_by_day
from pipeline.lake.repeated_lines import RepeatedLines, line_digest, newest_day, read_repeated, write_repeated
from pipeline.lake.storage import Lake

KEPT_DAYS = 90
"""Days after which a line is forgotten that was not seen again. A plain choice: a line that is forgotten too soon is soon found again."""


def learn_repeated_lines(lake: Lake, day: date) -> RepeatedLines:
    """The lines that are known after `day`, a UTC day of data intervals; written into the lake unless that day was searched before.

    They are the lines that repeat on a host's pages of the day, all parts together; those that were cut on the day; and those of the days
    before. Raises StorageError, SchemaError.
    """
    if newest_day(lake, before=day + timedelta(days=1)) == day:
        return read_repeated(lake, day)
    pages: dict[str, list[tuple[str, str]]] = defaultdict(list)
    cut: dict[str, set[str]] = defaultdict(set)
    for part in parts_by_day(lake, [day]).get(day, []):
        path = storage.extracted_path(part)
        if lake.exists(path):
            rows = lake.read_rows([path], None, schema.EXTRACTED, columns=["providerDomain", "title", "text", "alternatives"])
            for row in rows.to_pylist():
                host = row["providerDomain"]
                pages[host].append((row["title"], row["text"] or ""))
                cut[host].update(lines_told(dict(row["alternatives"] or ()).get("text", "")))
    found = {line_digest(host, line): day for host, seen in pages.items() for line in repeated_lines(seen) | cut[host]}
    before = newest_day(lake, before=day)
    kept = read_repeated(lake, before).lines if before is not None else {}
    lines = {digest: at for digest, at in kept.items() if day - at < timedelta(days=KEPT_DAYS)} | found
    known = RepeatedLines(day, dict(sorted(lines.items())))
    write_repeated(lake, known)
    return known
