"""Since when a source is silent, and which fields its pages lack."""

from __future__ import annotations

from datetime import date
from typing import Any

from pipeline.operations.pages.sources import FieldShares, silent_since


def days(*gaps: bool) -> list[dict[str, Any]]:
    return [{"day": date(2026, 11, place + 1), "isGap": is_gap} for place, is_gap in enumerate(gaps)]


def test_a_source_is_silent_since_the_first_of_the_newest_gaps_in_a_row() -> None:
    assert silent_since(days(True, False, True, True)) == date(2026, 11, 3)
    assert silent_since(days(True, True)) == date(2026, 11, 1)


def test_a_source_whose_newest_day_is_no_gap_is_not_silent() -> None:
    assert silent_since(days(True, True, False)) is None
    assert silent_since([]) is None


def test_the_weakest_field_is_the_one_that_is_missing_most_often() -> None:
    fields = FieldShares(4, (0.5, 1.0, 0.25, 1.0))
    assert (fields.mean, fields.weakest) == (0.6875, ("time", 0.25))
