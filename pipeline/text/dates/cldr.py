"""What CLDR says of how a locale writes dates: names of months and days, parts of the day, orders.

Pure look-ups. `data/cldr.tsv` has them for the locales of the languages in `data/dates.yaml`, as Babel delivers them, because Babel takes
two seconds to load all of these; a locale that is not in the file is read from Babel. `python -m bench.cldr` writes the file, again after a
new version of Babel.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import asdict, dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Any

from babel import Locale, UnknownLocaleError, localedata

FILE = "cldr.tsv"
_MONTH_FIRST = "month_first"
_KEYS = ("months", "days", "day_periods", "day_period_rules", "date_formats", "time_formats")


@dataclass(frozen=True, slots=True)
class DateWords:
    """How one locale writes dates.

    `months` are name and number in every form, those of whole dates in full first; `weekdays` the names in full, Monday first; `parts` the
    key (`am`, `pm`, `evening1`) and name of the parts of the day; `hours` the half-open hours of those that are no single instant;
    `orders` CLDR's patterns of a date, the longest first, and `clock` that of a time.
    """

    months: tuple[tuple[str, int], ...]
    weekdays: tuple[str, ...]
    parts: tuple[tuple[str, str], ...]
    hours: tuple[tuple[str, int, int], ...]
    orders: tuple[str, ...]
    clock: str


@lru_cache(maxsize=256)
def date_words(code: str) -> DateWords | None:
    """The words of the locale `code` (`de`, `de_AT`); None for one that CLDR does not have."""
    line = _lines().get(code)
    return date_words_of_babel(code) if line is None else _read(line)


@cache
def month_first_locales() -> frozenset[str]:
    """The Babel locales of a country in which dates in numbers have the month first (`en_US`)."""
    return frozenset(json.loads(_lines()[_MONTH_FIRST]))


def date_words_of_babel(code: str) -> DateWords | None:
    """As `date_words`, from Babel, however long it takes to load the locale."""
    try:
        loaded = localedata.load(str(Locale.parse(code)))
    except (UnknownLocaleError, ValueError, TypeError):
        return None
    # Babel writes what a locale inherits into values that it shares with others: without a copy Bulgarian gets months of Azerbaijani.
    found = localedata.LocaleDataDict({key: deepcopy(loaded.get(key, {})) for key in _KEYS})
    rules = found["day_period_rules"].get(None) or {}
    spans = {part: [time for time in times if "before" in time][:1] for part, times in rules.items()}
    days = found["days"]["format"]["wide"]
    return DateWords(
        months=tuple(dict.fromkeys((name, number) for number, name in _named(found["months"], "wide", "abbreviated"))),
        weekdays=tuple(days[number] for number in range(7)),
        parts=tuple(dict.fromkeys(_named(found["day_periods"], "abbreviated", "wide"))),
        hours=tuple((part, span["from"] // 3600, span["before"] // 3600) for part, times in spans.items() for span in times),
        orders=tuple(dict.fromkeys(found["date_formats"][length].pattern for length in ("full", "long", "medium"))),
        clock=found["time_formats"]["short"].pattern,
    )


def is_month_first_in_babel(identifier: str) -> bool:
    """Whether a Babel locale writes dates in numbers with the month first."""
    return str(Locale.parse(identifier).date_formats["short"].pattern).startswith("M")


def table_lines(codes: Iterable[str], identifiers: Iterable[str]) -> Iterator[str]:
    """The lines of `data/cldr.tsv`: which of `identifiers` write the month first, then each of `codes` with its words as JSON."""
    yield f"{_MONTH_FIRST}\t{json.dumps(sorted(filter(is_month_first_in_babel, identifiers)))}"
    for code in sorted(set(codes)):
        words = date_words_of_babel(code)
        if words is not None:
            yield f"{code}\t{json.dumps(asdict(words), ensure_ascii=False)}"


def _named(names: Mapping[str, Any], *widths: str) -> Iterator[tuple[Any, str]]:
    for context in ("format", "stand-alone"):
        for width in widths:
            yield from names.get(context, {}).get(width, {}).items()


@cache
def _lines() -> Mapping[str, str]:
    """The lines of the file by what stands before their first tab, not yet parsed: most are never asked for."""
    lines = (resources.files("pipeline.text") / "data" / FILE).read_text("utf-8").splitlines()
    return dict(line.split("\t", 1) for line in lines)


def _read(line: str) -> DateWords:
    row = json.loads(line)
    pairs = {name: tuple(map(tuple, row.pop(name))) for name in ("months", "parts", "hours")}
    return DateWords(**pairs, weekdays=tuple(row["weekdays"]), orders=tuple(row["orders"]), clock=row["clock"])
