"""Words as numbers: the arrays must say what a plain search for words would."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.stories import words as words_module
from pipeline.stories.words import LEAD_CHARACTERS, TEXT_CHARACTERS, RaggedArray, read_words

WORD = re.compile(r"\w\w+")


def found(rows: RaggedArray, vocabulary: list[str]) -> list[list[str]]:
    return [[vocabulary[number] for number in rows[row]] for row in range(len(rows))]


def expected(texts: list[str]) -> list[list[str]]:
    return [WORD.findall(text.lower()) for text in texts]


texts_of_any_letters = st.lists(st.text(st.sampled_from("ab_1İßΣσς é\u0307\n\r\u2028地震𐐀\ud800-'"), max_size=40), max_size=8)


@given(texts_of_any_letters, st.sampled_from([1, 7, 1 << 20]))
@settings(deadline=None, max_examples=100)
def test_words_are_those_of_a_plain_search_in_any_script_and_in_batches_of_any_size(texts: list[str], characters: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(words_module, "BATCH_CHARACTERS", characters)
        words = read_words(texts, texts[::-1])
    assert found(words.titles, words.vocabulary) == expected(texts)
    assert found(words.texts, words.vocabulary) == expected(texts[::-1])
    assert words.leads.tolist() == [len(WORD.findall(text)) for text in texts[::-1]]


def test_words_are_numbered_as_they_first_come_titles_before_texts() -> None:
    assert read_words(["Bees fly", "Bees"], ["fly home", "quake bees"]).vocabulary == ["bees", "fly", "home", "quake"]


def test_only_the_start_of_a_text_counts_and_a_lead_ends_before_that() -> None:
    text = "word " * (TEXT_CHARACTERS // 5 + 50)
    words = read_words([""], [text])
    assert words.texts.lengths.tolist() == [TEXT_CHARACTERS // 5]
    assert words.leads.tolist() == [LEAD_CHARACTERS // 5]


def test_every_word_of_a_large_vocabulary_keeps_its_own_number() -> None:
    text = [f"{number:04x}{number * 7919 % 10007:04x}" for number in range(20_000)]
    words = read_words([" ".join(text)], [""])
    assert words.vocabulary == text
    assert words.titles.numbers.tolist() == list(range(20_000))
