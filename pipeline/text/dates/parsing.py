"""Parses dates and times as publishers write them into UTC.

Pure: strings in, `Moment` values out; knows nothing of pages. The language of the text decides what the name of a month, a marker of the
12-hour clock or a bare number means.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import lru_cache
from itertools import chain

from dateutil import parser as dateutil_parser

from pipeline.core.models import Moment, Precision
from pipeline.text.dates.calendar_names import GREGORIAN, date_names, half_day, month_named
from pipeline.text.dates.calendars import BUDDHIST_AHEAD, gregorian_day
from pipeline.text.dates.orders import NAME, WORD, has_dotted_times, is_month_first, patterns_of
from pipeline.text.dates.utc_offsets import offset_behind, offset_of
from pipeline.text.languages import two_letters

MAX_STATEMENT = 120
"""Characters of a value that states a date; a longer one is cut. A plain choice."""
MAX_LINE = 600
"""Characters of a text in which a date is searched. A plain choice: it bounds the time of the patterns."""
_CLOCK_WITHIN = 25
"""Characters between a date and the time beside it (`5 March 2024 | Updated at 14:30`)."""
_AROUND_CLOCK = 24
"""Characters beside a time in which a half of the day may stand, longest in words (`öğleden sonra`)."""

_WORD = re.compile(WORD)
_ISO = re.compile(
    r"^\s*(\d{4})-?(\d{2})-?(\d{2})(?:(?:\s*[T ]\s*|T)(\d{2}):?(\d{2})(?::?(\d{2})(?:[.,:]\d+)?)?\s*"
    r"(Z|UTC|GMT|[+\-−]\d{1,2}(?::?\d{2}){0,2})?)?\s*(?:\[[^\]]*\])?\s*$",
    re.IGNORECASE,
)
_EPOCH = re.compile(r"^\s*(\d{10})(\d{3})?(?:\.\d+)?\s*$")
_NUMERIC = re.compile(r"(?<![\d.:])(\d{1,2})\s?([./-])\s?(\d{1,2})\s?\2\s?(\d{4}|\d{2})(?![\d:])")
_YEAR_FIRST = re.compile(r"(?<!\d)(?P<year>\d{4})\s?[./年년-]\s?(?P<month>\d{1,2})\s?[./月월-]\s?(?P<day>\d{1,2})(?!\d)")
_DAY_MONTH = re.compile(
    r"(?<![\d.:])(?P<day>[0-3]?\d)(?:st|nd|rd|th|er|re|º|ª|°|\.)?[\s./-]{0,3}(?:de\s{1,2}|of\s{1,2}|ta['’]\s|d['’])?"
    rf"(?P<month>{NAME})[.’׳॰]?,?[\s./-]{{0,3}}(?:del?\s{{1,2}}|(?:พ\.?ศ|ค\.?ศ)\.?\s?)?(?P<year>\d{{4}})(?!\d)",
    re.IGNORECASE,
)
_SHORT_YEAR = re.compile(
    r"(?<![\d.:])(?P<day>[0-3]?\d)(?:st|nd|rd|th|\.)?[\s-]{1,3}(?:de\s{1,2})?"
    rf"(?P<month>{NAME})\.?,?[\s-]{{1,3}}(?:de\s{{1,2}})?(?:'|’)?(?P<year>\d\d)(?=\s{{0,3}}(?:$|\)|[,|•·-]?\s{{0,3}}\d{{1,2}}[:.h]\d\d))",
    re.IGNORECASE,
)
"""A year of two digits, after a day and a month's name and before a time or the end."""
_MONTH_DAY = re.compile(
    rf"\b(?P<month>{NAME})\.?[\s/-]{{1,3}}(?P<day>[0-3]?\d)(?:st|nd|rd|th)?,?[\s/-]{{1,3}}(?P<year>\d{{4}})(?!\d)", re.IGNORECASE
)
_YEAR_MONTH = re.compile(
    rf"(?<!\d)(?P<year>\d{{4}})[.,]?[\s/-]{{1,3}}(?P<month>{NAME})\.?[\s/-]{{1,3}}(?P<day>[0-3]?\d)(?!\d)", re.IGNORECASE
)
_UNIX = re.compile(
    rf"\b(?P<month>{NAME})\s{{1,3}}(?P<day>[0-3]?\d)\s{{1,3}}\d\d?:\d\d(?::\d\d)?\s{{1,3}}(?:[A-Z+:\d-]{{1,9}}\s{{1,3}})?(?P<year>\d{{4}})(?!\d)"
)
"""`Tue Mar 5 14:30:00 CET 2024`: the command `date`, and Java's and Ruby's dates as texts."""
_ERA = re.compile(r"([^\W\d_]{2})\s?(\d{1,3}|元)年\s?(\d{1,2})月\s?(\d{1,2})日")
_PATTERNS = (_YEAR_FIRST, _DAY_MONTH, _MONTH_DAY, _YEAR_MONTH, _UNIX, _SHORT_YEAR)

