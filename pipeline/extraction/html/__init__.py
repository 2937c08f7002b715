"""Reads the mark-up of any page: its JSON-LD, the class names of page furniture, and markup that a browser moves.

Pure: it knows trees and strings of any page, and no field of an article.
"""

__all__ = ["deferred_markup", "furniture", "structured_data"]
