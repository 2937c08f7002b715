"""A captured page made one article or one rejection, every field with its source, and the stage that does it for a part.

It never fetches, and no page's result depends on another page's.
"""

__all__ = ["extract", "images", "lead_images", "pages"]
