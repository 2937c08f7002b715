"""Rows and records as files for other programs and readers: CSV, JSON Lines and the other formats that leave the lake.

Pure: rows in, text out. Texts of publishers stay text in every format, and uses that a publisher refuses are left out.
"""

__all__ = ["charts", "contracts", "digests", "feeds", "front_matter", "links", "pages", "permissions", "tabular"]
