"""Finds when an article was published and last changed, from statements, visible lines and the publisher's time zone.

Pure: it reads a `Page`; the time of the capture is an argument.
"""

__all__ = ["publication_dates"]
