"""Copies inside a story do not depend on which stories and texts are compared at the same time."""

from __future__ import annotations

import random

import pytest

from pipeline.stories import duplicates
from pipeline.stories.duplicates import Copy, find_copies
from pipeline.stories.words import Words, read_words

STORIES = [[0, 1, 2], [3, 4], [5, 6, 7, 8]]


TITLES = ["One", "Two", "Three", "Four", "Five", "Same title of four words", "Six", "Seven", "Same title of four words"]


def words() -> Words:
    rng = random.Random(5)
    first, second, third = (" ".join(f"word{rng.randrange(10_000)}" for _ in range(60)) for _ in range(3))
    texts = [first, second, first, first, f"{first} agency", "", third, f"{third} update added", third.replace(" ", " and ", 40)]
    return read_words(TITLES, texts)


def copies() -> list[Copy]:
    return list(find_copies(STORIES, TITLES, words().texts, [None] * 9, are_apart=never))


def never(_row: int, _other: int) -> bool:
    return False


def test_texts_are_compared_inside_their_story_and_the_earlier_one_is_the_original() -> None:
    assert [(copy.row, copy.original, copy.method) for copy in copies()] == [
        (2, 0, "text"),
        (4, 3, "text"),
        (7, 6, "text"),
        (8, 5, "title"),
    ]


@pytest.mark.parametrize("size", [1, 2, 3])
def test_copies_are_the_same_whatever_is_compared_at_once(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    expected = copies()
    monkeypatch.setattr(duplicates, "BLOCK_TEXTS", size)
    assert copies() == expected


def test_titles_that_differ_in_one_digit_are_different() -> None:
    titles = ["Your daily guide for March 4", "Your daily guide for March 5", "Your daily guide for March 4"]
    texts = read_words(titles, ["", "", ""]).texts
    assert [(copy.row, copy.original) for copy in find_copies([[0, 1, 2]], titles, texts, [None] * 3, are_apart=never)] == [(2, 0)]


def test_articles_that_are_apart_are_no_copies_and_the_next_most_similar_one_is_the_original() -> None:
    read = words()
    found = list(find_copies([[0, 2, 3]], TITLES, read.texts, [None] * 9, are_apart=lambda row, other: {row, other} == {0, 3}))
    assert [(copy.row, copy.original) for copy in found] == [(2, 0), (3, 0)]
    assert not list(find_copies([[0, 2, 3]], TITLES, read.texts, [None] * 9, are_apart=lambda _row, _other: True))
