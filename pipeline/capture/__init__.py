"""Captures sources, files and past hours into `raw/`: WARC records of every exchange, and a manifest with one outcome for each URL.

It never reads the text of an article: of a page it needs only the URLs of its images and its AMP page.
"""

__all__ = ["capture", "cdx", "earlier_captures", "imports", "part_plans", "past", "revisits", "warc_captures"]
