"""The origins of a past hour: the further pages of feeds, sitemaps, web archives, and WARC files that others made.

It never changes a feed's state, so that live polls are not affected.
"""

__all__ = ["given_files", "kept_bodies", "kept_documents", "kept_robots", "news_files", "origins", "warc_sources", "wayback"]
