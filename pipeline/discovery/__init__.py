"""What a followed source lists, and when it is polled again: feeds, sitemaps, section pages, OPML, polling schedules, health of sources.

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
    "sections",
    "sitemaps",
    "source_checks",
    "source_health",
    "sources_file",
    "subscriptions",
]
