"""Patterns made of the phrases of a package."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from typing import Any

import pytest
import yaml

from pipeline.text.phrases import phrase_pattern, word_set

PACKAGES = ("pipeline.extraction", "pipeline.publishing", "pipeline.text")


def test_a_name_in_a_pattern_stands_for_its_phrases_in_all_languages() -> None:
    pattern = phrase_pattern("pipeline.text", r"^(?:%(read_more)s)$")
    assert all(pattern.match(line) for line in ("Continue reading", "weiterlesen", "ЧИТАТЬ ДАЛЕЕ"))
    assert not pattern.match("Continue reading this")


def test_a_word_set_has_the_words_of_all_languages() -> None:
    assert {"von", "van", "del", "y", "bin"} < word_set("pipeline.extraction", "name_particles")


@pytest.mark.parametrize("package", PACKAGES)
def test_each_phrase_is_a_pattern_of_its_own_and_stands_once(package: str) -> None:
    named: Mapping[str, Mapping[str, list[Any]]] = yaml.safe_load((resources.files(package) / "data" / "phrases.yaml").read_text("utf-8"))
    for name, languages in named.items():
        listed = [phrase for phrases in languages.values() for phrase in phrases]
        assert all(isinstance(phrase, str) for phrase in listed), name
        assert len(set(listed)) == len(listed), name
        for phrase in listed:
            assert phrase_pattern(package, phrase.replace("%", "%%")), phrase
