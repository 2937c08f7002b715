"""The text of an article: the blocks of a page, the element that holds the article, and the boilerplate lines that are removed.

Pure: it reads a `Page` and never changes it.
"""

__all__ = ["blocks", "body_text", "boilerplate"]
