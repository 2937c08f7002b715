"""A captured page to one `Article`, every field with its source, or one `Rejected`; and the stage that extracts a part.

It never fetches, and the result of a page never depends on other pages.
"""

__all__ = ["extract", "images", "lead_images", "pages"]
