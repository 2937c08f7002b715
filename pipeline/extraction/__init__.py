"""Turns a captured page into an `Article`, each field with its source, or a `Rejected`; and the stage that extracts a part.

It never fetches. A page is read without knowing of others; then the lines that a site repeats on the pages of the part are cut.
"""

__all__ = ["extract", "images", "lead_images", "pages", "repeated_lines"]
