"""The numbers of a page, in which htmldate's patterns for dates search."""

from __future__ import annotations

import random

import htmldate.core
import pytest

from pipeline.extraction.dates.visible_dates import numbers_of

PATTERNS = (
    "THREE_PATTERN",
    "THREE_LOOSE_PATTERN",
    "SELECT_YMD_PATTERN",
    "DATESTRINGS_PATTERN",
    "SLASHES_PATTERN",
    "YYYYMM_PATTERN",
    "MMYYYY_PATTERN",
)
PIECES = ("1", "12", "2024", "20240305", "05.03.2024", "2024-03-05", "3/5/24", "/", ".", "-", ",", " ", "a", "٣", "v1.2.3", "/2024/03/05/")


@pytest.mark.parametrize("name", PATTERNS)
def test_patterns_of_htmldate_find_in_the_numbers_of_a_page_what_they_find_in_all_of_it(name: str) -> None:
    pattern, chance = getattr(htmldate.core, name), random.Random(20261130)
    pages = ["".join(chance.choices(PIECES, k=60)) for _ in range(100)]
    assert sum(len(pattern.findall(page)) for page in pages)
    assert [pattern.findall(numbers_of(page)) for page in pages] == [pattern.findall(page) for page in pages]
