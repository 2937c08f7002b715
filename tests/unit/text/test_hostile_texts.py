"""Texts of one repeated character or word: every function over strings takes time in proportion to them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pipeline.text import amp, encodings, languages, markup, plain_text, urls
from tests.hostile import LONG_TEXTS, grows_at_most_in_proportion


def _refused(function: Callable[[str], object]) -> Callable[[str], object]:
    def call(text: str) -> object:
        try:
            return function(text)
        except ValueError:
            return None

    return call


FUNCTIONS: dict[str, Callable[[str], object]] = {
    "cut_excerpt": plain_text.cut_excerpt,
    "decode_entities": plain_text.decode_entities,
    "first_sentences": plain_text.first_sentences,
    "letters_only": plain_text.letters_only,
    "one_line": plain_text.one_line,
    "plain": plain_text.plain,
    "repair": plain_text.repair,
    "without_torn_end": plain_text.without_torn_end,
    "weight_of": plain_text.weight_of,
    "strip_tags": markup.strip_tags,
    "written_in": languages.written_in,
    "two_letters": languages.two_letters,
    "canonical_url": _refused(lambda text: urls.canonical_url("https://a.example/" + text)),
    "canonical_url of a host": _refused(lambda text: urls.canonical_url("https://" + text)),
    "join": lambda text: urls.join("https://a.example/", text),
    "without_credentials": urls.without_credentials,
    "registered_domain": urls.registered_domain,
    "decode": lambda text: encodings.decode(text.encode("utf-8", "replace"), text),
    "decode of another encoding": lambda text: encodings.decode(b"\xe9" + text.encode("utf-8", "replace")),
    "is_amp": lambda text: amp.is_amp(text.encode("utf-8", "replace")),
    "cache_url": _refused(lambda text: amp.cache_url("https://a.example/" + text)),
}


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_a_repeated_character_or_word_takes_time_in_proportion(name: str) -> None:
    FUNCTIONS[name]("first.example")  # loads what it needs, such as the list of suffixes, which is not timed
    languages.load_model()
    for unit in LONG_TEXTS:
        grows_at_most_in_proportion(FUNCTIONS[name], unit)
