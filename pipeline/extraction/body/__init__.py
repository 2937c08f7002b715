"""Finds the text of an article: the element that holds it, the blocks of text in it, and the boilerplate lines to remove.

Pure: it reads a `Page` and never changes it.
"""

__all__ = ["blocks", "body_text", "boilerplate"]
