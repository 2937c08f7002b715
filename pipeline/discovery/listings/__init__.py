"""Documents that list articles, parsed into entries: feeds, sitemaps and section pages, also damaged or cut ones.

It fetches nothing and remembers no earlier poll.
"""

__all__ = ["feeds", "partial_documents", "readers", "sections", "sitemaps"]
