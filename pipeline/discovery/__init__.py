"""What a followed source lists, and when it is polled again: feeds, sitemaps, OPML, polling schedules, the health of sources.

It fetches listings and home pages only through `fetching`, never an article, and decides nothing about an article's content.
"""

__all__ = [
    "autodiscovery",
    "entries",
    "feeds",
    "listing_readers",
    "partial_listings",
    "polling",
    "repair_search",
    "repairs",
    "sitemaps",
    "source_checks",
    "source_health",
    "sources_file",
    "subscriptions",
]
