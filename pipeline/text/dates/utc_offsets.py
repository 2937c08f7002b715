"""Reads the zone after a time: an offset from UTC, an abbreviation, or the name of a zone.

Pure look-ups; the rules of a zone are those of its day, from the `tzdata` package.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache

from pipeline.text.dates.calendar_names import date_names
from pipeline.text.dates.time_zones import zone_named

_WEST, _EAST = timedelta(hours=-12), timedelta(hours=14)
"""The range of UTC offsets that are in use."""
_BEHIND = r"\A[\s,|]{0,3}(?:(?i:uhr|hrs?|hours|น)\b\.?[\s,]{0,2})?[\[(]?\s?"
"""Characters and words between a time and its zone."""
_NUMBER = re.compile(
    _BEHIND
    + r"(?:(?:UTC|GMT|UT)(?:/(?:UTC|GMT))?\s?([+\-−–])\s?|([+\-−])(?=\d\d:?\d\d|\d:?\d\d(?!\d)|\d\d(?![\d.:])))"
    + r"(\d{1,2})(?::?(\d\d))?(?![\d:])",
    re.IGNORECASE,
)
"""An offset, after UTC or GMT also of one digit; without them one of at least two digits, for a dash may stand before any number."""
_NAME = re.compile(_BEHIND + r"([A-ZА-Я]{1,5})(?![^\W\d_])")
_WORDS = re.compile(_BEHIND + r"([a-z ]{3,24}?)\s(?:(standard|daylight|summer)\s)?time\b", re.IGNORECASE)


def offset_behind(text: str, local: datetime, languages: tuple[str, ...] = ()) -> timedelta | None:
    """The offset from UTC that `text`, the text after the time `local` without zone, begins with; None when it names no zone.

    `+0530`, `+530`, `+5:30`, `(GMT+7)`, `UTC-5`, `GMT-0800 (PST)`, `Z`, `EST`, `Eastern Time`. An abbreviation that names a zone and
    not one of its offsets (`ET`, `CET`) is read by the zone's rule on that day.
    """
    number = _NUMBER.match(text)
    if number:
        offset = timedelta(hours=int(number[3]), minutes=int(number[4] or 0))
        offset = offset if (number[1] or number[2]) == "+" else -offset
        return offset if _WEST <= offset <= _EAST else timedelta()
    name = _NAME.match(text)
    if name and (found := offset_of(name[1], local, languages)) is not None:
        return found
    words = _WORDS.match(text)
    return _of_words(words, local) if words else None


def offset_of(abbreviation: str, local: datetime, languages: tuple[str, ...] = ()) -> timedelta | None:
    """The offset from UTC that `abbreviation` means at the time `local` on pages in `languages`; None for an unknown one."""
    for language in (*languages, ""):
        zones = date_names()["zones_by_language"].get(language, {}) if language else _zones()
        if abbreviation in zones:
            return _offset(zones[abbreviation], local)
    return None


def _of_words(words: re.Match[str], local: datetime) -> timedelta | None:
    zone = date_names()["zone_names"].get(words[1].lower())
    if zone is None:
        return None
    if words[2] is None:
        return _offset(zone, local)
    months = (1, 7)  # one of them is in winter, one in summer
    offsets = [_offset(zone, local.replace(month=month, day=1)) for month in months]
    return min(offsets) if words[2].lower() == "standard" else max(offsets)


@cache
def _zones() -> Mapping[str, float | str]:
    return {str(name): zone for name, zone in date_names()["zones"].items()}


def _offset(zone: float | str, local: datetime) -> timedelta:
    """Hours as they are; of a zone its rule on the day of `local`."""
    if not isinstance(zone, str):
        return timedelta(hours=zone)
    return local.replace(tzinfo=zone_named(zone)).utcoffset() or timedelta()
