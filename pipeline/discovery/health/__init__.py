"""Which followed listings are broken, silent or gone, and which listing of the same site replaces a broken one.

It fetches listings and home pages only through `fetching`, and changes no file: `operations` writes what it proposes.
"""

__all__ = ["checks", "findings", "repair_search", "repairs"]