_CLOCK = re.compile(
    r"(?<![\d:.])(?P<hour>[01]?\d|2[0-3]|24(?=:00))"
    r"(?::(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d|60)(?:[.,]\d{1,6})?)?"
    r"|\s?[時时点點시]\s?(?P<minute_cjk>[0-5]?\d)\s?[分분](?:\s?(?P<second_cjk>[0-5]?\d)\s?[秒초])?"
    r"|\s?h\s?(?P<minute_h>[0-5]\d)(?![^\W\d_]{2})"
    r"|\.(?P<minute_dot>[0-5]\d)(?=(?P<dotted>\s?(?:uhr|h\b|$))?))(?![\d:]|\.\d)",
    re.IGNORECASE,
)
_BARE_HOUR = re.compile(r"(?<![\d:.,/-])(?P<hour>1[0-2]|0?[1-9])(?=\s?[ap]\.?\s?m\b)", re.IGNORECASE)
"""`2 p.m.`, which English writes for a full hour."""
_MAY_HOLD_DATE = re.compile(r"\d{4}|年|\d[\s./-]{1,3}[^\d\s]{0,16}[\s./-]{0,3}['’]?\d")
"""A year, or two numbers with a word or a sign between them."""
_ANY_YEAR = re.compile(r"(?<!\d)(?:19|20)\d{2}(?!\d)")
_ANY_DAY = re.compile(r"(?<!\d)(?:[0-2]?\d|3[01])(?!\d)")


@dataclass(frozen=True, slots=True)
class DateStyle:
    """How dates are written in a text: the two-letter codes of its languages, the likeliest first, and the order of 03/04/2021."""

    languages: tuple[str, ...] = ()
    day_first: bool = True


PLAIN_STYLE = DateStyle()
"""The style of a text of unknown language: the day comes first."""


def style_of(tag: str, *languages: str | None) -> DateStyle:
    """The style of a page that declares the language tag `tag` and whose text is in `languages`: the order of numbers is the country's."""
    known = (*languages, two_letters(tag))
    return DateStyle(tuple(dict.fromkeys(code for code in known if code)), day_first=not is_month_first(tag))


def read_moment(text: str, style: DateStyle = PLAIN_STYLE) -> Moment | None:
    """The moment that `text` states; None when it states none.

    ISO 8601, seconds or milliseconds since 1970, RFC 2822 and its variants, dates in words or numbers, and what dateutil reads. A time
    without zone is taken for UTC, midnight to the second for a bare date.
    """
    text = _with_ascii_digits(text.strip()[:MAX_STATEMENT])
    if not text or not any(map(str.isdigit, text)):
        return None
    try:
        return _read_iso(text) or _read_epoch(text) or _find(text, style) or _read_loose(text, style)
    except (ValueError, OverflowError, TypeError, AttributeError, IndexError, ArithmeticError):
        return None


def find_moment(text: str, style: DateStyle = PLAIN_STYLE) -> Moment | None:
    """The first full date in `text` with the clock time beside it; None when there is none.

    Only the first `MAX_LINE` characters are read.
    """
    return _find(_with_ascii_digits(text[:MAX_LINE]), style)


def names_a_month(text: str, style: DateStyle = PLAIN_STYLE) -> bool:
    """Whether a word among the first `MAX_LINE` characters of `text` is the name of a month."""
    return any(month_named(word, style.languages) for word in _WORD.findall(text[:MAX_LINE]))


