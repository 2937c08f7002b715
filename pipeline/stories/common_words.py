"""Words that tell no event from another, the shares of news texts that hold the common words of news, and the names of the weekdays.

The words stand in `stop_words.txt` and `common_words.tsv` beside this module and are read once a process, when they are first needed. A
share is that of 1,400 news texts in English, German, Polish, Greek and Russian, none of them in the sets on which stories are measured:
the mean over the collections without the one that uses the word most, so that no collection's subject counts as common, rounded down
to 0.4, 0.2, 0.1, 0.05 or 0.025. The words of market reports were added by hand: a genre whose texts differ in little else.
"""

from __future__ import annotations

import functools
from importlib import resources


@functools.cache
def stop_words() -> frozenset[str]:
    """Words, in lower case, that say nothing about an event."""
    return frozenset(line for line in _lines("stop_words.txt") if line and not line.startswith("#"))


@functools.cache
def common_word_shares() -> dict[str, float]:
    """The share of news texts that hold a word, from 0 to 1; words of fewer than 0.025 are not in it."""
    _, *rows = _lines("common_words.tsv")
    return {word: float(share) for word, share in (row.split("\t") for row in rows)}


def _lines(name: str) -> list[str]:
    return (resources.files(__package__) / name).read_text(encoding="utf-8").splitlines()


_WEEKDAYS = """
    monday montag lundi lunes lunedì maandag poniedziałek понедельник понедельника
    tuesday dienstag mardi martes martedì dinsdag wtorek вторник вторника
    wednesday mittwoch mercredi miércoles mercoledì woensdag środa środę
    thursday donnerstag jeudi jueves giovedì donderdag czwartek четверг четверга
    friday freitag vendredi viernes venerdì vrijdag piątek пятница пятницу пятницы
    saturday samstag sonnabend samedi sábado sabato zaterdag sobota sobotę суббота субботу субботы
    sunday sonntag dimanche domingo domenica zondag niedziela niedzielę воскресенье воскресенья
"""
WEEKDAYS: dict[str, int] = {word: number for number, line in enumerate(_WEEKDAYS.strip().splitlines()) for word in line.split()}
"""The names of the weekdays, Monday is 0; without those that mostly mean something else (Portuguese "segunda", Russian "среда")."""
