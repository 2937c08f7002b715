"""Numbers with their nouns."""

from __future__ import annotations

import pytest

from pipeline.text.counts import counted


@pytest.mark.parametrize(
    ("number", "plural", "text"),
    [(0, None, "0 parts"), (1, None, "1 part"), (2, None, "2 parts"), (1, "party", "1 part"), (2, "ways", "2 ways")],
)
def test_only_one_of_a_thing_is_in_the_singular(number: int, plural: str | None, text: str) -> None:
    assert counted(number, "part", plural) == text
