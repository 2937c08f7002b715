"""Which days a backfill from the map may have."""

from __future__ import annotations

from datetime import date

import pytest

from pipeline.operations.pages.backfills import LONGEST_BACKFILL, days_between


def test_days_are_inclusive() -> None:
    assert days_between(date(2026, 11, 30), date(2026, 12, 1)) == (date(2026, 11, 30), date(2026, 12, 1))


@pytest.mark.parametrize(("first", "last"), [(date(2026, 11, 2), date(2026, 11, 1)), (date(2026, 1, 1), date(2026, 2, 1))])
def test_days_in_the_wrong_order_and_more_than_a_month_are_refused(first: date, last: date) -> None:
    with pytest.raises(ValueError, match=f"1 to {LONGEST_BACKFILL} days"):
        days_between(first, last)
