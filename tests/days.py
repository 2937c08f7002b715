"""The weekday whose share of a large set of cases a test takes; its name is in the names of those tests.

`TEST_DAY=monday` repeats a day. `TEST_DAY=week` takes every kill point and every page; see CONTRIBUTING.md.
"""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import TypeVar

Case = TypeVar("Case")

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
WEEK = "week"
DAY = os.environ.setdefault("TEST_DAY", WEEKDAYS[datetime.now(UTC).weekday()])
"""Kept in the environment, so that all processes of a test run that goes on over midnight have the same day."""


def sample_of(cases: Sequence[Case], count: int, *, day: str) -> list[Case]:
    """One case by chance from each of `count` stretches of equal length, with `day` as the seed; all cases for `WEEK`."""
    if day == WEEK:
        return list(cases)
    chance = random.Random(day)
    bounds = [number * len(cases) // count for number in range(count + 1)]
    return [chance.choice(cases[start:end]) for start, end in pairwise(bounds)]


def share_of(cases: Sequence[Case], *, day: str) -> list[Case]:
    """The case of the day: each has its turn within a week, for up to seven cases; all cases for `WEEK`."""
    return list(cases) if day == WEEK else [cases[WEEKDAYS.index(day) % len(cases)]]