def load_names() -> None:
    """Read the names of months and the half-day markers of all languages now, so that processes forked from this one share them."""
    month_named("-")
    half_day("", "", ("*",))


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


def _with_ascii_digits(text: str) -> str:
    """`text` with Arabic, Indian, Thai and full-width digits written as 0 to 9, and marks of direction as blanks; as long as before."""
    if text.isascii():
        return text
    digits = {char for char in set(text) if char.isdecimal() and not char.isascii()}
    return text.translate({**{ord(char): str(int(char)) for char in digits}, 0x200E: " ", 0x200F: " "})


@lru_cache(maxsize=1024)
def _find(text: str, style: DateStyle) -> Moment | None:
    """As `find_moment`, for a text whose digits are 0 to 9; cached, because the lines of a page are read several times."""
    dated = _find_day(text, style)
    if dated is None:
        return None
    day, start, end = dated
    clock = _find_clock(text, start, end, style)
    if clock is None:
        return bare_day(day)
    hour, minute, second = (int(clock.groupdict().get(name) or 0) for name in ("hour", "minute", "second"))
    minute = minute or int(next((clock[name] for name in ("minute_cjk", "minute_h", "minute_dot") if clock.groupdict().get(name)), 0))
    second = second or int(clock.groupdict().get("second_cjk") or 0)
    behind = text[clock.end() :]
    half = half_day(text[max(0, clock.start() - _AROUND_CLOCK) : clock.start()], behind[:_AROUND_CLOCK], style.languages)
    if half is not None:
        hour, behind = _in_half(hour, half[0]), behind[half[1] :]
    value = _at(day, hour, minute, second)
    offset = offset_behind(behind, value, style.languages)
    is_to_second = clock.groupdict().get("second") or clock.groupdict().get("second_cjk")
    return in_utc(value if offset is None else value.replace(tzinfo=timezone(offset)), "second" if is_to_second else "minute")


def _find_day(text: str, style: DateStyle) -> tuple[date, int, int] | None:
    """The first date in `text` with its start and end; the longer one of two at the same place."""
    if not _MAY_HOLD_DATE.search(text):
        return None
    found: list[tuple[int, int, date]] = []
    own = chain.from_iterable(map(patterns_of, style.languages))
    for days in (_numeric_days(text, style), _days_of_eras(text), *(_days(pattern, text, style) for pattern in (*_PATTERNS, *own))):
        first = next(days, None)
        if first is not None:
            found.append(first)
    if not found:
        return None
    start, end, day = min(found, key=lambda place: (place[0], -place[1]))
    return day, start, end


def _days(pattern: re.Pattern[str], text: str, style: DateStyle) -> Iterator[tuple[int, int, date]]:
    for match in pattern.finditer(text):
        day = _named_day(match["year"], match["month"], match["day"], style)
        if day:
            yield match.start(), match.end(), day


def _named_day(year: str, name: str, day: str, style: DateStyle) -> date | None:
    if name.isdecimal():
        return _valid_day(int(year), int(name), int(day), style)
    month = month_named(name, style.languages) or month_named(name.partition("/")[0].strip(), style.languages)
    if month is None:
        return None
    return _valid_day(_full_year(year, style), month.number, int(day), style, calendar=month.calendar)


def _full_year(year: str, style: DateStyle) -> int:
    """A year of two digits in its century: the last of the Buddhist era in Thai, else as RFC 2822 (4.3) has it."""
    if len(year) > 2:
        return int(year)
    if set(style.languages) & set(date_names()["buddhist"]):
        return 2500 + int(year)
    return int(year) + (2000 if int(year) < 50 else 1900)


def _valid_day(year: int, month: int, day: int, style: DateStyle, *, calendar: str = GREGORIAN) -> date | None:
    """The Gregorian day; a year outside those of news pages is one of the era or calendar of the language."""
    if calendar == GREGORIAN and year > 2400 and set(style.languages) & set(date_names()["buddhist"]):
        year -= BUDDHIST_AHEAD
    if calendar == GREGORIAN and year < 1700:
        calendar = next((date_names()["old_years"][code] for code in style.languages if code in date_names()["old_years"]), calendar)
    try:
        return gregorian_day(year, month, day, calendar)
    except ValueError:
        return None


