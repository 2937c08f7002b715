"""How time, weekdays and the length of two articles change their similarity."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.stories.similarities import FAR_LOSS, HEADLINE_GAIN, HEADLINE_KEPT, time_factor

DAY_S = 86_400
WINDOW_S = 7 * DAY_S


def factor(days: float, *, headlines: tuple[bool, bool]) -> float:
    """The factor of two articles so many days apart."""
    found = time_factor(np.array([0, int(days * DAY_S)]), np.zeros(2, dtype=np.int64), WINDOW_S, is_headline=np.array(headlines))
    return float(found(np.array([0]), np.array([1]))[0])


def test_between_two_headlines_time_counts_more_than_between_texts() -> None:
    assert factor(0, headlines=(True, True)) == pytest.approx(HEADLINE_GAIN * factor(0, headlines=(False, False)))
    fallen = [factor(6, headlines=(one, one)) / factor(0, headlines=(one, one)) for one in (True, False)]
    assert HEADLINE_KEPT * (1 - FAR_LOSS) < fallen[0] < 0.5 * fallen[1]
    assert factor(6, headlines=(True, True)) < factor(6, headlines=(False, False))


def test_a_headline_and_a_text_are_compared_as_two_texts() -> None:
    for days in (0, 2, 6):
        assert factor(days, headlines=(True, False)) == factor(days, headlines=(False, True)) == factor(days, headlines=(False, False))


def test_beyond_the_window_nothing_is_similar() -> None:
    assert factor(7.1, headlines=(True, True)) == factor(7.1, headlines=(False, False)) == 0
