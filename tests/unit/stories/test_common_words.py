"""Common words and the names of weekdays."""

from __future__ import annotations

import pytest

from pipeline.stories.common_words import weekdays


@pytest.mark.parametrize(
    ("name", "number"), [("monday", 0), ("środa", 2), ("środę", 2), ("пятницу", 4), ("samstag", 5), ("sonnabend", 5), ("domenica", 6)]
)
def test_a_weekday_is_known_by_the_names_of_cldr_and_by_forms_of_cases(name: str, number: int) -> None:
    assert weekdays()[name] == number


@pytest.mark.parametrize("word", ["среда", "segunda", "quarta", "sun", "mar"])
def test_what_mostly_means_something_else_is_no_weekday(word: str) -> None:
    assert word not in weekdays()
