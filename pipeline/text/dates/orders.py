"""The order in which a language writes a date, from CLDR: patterns for dates in words, and whether the month comes first in numbers.

Pure look-ups.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from babel import Locale, UnknownLocaleError

from pipeline.text.dates.calendar_names import MARKS, date_names, locales_of
from pipeline.text.dates.cldr import month_first_locales

_LETTER = r"[^\W\d_]"
WORD = rf"{_LETTER}(?:{_LETTER}|[{MARKS}\u200c\u200d]){{1,16}}"
_THAI = r"[\u0e00-\u0ece]{1,3}\.\s?[\u0e00-\u0ece]{1,2}\."
NAME = rf"(?:{_THAI}|{WORD}(?:\s?/\s?{WORD}|\s(?:ال|сар){WORD}|\sсар)?)"
"""A pattern for what may be a month's name: a word, two Arabic or Mongolian ones, two names with a stroke, a Thai or Lao short form."""
_TOKEN = re.compile(r"'([^']*)'|([yMLdG])\2*|([^\W\d_]+)|([^'A-Za-z]+)")
_WEEKDAY = re.compile(r"^[Ec]+[\s,،]*|[\s,،]*[Ec]+(?:\s'[^']*')?$")
_PLAIN = re.compile(r"d\.?[ -]M+[.,]?[ -]y|M+ d, y|y[.,]? M+ d\.?")
"""Orders that are read in any language."""
_FIELDS = {
    "y": r"(?<!\d)(?P<year>\d{4})",
    "d": r"(?<!\d)(?P<day>[0-3]?\d)(?!\d)",
    "G": r"(?:\S{1,6})?",
}


@cache
def patterns_of(language: str) -> tuple[re.Pattern[str], ...]:
    """Patterns with the groups `year`, `month` and `day` for dates of `language` in words as CLDR has them.

    Words that CLDR puts around a year or a day (`gada`, `оны`) may be missing. Empty for a language that CLDR does not have.
    """
    written = {_WEEKDAY.sub("", order) for locale in locales_of(language) for order in locale.orders}
    in_words = {cldr for cldr in written if re.search("y.*d|d.*y", cldr) and re.search("MMM|LLL", cldr) and not _PLAIN.fullmatch(cldr)}
    return tuple(re.compile(_pattern(cldr), re.IGNORECASE) for cldr in sorted(in_words) + date_names()["orders"].get(language, []))


def _pattern(cldr: str) -> str:
    has_name = "MMM" in cldr or "LLL" in cldr
    parts: list[str] = []
    for token in _TOKEN.finditer(cldr):
        literal = token[1] or token[3]
        if token[2] in {"M", "L"}:
            parts.append(f"(?P<month>{NAME})" if has_name else r"(?P<month>\d{1,2})(?!\d)")
        elif token[2]:
            parts.append(_FIELDS[token[2]])
        elif literal:
            parts.append(f"(?:{re.escape(literal)})?" if has_name else re.escape(literal))
        else:
            commas = ",،" if "," in token[0] or "،" in token[0] else ""
            parts.append(rf"[\s.()\-{commas}]{{0,4}}")
    return "".join(parts)


@lru_cache(maxsize=256)
def is_month_first(tag: str) -> bool:
    """Whether dates in numbers have the month first where `tag`, of language and country, is used (`en-US`); False without a country."""
    parts = re.split("[-_]", tag.strip())
    if len(parts) < 2 or len(parts[-1]) != 2:
        return False
    try:
        locale = Locale.parse("_".join((parts[0].lower(), parts[-1].upper())))
    except (UnknownLocaleError, ValueError, TypeError):
        return False
    return str(locale) in month_first_locales()


@cache
def has_dotted_times(language: str) -> bool:
    """Whether hours and minutes of `language` are written with a stop between them: `14.30` in Finnish, Danish, Indonesian."""
    return any(re.search(r"[Hh]+\.m", locale.clock) for locale in locales_of(language))
