"""Builds, checks, compares and looks up the records of a published date: topics, quality, stories, heat, seal.

Reads `extracted`, writes `articles`, `explain` and `changes`; never reads a capture and never fetches.
"""

__all__ = [
    "changes",
    "date_builds",
    "date_checks",
    "differences",
    "exports",
    "lookup",
    "model_answers",
    "publish",
    "quality_terms",
    "sealing",
    "sql",
]