def _numeric_days(text: str, style: DateStyle) -> Iterator[tuple[int, int, date]]:
    for match in _NUMERIC.finditer(text):
        first, second = int(match[1]), int(match[3])
        is_day_first = first > 12 or (second <= 12 and (style.day_first or match[2] == "."))
        number, month = (first, second) if is_day_first else (second, first)
        day = _valid_day(_full_year(match[4], style), month, number, style)
        if day:
            yield match.start(), match.end(), day


def _days_of_eras(text: str) -> Iterator[tuple[int, int, date]]:
    """Japanese eras and the Republic of China's years, with `元` for a first one."""
    for match in _ERA.finditer(text) if "年" in text else ():
        before = date_names()["eras"].get(match[1])
        day = before and _valid_day(before + int(match[2].replace("元", "1")), int(match[3]), int(match[4]), PLAIN_STYLE)
        if day:
            yield match.start(), match.end(), day


def _find_clock(text: str, start: int, end: int, style: DateStyle) -> re.Match[str] | None:
    """The time beside the date from `start` to `end`: the first after it, else one before it or within."""
    for pattern in (_CLOCK, _BARE_HOUR):
        for match in chain(pattern.finditer(text, end), pattern.finditer(text, 0, end)):
            if max(match.start() - end, start - match.end()) > _CLOCK_WITHIN:
                continue
            if not match.groupdict().get("minute_dot") or _is_dotted_time(match, end, style):
                return match
    return None


def _is_dotted_time(clock: re.Match[str], end: int, style: DateStyle) -> bool:
    """Whether `14.30` is a time and not a number: by the word after it, or, after a date, by the language."""
    return clock["dotted"] is not None or (clock.start() >= end and any(map(has_dotted_times, style.languages)))


def _in_half(hour: int, hours: tuple[int, int]) -> int:
    """The hour of the 24-hour clock within or next to `hours`, a part of the day; an hour above 12 is returned unchanged."""
    if hour > 12:
        return hour
    start, length = hours[0], (hours[1] - hours[0]) % 24
    return min(hour % 12, hour % 12 + 12, key=lambda one: _outside(one, start, length))


def _outside(hour: int, start: int, length: int) -> int:
    behind = (hour - start) % 24
    return 0 if behind < length else min(behind - length + 1, 24 - behind)


def _read_iso(text: str) -> Moment | None:
    match = _ISO.match(text)
    if not match or not 1900 <= int(match[1]) <= 2099:
        return None
    day = date(int(match[1]), int(match[2]), int(match[3]))
    if match[4] is None:
        return bare_day(day)
    zone = timezone(_iso_offset(match[7])) if match[7] else None
    value = _at(day, int(match[4]), int(match[5]), int(match[6] or 0)).replace(tzinfo=zone)
    return in_utc(value, "minute" if match[6] is None else "second")


def _at(day: date, hour: int, minute: int, second: int) -> datetime:
    """The time on `day`; 24:00 is the end of the day (ISO 8601-1, 4.3.8), a leap second is counted as the one before it."""
    if hour == 24:
        return datetime.combine(day, time(0, minute, min(second, 59))) + timedelta(days=1)
    return datetime.combine(day, time(hour, minute, min(second, 59)))


def _iso_offset(zone: str) -> timedelta:
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


def _read_loose(text: str, style: DateStyle) -> Moment | None:
    if not _ANY_YEAR.search(text) or not _ANY_DAY.search(text):
        return None
    default = datetime(1900, 1, 1)  # noqa: DTZ001  stands for "no year"; the zone is read or UTC

    def zone_of(name: str | None, seconds: int | None) -> tzinfo | None:
        offset = timedelta(seconds=seconds) if seconds is not None else offset_of(name or "", default, style.languages)
        return None if offset is None else timezone(offset)

    value = dateutil_parser.parse(text, dayfirst=style.day_first, tzinfos=zone_of, default=default)
    if value.year == default.year:
        return None
    clock = _CLOCK.search(text)
    return in_utc(value, "second" if clock and clock["second"] else "minute") if clock else bare_day(value.date())
