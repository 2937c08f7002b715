"""Patterns made of phrases of natural languages. Reads the data files of packages, each once a process.

A package that looks for words has them in `data/phrases.yaml`, by name and language; what is syntax stays in the pattern beside the code.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib import resources

import yaml


@cache
def phrase_pattern(package: str, template: str, *, ignores_case: bool = True) -> re.Pattern[str]:
    """`template` as a pattern, in which `%(name)s` stands for the phrases of that name in `package`, of all languages.

    A pattern that does not ignore case is for text in lower case, which it searches in a third of the time.
    """
    return re.compile(template % _phrases(package), re.IGNORECASE if ignores_case else 0)


@cache
def _phrases(package: str) -> Mapping[str, str]:
    """By name, the phrases of `data/phrases.yaml` in the file's order, with `|` between them."""
    text = (resources.files(package) / "data" / "phrases.yaml").read_text("utf-8")
    named: dict[str, dict[str, list[str]]] = yaml.safe_load(text)
    return {name: "|".join(phrase for listed in languages.values() for phrase in listed) for name, languages in named.items()}
