"""Where an hour that is over is captured from: paged feeds, sitemaps, web archives and WARC files of others.

It never changes a feed's state, so that nothing it does is seen by the live schedule.
"""

__all__ = ["given_files", "kept_documents", "news_files", "warc_sources", "wayback"]
