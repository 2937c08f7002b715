"""Dates and times as publishers write them, in any language, calendar and time zone, parsed into UTC.

Pure: strings in, times out; which of several dates of a page counts is decided in `extraction/dates`.
"""

__all__ = ["cldr", "parsing", "time_zones"]
