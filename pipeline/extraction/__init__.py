"""Turns a captured page into an `Article`, each field with its source, or a `Rejected`; and the stage that extracts a part.

It never fetches, and the result of a page never depends on other pages.
"""

__all__ = ["extract", "images", "lead_images", "pages"]
