"""Converts days of the Solar Hijri (Persian) and Islamic calendars to Gregorian ones; knows the offset of the Buddhist era.

Pure arithmetic on year, month and day.
"""

from __future__ import annotations

from datetime import date, timedelta

BUDDHIST_AHEAD = 543
"""Years by which the Buddhist era of Thailand is ahead, since 1941, when its year was made to begin in January."""
_ISLAMIC_EPOCH = date(622, 7, 19)
"""1 Muharram 1 of the tabular calendar (16 July 622 of the Julian calendar)."""
_PERSIAN_EPOCH = date(622, 3, 21)
"""The day before 1 Farvardin 1, so that the leap days of the cycle of 33 years add up to the calendar of today."""
_FIRST_YEAR, _LAST_YEAR = 1900, 2099
"""Years that the date of a news page may have. A plain choice."""


def persian_day(year: int, month: int, day: int) -> date:
    """The day of the Solar Hijri calendar, by the cycle of 33 years with 8 leap years, which is that of Iran from 1799 to 2256.

    Raises ValueError for a day that the calendar does not have.
    """
    leap_days = (8 * year + 21) // 33
    is_leap = (8 * (year + 1) + 21) // 33 > leap_days
    last = 31 if month <= 6 else 30 if month <= 11 or is_leap else 29
    if not (1 <= month <= 12 and 1 <= day <= last):
        raise ValueError(f"the Persian calendar has no day {year}-{month}-{day}")
    days = 365 * (year - 1) + leap_days + 30 * (month - 1) + min(month - 1, 6) + day - 1
    return _PERSIAN_EPOCH + timedelta(days=days)


def islamic_day(year: int, month: int, day: int) -> date:
    """The day of the Islamic calendar, by the tabular one of 30 years with 11 leap days.

    Where the crescent or a table of the country decides (Umm al-Qura in Saudi Arabia), a month may begin a day earlier or later.
    Raises ValueError for a day that the calendar does not have.
    """
    if not (1 <= month <= 12 and 1 <= day <= 30):
        raise ValueError(f"the Islamic calendar has no day {year}-{month}-{day}")
    days = (year - 1) * 354 + (3 + 11 * year) // 30 + (59 * (month - 1) + 1) // 2 + day - 1
    return _ISLAMIC_EPOCH + timedelta(days=days)


def gregorian_day(year: int, month: int, day: int, calendar: str) -> date:
    """The day in the Gregorian calendar of a day in `calendar`: gregorian, persian or islamic.

    Raises ValueError for no such day, and for one outside of the years 1900 to 2099.
    """
    if calendar == "persian":
        found = persian_day(year, month, day)
    elif calendar == "islamic":
        found = islamic_day(year, month, day)
    else:
        found = date(year, month, day)
    if not _FIRST_YEAR <= found.year <= _LAST_YEAR:
        raise ValueError(f"{found.year} is not a year of a news page")
    return found
