"""Where data lies and how it is replaced: paths, WARC, manifests, Parquet tables, marks, locks, erased providers.

The only room that writes to storage. It never fetches and never decides what an article is.
"""

__all__ = [
    "archives",
    "json_records",
    "ledgers",
    "locks",
    "manifests",
    "removals",
    "repeated_lines",
    "replacements",
    "row_marks",
    "schedules",
    "scratch_folders",
    "storage",
    "tables",
]
