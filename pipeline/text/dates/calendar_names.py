"""Names of months and markers of the 12-hour clock by language, from CLDR; `text/data/dates.yaml` adds what CLDR lacks.

Pure look-ups. A locale is loaded when its language first occurs, all languages when a word is in none of the requested ones.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import chain
from typing import Any

from pipeline.core.yaml_files import packaged_yaml
from pipeline.text.dates.cldr import DateWords, date_words

GREGORIAN = "gregorian"
MARKS = "".join(chr(code) for code in range(0x300, 0x1E00) if unicodedata.category(chr(code)).startswith("M"))
"""Vowel signs and accents, which `\\w` leaves out but which belong to Indian, Thai and Arabic words."""
_LETTER = r"[^\W\d_]"
_DIGIT = re.compile(r"\d")
_UNWRITTEN = re.compile("[\u0300-\u036f\u064b-\u065f\u0670\u093c\u0970\u200c\u200e\u200f.'’`]")
"""Characters that are ignored when names are compared: accents, Arabic vowel signs, stops and joiners."""
_SAME_LETTERS = str.maketrans({"ي": "ی", "ى": "ی", "ك": "ک", "ة": "ه", "ı": "i", "_": " "})
_GLUE = re.compile(r"^(?:de |d[’'])")
"""How Catalan, Occitan and Asturian names of months begin in CLDR's form for whole dates."""
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
"""Scripts in which a marker may touch the next word."""
_PREFIX = 3
"""Letters of the shortest abbreviation of a name: `avr`, `déc`."""
_ENDING = 3
"""Letters that a grammatical case may add to a name: Finnish `maaliskuussa`, Basque `martxoaren`."""
_STEM = 4
"""Letters of the stem to which a grammatical case adds its ending: Greek `Δεκέμβρη` for CLDR's `Δεκεμβρίου`."""
_SURE_PREFIX = 4
"""Letters of the shortest abbreviation that is accepted in a language that is not that of the page."""


@dataclass(frozen=True, slots=True)
class Month:
    """A month by its number in `calendar`: gregorian, persian or islamic."""

    number: int
    calendar: str = GREGORIAN


@dataclass(frozen=True, slots=True)
class MonthNames:
    """Folded names of months of one language, and the beginnings that only one of them has."""

    exact: Mapping[str, Month]
    beginnings: Mapping[str, Month]

    def find(self, word: str) -> Month | None:
        """The month that the folded `word` begins to name, or whose stem it has, with the ending of another case."""
        if word in self.beginnings:
            return self.beginnings[word]
        for length in range(len(word) - 1, max(_PREFIX, len(word) - _ENDING) - 1, -1):
            stem = word[:length]
            month = self.exact.get(stem) or (self.beginnings.get(stem) if length >= _STEM else None)
            if month is not None:
                return month
        return None


@cache
def date_names() -> Mapping[str, Any]:
    """The content of `data/dates.yaml`: names, locales, calendars, eras and zones that CLDR lacks."""
    return packaged_yaml("pipeline.text", "dates.yaml")  # type: ignore[no-any-return]


def fold(word: str) -> str:
    """`word` for comparison: without case, accents, Arabic vowel signs and stops, letters with several code points unified."""
    folded = _UNWRITTEN.sub("", unicodedata.normalize("NFKD", word.casefold()))
    return unicodedata.normalize("NFC", folded).translate(_SAME_LETTERS).strip()


@lru_cache(maxsize=4096)
def month_named(word: str, languages: tuple[str, ...] = ()) -> Month | None:
    """The month that `word` names in the first of `languages`, then in English, then with its meaning in most languages; None for no month.

    A name counts in any form that CLDR lists, as a beginning of three letters, or with three letters of a case after it; in a language
    that is not asked for only as listed, or as a beginning of four letters.
    """
    folded = fold(word)
    words = (folded, folded[1:]) if folded.startswith("ב") else (folded,)  # Hebrew writes "in" as a letter before the name
    known = [names_of(language) for language in dict.fromkeys((*languages, "en"))]
    for form in words:
        for names in known:
            if form in names.exact:
                return names.exact[form]
    found = next((month for names in known if (month := names.find(folded))), None)
    everywhere = _names_everywhere() if found is None and len(folded) > 1 else None
    for form in words if everywhere else ():
        if form in everywhere.exact:  # type: ignore[union-attr]
            return everywhere.exact[form]  # type: ignore[union-attr]
    return everywhere.beginnings.get(folded) if everywhere else found


@cache
def names_of(language: str) -> MonthNames:
    """The names of months of `language` (two letters, or three where it has no two), of other calendars' too; none for an unknown one."""
    exact: dict[str, Month] = {}
    starts: defaultdict[str, set[Month]] = defaultdict(set)
    for name, number in (*_listed(language), *date_names()["months"].get(language, {}).items()):
        key = fold(_GLUE.sub("", name.casefold()))
        if len(key) > 1 and not _DIGIT.search(key):
            exact.setdefault(key, Month(number))
    for key, month in exact.items():
        for length in range(_PREFIX, len(key)):
            starts[key[:length]].add(month)
    if language in date_names()["old_years"]:
        exact |= {name: month for name, month in _other_calendars().items() if name not in exact}
    return MonthNames(exact, {start: next(iter(months)) for start, months in starts.items() if len(months) == 1})


