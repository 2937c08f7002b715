"""Text and octets in, values out: plain text, URLs, encodings, content codings, languages, dates, time zones, publishers' wishes.

Pure. It never sees a page's tree, a feed or the lake.
"""

__all__ = [
    "amp",
    "content_codings",
    "control_characters",
    "counts",
    "dates",
    "encodings",
    "languages",
    "markup",
    "phrases",
    "plain_text",
    "rights",
    "urls",
]
