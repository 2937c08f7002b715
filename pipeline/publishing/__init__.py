"""Builds, checks, compares and looks up the records of a published date: topics, quality, stories, heat, seal.

Writes `timeline`, `articles`, `explain`, `stories` and `changes`. Stories and records are built from `extracted`; queries and exports read
every table. Never reads a capture and never fetches.
"""

__all__ = [
    "changes",
    "date_builds",
    "date_checks",
    "differences",
    "explanations",
    "exports",
    "lookup",
    "model_answers",
    "publish",
    "sealing",
    "sql",
    "timeline",
]
