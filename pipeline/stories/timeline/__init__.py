"""Stories as one timeline, folded day by day: what is kept of a day, the fold of the next one, and the log of the folds.

Pure, but for the store that the log is given. A day that did not change is never folded again.
"""

__all__ = ["day_features", "folds"]
