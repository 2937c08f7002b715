"""The timeline of stories in a lake: which captures each day has, the fold of the days that changed, and the store of what folds give.

Reads `extracted` and writes `timeline`. How a day is folded is decided in `stories.timeline`; records are made in `publishing.records`.
"""

__all__ = ["captured_days", "folding", "lake_store"]
