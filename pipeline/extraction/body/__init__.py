"""The text of an article: blocks of a page, the element that holds the article, and the lines that are none of it.

Pure: it reads a `Page` and changes nothing of it.
"""

__all__ = ["blocks", "body_text"]
