"""Stop words, the shares of news texts that contain the common words of news, and the names of the weekdays.

The words stand in `stop_words.txt`, `common_words.tsv` and `weekdays.tsv` beside this module and are read once a process, when first
needed. Shares are counted on 1,400 news texts in English, German, Polish, Greek and Russian, none of them in the sets on which stories are
measured: the mean over the collections without the one that uses the word most, so that no collection's subject counts as common, rounded
down to 0.4, 0.2, 0.1, 0.05 or 0.025. The words of market reports were added by hand, because such reports differ in little else.
"""

from __future__ import annotations

import functools
from importlib import resources

from pipeline.text.dates.cldr import date_words

WEEKDAY_LANGUAGES = ("de", "en", "es", "fr", "it", "nl", "pl", "ru")
"""Languages whose names of weekdays mean nothing else. Portuguese names are ordinals (`segunda`)."""
NO_WEEKDAYS = frozenset({"среда"})
"""Names of weekdays that mostly mean something else: the Russian word for Wednesday also means surroundings."""


@functools.cache
def stop_words() -> frozenset[str]:
    """Words, in lower case, that say nothing about an event."""
    return frozenset(line for line in _lines("stop_words.txt") if line and not line.startswith("#"))


@functools.cache
def common_word_shares() -> dict[str, float]:
    """The share of news texts, from 0 to 1, that contain each common word; words with a share below 0.025 are left out."""
    _, *rows = _lines("common_words.tsv")
    return {word: float(share) for word, share in (row.split("\t") for row in rows)}


@functools.cache
def weekdays() -> dict[str, int]:
    """The number of the weekday, Monday being 0, by its names in lower case.

    The names are CLDR's in WEEKDAY_LANGUAGES, without NO_WEEKDAYS, and the forms in `weekdays.tsv`, which CLDR lacks.
    """
    locales = {language: date_words(language) for language in WEEKDAY_LANGUAGES}
    named = {name.lower(): number for words in locales.values() if words for number, name in enumerate(words.weekdays)}
    _, *rows = _lines("weekdays.tsv")
    named |= {form: int(number) for form, number in (row.split("\t") for row in rows)}
    return {name: number for name, number in named.items() if name not in NO_WEEKDAYS}


def _lines(name: str) -> list[str]:
    return (resources.files(__package__) / name).read_text(encoding="utf-8").splitlines()
