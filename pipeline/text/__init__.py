"""Strings in, values out: plain text, URLs, AMP addresses, encodings, languages, dates, time zones, publishers' wishes.

Pure. It never sees a page's tree, a feed or the lake.
"""

__all__ = ["amp", "counts", "date_parsing", "encodings", "languages", "markup", "plain_text", "rights", "time_zones", "urls"]
