"""How time and weekdays lower the similarity of two articles. Pure: times and weekdays in, factors out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.stories.average_linkage import Floats, Integers
from pipeline.stories.vectors import TimeFactor

FAR_LOSS, FAR_DAYS = 0.5, 3.0
"""Similarity falls with the days d between two articles, by FAR_LOSS * (1 - exp(-d / FAR_DAYS)): chosen on the labelled sets."""
OTHER_WEEKDAY = 0.65
"""Factor for two articles that both name weekdays, but none in common. Of the pairs of the labelled sets with texts and a similarity around
the threshold, 8 % of those without a common weekday are one story, and 51 % of those with one. 0.5 gives the same stories."""
HEADLINE_GAIN, HEADLINE_KEPT, HEADLINE_DAYS = 1.4, 0.35, 2.0
"""Two headlines have few words to share, so the time between them is stronger evidence than between texts: at the same moment their
similarity counts HEADLINE_GAIN times, and with the days d between them it falls to HEADLINE_KEPT of that, by exp(-d / HEADLINE_DAYS).
Chosen on the labelled sets (docs/stories.md); the settings around it give nearly the same stories."""
MIN_SIMILARITY = 0.05
"""Pairs with a lower similarity are dropped, unless the threshold is lower still. 0.04 costs a fifth more pairs for the same stories,
0.06 breaks large ones."""


def time_factor(published_s: Integers, weekdays: Integers, window_s: int, *, is_headline: NDArray[np.bool_] | None = None) -> TimeFactor:
    """The factor for pairs of articles with these times, in seconds since 1970, and weekdays as bits (`words.weekday_bits`).

    `is_headline` marks the articles that have a title and no text (None: there are none); a pair of them has a factor of up to
    HEADLINE_GAIN.
    """

    def factor(rows: Integers, others: Integers) -> Floats:
        apart_s = np.abs(published_s[rows] - published_s[others])
        fading = 1 - FAR_LOSS + FAR_LOSS * np.exp(-apart_s / (86_400 * FAR_DAYS))
        if is_headline is not None:
            both = np.flatnonzero(is_headline[rows] & is_headline[others])
            fading[both] *= HEADLINE_GAIN * (HEADLINE_KEPT + (1 - HEADLINE_KEPT) * np.exp(-apart_s[both] / (86_400 * HEADLINE_DAYS)))
        one, other = weekdays[rows], weekdays[others]
        fading[(one > 0) & (other > 0) & (one & other == 0)] *= OTHER_WEEKDAY
        return np.where(apart_s <= window_s, fading, 0.0)

    return factor
