"""The fields of an article besides text and dates: its title, authors, URL, and the rights that its publisher states.

Pure: it reads a `Page` and never changes it.
"""

__all__ = ["authors", "rights", "titles", "web_urls"]
