"""Words as letter groups."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.stories.vectors import GROUP_LETTERS, letter_groups


def counted(vocabulary: list[str]) -> tuple[list[dict[int, int]], int]:
    """Word by word, the numbers of its groups in the order of their first appearance, and how often each stands there."""
    numbers: dict[str, int] = {}
    rows = []
    for word in vocabulary:
        padded = f" {word} "
        row: dict[int, int] = {}
        for at in range(max(1, len(padded) - GROUP_LETTERS + 1)):
            number = numbers.setdefault(padded[at : at + GROUP_LETTERS], len(numbers))
            row[number] = row.get(number, 0) + 1
        rows.append(row)
    return rows, len(numbers)


def check(vocabulary: list[str], columns: int) -> None:
    found = letter_groups(vocabulary, columns)
    rows, width = counted(vocabulary)
    assert found.shape == (columns, max(width, 1))
    assert [dict(zip(row.indices.tolist(), row.data.tolist(), strict=True)) for row in found[: len(rows)]] == rows
    assert found[len(rows) :].nnz == 0


@given(st.lists(st.text(max_size=9), max_size=12), st.integers(0, 2))
def test_a_word_is_the_groups_of_letters_in_it(vocabulary: list[str], spare: int) -> None:
    check(vocabulary, max(len(vocabulary), 1) + spare)


@pytest.mark.parametrize("letters", [2, 26, 60_000])
def test_groups_of_any_alphabet_are_told_apart(letters: int) -> None:
    choose = random.Random(letters)
    alphabet = [chr(code) for code in range(0x20000, 0x20000 + letters)]
    vocabulary = ["".join(choose.choices(alphabet, k=choose.randint(1, 9))) for _ in range(3_000 if letters > 26 else 300)]
    check(vocabulary, len(vocabulary))


def test_the_numbers_are_those_of_the_first_appearance() -> None:
    assert letter_groups(["owls", "owl"], 2).toarray().tolist() == np.array([[1, 1, 0], [0, 0, 1]]).tolist()
