"""How time and weekdays lower the similarity of two articles. Pure: times and weekdays in, factors out."""

from __future__ import annotations

import numpy as np

from pipeline.stories.average_linkage import Floats, Integers
from pipeline.stories.vectors import TimeFactor

FAR_LOSS, FAR_DAYS = 0.5, 3.0
"""Similarity falls with the days d between two articles, by FAR_LOSS * (1 - exp(-d / FAR_DAYS)): chosen on the labelled sets."""
OTHER_WEEKDAY = 0.65
"""Factor for two articles that both name weekdays, but none in common. Of the pairs of the labelled sets with texts and a similarity around
the threshold, 8 % of those without a common weekday are one story, and 51 % of those with one. 0.5 gives the same stories."""
MIN_SIMILARITY = 0.05
"""Pairs with a lower similarity are dropped, unless the threshold is lower still. 0.04 costs a fifth more pairs for the same stories,
0.06 breaks large ones."""


def time_factor(published_s: Integers, weekdays: Integers, window_s: int) -> TimeFactor:
    """The factor for pairs of articles with these times, in seconds since 1970, and weekdays as bits (`words.weekday_bits`)."""

    def factor(rows: Integers, others: Integers) -> Floats:
        apart_s = np.abs(published_s[rows] - published_s[others])
        fading = 1 - FAR_LOSS + FAR_LOSS * np.exp(-apart_s / (86_400 * FAR_DAYS))
        one, other = weekdays[rows], weekdays[others]
        fading[(one > 0) & (other > 0) & (one & other == 0)] *= OTHER_WEEKDAY
        return np.where(apart_s <= window_s, fading, 0.0)

    return factor
