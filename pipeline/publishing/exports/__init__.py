"""Rows and records as files for other programs and readers: CSV, JSON Lines and the other formats that leave the lake.

Pure: rows in, text out; strangers' text stays text in every format, and what a publisher refuses is left out.
"""

__all__ = ["contracts", "digests", "feeds", "front_matter", "links", "pages", "permissions", "tabular"]
