"""Moments as text: the many ways in which publishers write a date, read into UTC.

Pure: strings in, `Moment` values out; knows nothing of pages.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from email.utils import parsedate_to_datetime

from dateutil import parser as dateutil_parser

from pipeline.core.models import Moment, Precision

_ISO = re.compile(
    r"^\s*(\d{4})-?(\d{2})-?(\d{2})(?:(?:\s*[T ]\s*|T)(\d{2}):?(\d{2})(?::?(\d{2})(?:[.,:]\d+)?)?\s*"
    r"(Z|UTC|GMT|[+\-−]\d{1,2}(?::?\d{2}){0,2})?)?\s*(?:\[[^\]]*\])?\s*$",
    re.IGNORECASE,
)
_EPOCH = re.compile(r"^\s*(\d{10})(\d{3})?(?:\.\d+)?\s*$")
_MAIL = re.compile(r"^\w{3},? \d{1,2} \w{3} \d{4} \d")
_NUMERIC = re.compile(r"(?<![\d.:])(\d{1,2})\s?([./-])\s?(\d{1,2})\s?\2\s?(\d{4}|\d{2})(?![\d:])")
_YEAR_FIRST = re.compile(r"(?<!\d)((?:19|20)\d{2})\s?[./年-]\s?(\d{1,2})\s?[./月-]\s?(\d{1,2})(?!\d)")
_CLOCK = re.compile(
    r"(?<![\d:.])([01]?\d|2[0-3])(?::([0-5]\d)(?::([0-5]\d))?|[.h]([0-5]\d)(?=\s?(?:uhr|h\b|$)))(?![\d:.])\s*([ap]\.?m\.?(?![a-z]))?",
    re.IGNORECASE,
)
_ZONES = {"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "ET": -5, "PT": -8, "CT": -6, "BST": 1,
          "IST": 5.5, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3, "MSK": 3, "JST": 9, "KST": 9, "AEST": 10, "AEDT": 11, "WIB": 7,
          "SGT": 8, "HKT": 8, "GMT": 0, "UTC": 0, "Z": 0, "WEST": 1, "WET": 0, "SAST": 2, "NZST": 12, "NZDT": 13}  # fmt: skip
"""Hours east of UTC. An abbreviation that several countries use is read as the one that writes it in English news."""
_TZINFOS = {name: int(hours * 3600) for name, hours in _ZONES.items()}

# The beginnings of month names in the languages of `pipeline.text.languages` that write them in Latin, Cyrillic or Greek letters.
_MONTHS = (
    "jan|gen|ene|янв|січ|ian|sty|led|ιαν|oca|sij|led|tam",
    "feb|fév|fev|febb|лют|фев|lut|úno|φεβ|şub|vel|hel",
    "mar|mär|maa|бер|мар|bře|μαρ|μάρ|ožu|mrt|már",
    "apr|avr|abr|кві|апр|kwi|dub|απρ|nis|tra|huh|ápr",
    "may|mai|maj|mag|mei|май|мая|трав|kvě|μάι|μαΐ|μαϊ|svi|tou|máj|mayo",
    "jun|juin|giu|июн|черв|cze|čer|ιουν|ιούν|haz|lip(?=anj)|kes|jún",
    "jul|juil|lug|июл|лип|lip|čvc|červenc|ιουλ|ιούλ|tem|srp(?=anj)|hei|júl",
    "aug|aoû|ago|авг|серп|sie|srp|αυγ|αύγ|ağu|kol|elo|agu",
    "sep|set|сен|вер|wrz|zář|σεπ|eyl|ruj|syy|szept",
    "oct|okt|ott|out|окт|жов|paź|říj|οκτ|eki|lis(?=topada?\\s+\\d{4}\\W*hr)|lok",
    "nov|ноя|лис|lis|λιστ|νοε|νοέ|kas|stu|mar(?=rask)",
    "dec|dez|dic|déc|дек|груд|gru|pro|δεκ|ara|joul|des|deç",
)
_MONTH = re.compile("|".join(f"(?P<m{number}>{names})" for number, names in enumerate(_MONTHS, 1)), re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]{3,12}")
_DAY_MONTH = re.compile(
    r"(?<![\d.:])([0-3]?\d)(?:st|nd|rd|th|er|º|ª|\.)?\s*(?:de\s+|of\s+|d['’])?([^\W\d_]{3,12})\.?,?\s*(?:de[l]?\s+)?((?:19|20)\d{2})(?!\d)"
)
_MONTH_DAY = re.compile(r"\b([^\W\d_]{3,12})\.?\s+([0-3]?\d)(?:st|nd|rd|th)?,?\s+((?:19|20)\d{2})(?!\d)")


def read_moment(text: str, *, day_first: bool = True) -> Moment | None:
    """The moment that `text` states; None when it states none.

    ISO 8601, RFC 2822, seconds or milliseconds since 1970, dates in words or numbers, and what dateutil reads. A time without zone is taken
    for UTC. Midnight to the second is taken for a bare date. `day_first` decides on 03/04/2021.
    """
    text = text.strip()[:120]
    if not text or not any(map(str.isdigit, text)):
        return None
    try:
        return (
            _read_iso(text)
            or _read_epoch(text)
            or _read_mail(text)
            or find_moment(text, day_first=day_first)
            or _read_loose(text, day_first=day_first)
        )
    except (ValueError, OverflowError, TypeError, AttributeError, IndexError, ArithmeticError):
        return None


def find_moment(text: str, *, day_first: bool = True) -> Moment | None:
    """The first full date that stands in `text`, with the clock time beside it; None when there is none."""
    day, end = _find_day(text, day_first=day_first)
    if day is None:
        return None
    clock = _CLOCK.search(text, end) or _CLOCK.search(text)
    if not clock or abs(clock.start() - end) > 25:
        return bare_day(day)
    hour, minute = int(clock[1]), int(clock[2] or clock[4] or 0)
    if clock[5]:
        hour = hour % 12 + 12 * clock[5].lower().startswith("p")
    zone = re.match(r"\s*(?:Uhr\s*)?(?:\(?([A-Z]{1,4})\b|([+-]\d{2}:?\d{2}))", text[clock.end() :])
    tzinfo = None
    if zone and zone[2]:
        tzinfo = timezone(_offset(zone[2]))
    elif zone and zone[1] in _ZONES:
        tzinfo = timezone(timedelta(hours=_ZONES[zone[1]]))
    value = datetime.combine(day, time(hour, minute, int(clock[3] or 0)), tzinfo=tzinfo)
    return in_utc(value, "second" if clock[3] else "minute")


def names_a_month(text: str) -> bool:
    """Whether a word of `text` begins as the name of a month does."""
    return any(_MONTH.match(word) for word in _WORD.findall(text))


def bare_day(day: date, offset: timedelta | None = None) -> Moment:
    """The moment of a date without a time: midnight UTC, precision `day`, whatever the publisher's `offset` from UTC."""
    return Moment(datetime.combine(day, time(), tzinfo=UTC), "day", offset=offset)


