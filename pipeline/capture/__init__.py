"""From sources, files and the past to `raw/`: every exchange stored, every URL with one outcome, the manifest as the commit.

It never reads an article's text; what it needs of a page are the addresses of its pictures and its AMP page.
"""

__all__ = ["capture", "cdx", "earlier_captures", "imports", "part_plans", "past", "revisits", "warc_captures"]
