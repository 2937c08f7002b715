"""Builds patterns from phrases of natural languages and other word lists. Reads the data file of each package once a process.

A package that searches for words has them in `data/phrases.yaml`, by name and language; the code has the syntax around them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache

from pipeline.core.yaml_files import packaged_yaml


@cache
def phrase_pattern(package: str, template: str, *, ignores_case: bool = True) -> re.Pattern[str]:
    """`template` as a pattern, in which `%(name)s` stands for the phrases of that name in `package`, of all languages.

    A pattern that does not ignore case is for text in lower case, which it searches in a third of the time.
    """
    return re.compile(template % _alternatives(package), re.IGNORECASE if ignores_case else 0)


@cache
def word_set(package: str, name: str) -> frozenset[str]:
    """The entries of `package` with that name, of all languages, as plain words."""
    return frozenset(phrases_of(package, name))


def phrases_of(package: str, name: str) -> tuple[str, ...]:
    """The entries of `package` with that name, of all languages, in the file's order."""
    return tuple(_phrases(package)[name])


@cache
def _alternatives(package: str) -> Mapping[str, str]:
    """The phrases of each name with `|` between them."""
    return {name: "|".join(phrases) for name, phrases in _phrases(package).items()}


@cache
def _phrases(package: str) -> Mapping[str, Sequence[str]]:
    """The phrases of each name in `data/phrases.yaml`, of all languages, in the file's order."""
    named: dict[str, dict[str, list[str]]] = packaged_yaml(package, "phrases.yaml")
    return {name: [phrase for listed in languages.values() for phrase in listed] for name, languages in named.items()}