def in_utc(value: datetime, precision: Precision) -> Moment:
    """`value` as a moment in UTC; a time without zone is taken for UTC, midnight to the second for a bare date."""
    if value.time() == time():
        return bare_day(value.date(), value.utcoffset())
    offset = value.utcoffset()
    local_day = value.date() if offset else None
    value = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return Moment(value.replace(microsecond=0), precision, local_day, offset)


def _find_day(text: str, *, day_first: bool) -> tuple[date | None, int]:
    found: list[tuple[int, int, date]] = []
    for pattern in (_YEAR_FIRST, _NUMERIC, _DAY_MONTH, _MONTH_DAY):
        for match in pattern.finditer(text):
            day = _day_of(pattern, match, day_first=day_first)
            if day:
                found.append((match.start(), match.end(), day))
                break
    if not found:
        return None, 0
    _, end, day = min(found)
    return day, end


def _day_of(pattern: re.Pattern[str], match: re.Match[str], *, day_first: bool) -> date | None:
    try:
        if pattern is _YEAR_FIRST:
            return date(int(match[1]), int(match[2]), int(match[3]))
        if pattern is _NUMERIC:
            return _numeric_day(match, day_first=day_first)
        name, number = (match[2], match[1]) if pattern is _DAY_MONTH else (match[1], match[2])
        month = _MONTH.match(name)
        return date(int(match[3]), int((month.lastgroup or "m0")[1:]), int(number)) if month else None
    except ValueError:
        return None


def _numeric_day(match: re.Match[str], *, day_first: bool) -> date:
    first, second, year = int(match[1]), int(match[3]), int(match[4])
    year += 2000 if year < 100 else 0
    is_day_first = first > 12 or (second <= 12 and (day_first or match[2] == "."))
    return date(year, second, first) if is_day_first else date(year, first, second)


def _read_iso(text: str) -> Moment | None:
    match = _ISO.match(text)
    if not match:
        return None
    day = date(int(match[1]), int(match[2]), int(match[3]))
    if match[4] is None:
        return bare_day(day)
    tzinfo = timezone(_offset(match[7])) if match[7] else None
    value = datetime.combine(day, time(int(match[4]) % 24, int(match[5]), min(int(match[6] or 0), 59)), tzinfo=tzinfo)
    return in_utc(value, "minute" if match[6] is None else "second")


def _offset(zone: str) -> timedelta:
    digits = re.sub(r"\D", "", zone)
    if not digits:
        return timedelta(0)
    hours, minutes = (int(digits[:-2]), int(digits[-2:])) if len(digits) in {3, 4} else (int(digits[:2]), int(digits[2:4] or 0))
    offset = timedelta(hours=hours, minutes=minutes)
    if offset > timedelta(hours=15):
        return timedelta(0)
    return -offset if zone[0] in "-−" else offset


def _read_epoch(text: str) -> Moment | None:
    match = _EPOCH.match(text)
    return in_utc(datetime.fromtimestamp(int(match[1]), UTC), "second") if match else None


def _read_mail(text: str) -> Moment | None:
    if not _MAIL.match(text):
        return None
    value = parsedate_to_datetime(text)
    if value.tzinfo is None and text[-1].isalpha():
        return None  # a zone that RFC 2822 does not know: `find_moment` may
    if text.endswith("-0000"):  # in UTC, without a word on the sender's zone (RFC 5322, 3.3)
        value = value.replace(tzinfo=UTC)
    return in_utc(value, "second")


def _read_loose(text: str, *, day_first: bool) -> Moment | None:
    if not re.search(r"(?<!\d)(?:19|20)\d{2}(?!\d)", text) or not re.search(r"(?<!\d)(?:[0-2]?\d|3[01])(?!\d)", text):
        return None
    default = datetime(1900, 1, 1)  # noqa: DTZ001  stands for "no year"; the zone is read or UTC
    value = dateutil_parser.parse(text, dayfirst=day_first, tzinfos=_TZINFOS, default=default)
    if value.year == default.year:
        return None
    clock = _CLOCK.search(text)
    return in_utc(value, "second" if clock and clock[3] else "minute") if clock else bare_day(value.date())
