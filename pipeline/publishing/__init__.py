"""The records of a published date: topics, scores, heat, seal; built, checked, compared and looked up.

Reads `extracted`, writes `articles` and `explain`; never reads a capture and never fetches.
"""

__all__ = ["date_builds", "date_checks", "differences", "exports", "lookup", "publish", "sealing", "sql"]
