"""What the mark-up of a page says to every reader of it: its JSON-LD, the names of page furniture, markup that a browser moves.

Pure: it knows trees and strings of any page, and no field of an article.
"""

__all__ = ["deferred_markup", "furniture", "structured_data"]