def locales_of(language: str) -> Iterator[DateWords]:
    """What the locales of `language` say in CLDR; nothing for a language that CLDR does not have."""
    return filter(None, map(date_words, codes_of(language)))


def codes_of(language: str) -> tuple[str, ...]:
    """The codes of the CLDR locales that are read for `language`."""
    return tuple(date_names()["locales"].get(language, (language,)))


def _listed(language: str) -> Iterator[tuple[str, int]]:
    return chain.from_iterable(locale.months for locale in locales_of(language))


@cache
def _other_calendars() -> Mapping[str, Month]:
    return {
        fold(name): Month(number, calendar)
        for calendar, months in date_names()["calendars"].items()
        for number, names in enumerate(months, 1)
        for name in names.split()
    }


@cache
def _names_everywhere() -> MonthNames:
    """The names of all languages; a word of several meanings has that of most languages, none where two have as many."""
    exact: defaultdict[str, Counter[Month]] = defaultdict(Counter)
    starts: defaultdict[str, set[Month]] = defaultdict(set)
    for language in date_names()["languages"].split():
        for name, named in names_of(language).exact.items():
            exact[name][named] += 1
            for length in range(_SURE_PREFIX, len(name)):
                starts[name[:length]].add(named)
    chosen = {name: month for name, counts in exact.items() if (month := _most_common(counts)) is not None}
    chosen |= {name: month for name, month in _other_calendars().items() if name not in chosen}
    return MonthNames(chosen, {start: next(iter(months)) for start, months in starts.items() if len(months) == 1})


def _most_common(counts: Counter[Month]) -> Month | None:
    (month, count), *others = counts.most_common(2)
    return None if others and others[0][1] == count else month


Hours = tuple[int, int]
"""The half-open hours (from, before) of a part of the day; `from` is above `before` when midnight lies between."""
_HALVES: dict[str, Hours] = {"am": (0, 12), "pm": (12, 24)}


@dataclass(frozen=True, slots=True)
class HalfDays:
    """The markers of the 12-hour clock of one language: patterns for right after and right before a time; `hours` of each group."""

    behind: re.Pattern[str] | None
    before: re.Pattern[str] | None
    hours: tuple[Hours, ...]


def half_day(before: str, behind: str, languages: tuple[str, ...] = ()) -> tuple[Hours, int] | None:
    """The hours of the marker beside a time, and its length if it is after the time, else 0; None without a marker.

    `before` and `behind` are the texts around the time. Markers of `languages` and of English are known, others in scripts without ASCII.
    """
    for language in dict.fromkeys((*languages, "en", _other_script(before, behind))):
        markers = half_days_of(language)
        for pattern, text in ((markers.behind, behind), (markers.before, before)):
            found = pattern.search(text) if pattern else None
            if found:
                return markers.hours[(found.lastindex or 1) - 1], found.end() if text is behind else 0
    return None


def _other_script(before: str, behind: str) -> str:
    around = before.rstrip()[-1:] + behind.lstrip()[:1]
    return "*" if any(char.isalpha() and not char.isascii() for char in around) else ""


@cache
def half_days_of(language: str) -> HalfDays:
    """The markers of `language`; of all languages, and only those without an ASCII letter, for `*`."""
    languages = date_names()["languages"].split() if language == "*" else (language,)
    markers: dict[str, Hours] = {}
    for code in languages:
        for name, hours in _markers(code):
            if language != "*" or not re.search("[a-zA-Z]", name):
                markers.setdefault(name.casefold().strip(), hours)
    ordered = sorted(markers, key=len, reverse=True)
    choices = "|".join(f"({_written(marker)})" for marker in ordered)
    if not choices:
        return HalfDays(None, None, ())
    return HalfDays(
        re.compile(rf"\A\s{{0,3}}(?:{choices})", re.IGNORECASE),
        re.compile(rf"(?:{choices})[\s,:]{{0,3}}\Z", re.IGNORECASE),
        tuple(markers[marker] for marker in ordered),
    )


def _markers(language: str) -> Iterator[tuple[str, Hours]]:
    """The markers of `language` with their hours, those of the evening, the night and so on too."""
    for half, hours in _HALVES.items():
        yield from ((marker, hours) for marker in date_names()["half_days"][half].get(language, ()))
    for locale in locales_of(language):
        hours_of = {part: (start, before) for part, start, before in locale.hours} | _HALVES
        yield from ((name, hours_of[part]) for part, name in locale.parts if part in hours_of)


def _written(marker: str) -> str:
    """A pattern for `marker` with and without its stops and blanks, not within a word where its script has blanks between words."""
    parts = [re.escape(part) for part in re.split(r"[.\s]+", marker) if part]
    pattern = r"\.?\s{0,2}".join(parts) + (r"\.?" if "." in marker else "")
    before = "" if _UNSPACED.match(marker) else f"(?<!{_LETTER})"
    behind = "" if _UNSPACED.match(marker[-1]) else f"(?!{_LETTER})"
    return f"{before}{pattern}{behind}"
