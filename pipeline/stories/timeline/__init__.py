"""Stories as one timeline, folded day by day: the features that are kept of a day, the fold of the next day, and the log of the folds.

Pure except for the store of the log. A day whose inputs did not change is never folded again.
"""

__all__ = ["day_features", "default_pictures", "folds", "log", "members", "term_vectors"]
