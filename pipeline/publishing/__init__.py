"""The records of a published date: topics, scores, heat, seal; built, checked, compared and looked up.

It reads `extracted` and writes `articles` and `explain`; it never reads a capture and never fetches.
"""

__all__ = ["date_builds", "differences", "lookup", "publish", "sealing"]
