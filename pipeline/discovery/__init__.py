"""What a followed source lists, and when it is polled again: feeds, sitemaps, section pages, OPML, polling schedules, health of sources.

It fetches listings and home pages only through `fetching`, never an article, and decides nothing about an article's content.
"""

__all__ = ["autodiscovery", "entries", "health", "listings", "polling", "sources_file", "subscriptions", "whole_sites"]
