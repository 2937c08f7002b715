from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from pipeline.core.models import REVISIT_PART, Interval, Part
from pipeline.lake import storage
from pipeline.lake.ledgers import newest_ledger_days, parts_by_day
from pipeline.lake.storage import Lake

HOURS = ("2026-11-18T23", "2026-11-19T00", "2026-11-20T05", "2026-11-20T06", "2026-11-21T00")


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake(str(tmp_path))
    for hour in HOURS:
        for name in ("00", REVISIT_PART):
            lake.write_bytes(storage.ledger_path(Part(Interval.parse(hour), name)), b"")
    return lake


def test_only_the_days_that_are_wanted_are_named_with_their_parts_without_those_of_revisits(lake: Lake) -> None:
    wanted = [date(2026, 11, 20), date(2026, 11, 18), date(2026, 11, 17)]
    five, six = (Part(Interval.parse(hour), "00") for hour in HOURS[2:4])
    assert parts_by_day(lake, wanted) == {date(2026, 11, 18): [Part(Interval.parse(HOURS[0]), "00")], date(2026, 11, 20): [five, six]}
    assert parts_by_day(lake, []) == {}


def test_the_newest_days_with_a_ledger_are_named_oldest_first(lake: Lake) -> None:
    assert newest_ledger_days(lake, 2) == [date(2026, 11, 20), date(2026, 11, 21)]
    assert newest_ledger_days(lake, 3, since=date(2026, 11, 20)) == [date(2026, 11, 19), date(2026, 11, 20), date(2026, 11, 21)]
    assert newest_ledger_days(Lake(f"{lake.root}/none"), 2) == []
