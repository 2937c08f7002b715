"""The CDX API of the Wayback Machine, which lists the snapshots of a URL in a web archive. Pure: builds URLs, parses answers.

Source: the documentation of the CDX server (github.com/internetarchive/wayback, wayback-cdx-server, README).
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import unquote_plus, urlencode

from pipeline.core.errors import FeedError

LIMIT = 5_000
"""Rows requested in one answer; the resume key of an answer leads to further rows. A plain choice."""
HTML = "text/html"
"""The media type of the pages that an archive is asked for."""
MICROSECOND = timedelta(microseconds=1)

_SNAPSHOT = re.compile(r"/(\d{14})(?:[a-z]{2}_)?/https?:")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One capture in a web archive: the URL that was fetched, and when."""

    url: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CdxAnswer:
    """The rows of one answer, in its order; `resume_key` asks for the next answer, None after the last one."""

    snapshots: tuple[Snapshot, ...]
    resume_key: str | None = None


def query_address(
    endpoint: str,
    url: str,
    *,
    start: datetime,
    end: datetime | None = None,
    is_host: bool = False,
    mime: str | None = None,
    limit: int = LIMIT,
    resume_key: str | None = None,
) -> str:
    """The URL that lists the snapshots of `url`, or of all pages of the host `url` with `is_host`, taken from `start` to before `end`.

    Only snapshots with status 200 are listed. For a URL, snapshots equal to the one before are left out; for a host, all but the first of
    each page.
    """
    given = [("url", url), ("output", "json"), ("from", format_timestamp(start))]
    given += [("to", format_timestamp(end - MICROSECOND))] if end is not None else []
    given += [("matchType", "host")] if is_host else []
    given += [("filter", "statuscode:200")] + ([("filter", f"mimetype:{mime}")] if mime else [])
    given += [("collapse", "urlkey" if is_host else "digest"), ("limit", str(limit)), ("showResumeKey", "true")]
    # an answer gives its key percent-encoded, ready for an address; urlencode would encode it twice
    given += [("resumeKey", unquote_plus(resume_key))] if resume_key is not None else []
    return f"{endpoint}?{urlencode(given)}"


def read_rows(body: bytes, *, url: str) -> CdxAnswer:
    """The snapshots of an answer in JSON: a list of column names, lists of values, and, after an empty list, one with the resume key.

    A row without a valid time or URL is left out. Raises FeedError when the body is not such an answer.
    """
    try:
        lines = json.loads(body or b"[]")
    except (ValueError, RecursionError) as error:  # a number of thousands of digits is a ValueError too
        raise FeedError(f"{url}: not an answer of a CDX server: {error}") from error
    if not isinstance(lines, list) or not all(isinstance(line, list) for line in lines):
        raise FeedError(f"{url}: not an answer of a CDX server: not a list of rows")
    if not lines:
        return CdxAnswer(())
    names, *values = lines
    if not {"timestamp", "original"} <= set(map(str, names)):
        raise FeedError(f"{url}: not an answer of a CDX server: its rows have no timestamp or original")
    resume_key = None
    if len(values) >= 2 and not values[-2] and len(values[-1]) == 1:
        resume_key = str(values[-1][0])
        values = values[:-2]
    at, original = names.index("timestamp"), names.index("original")
    rows = (_snapshot(line, at, original) for line in values if len(line) == len(names))
    return CdxAnswer(tuple(row for row in rows if row is not None), resume_key)


def _snapshot(line: Sequence[object], at: int, original: int) -> Snapshot | None:
    moment, url = parse_timestamp(str(line[at])), str(line[original])
    return Snapshot(url, moment) if moment is not None and url.startswith(("http://", "https://")) else None


def snapshot_address(prefix: str, snapshot: Snapshot) -> str:
    """The address of the snapshot's original bytes in the archive at `prefix` (`id_`: without the archive's own links and frame)."""
    return f"{prefix}/{format_timestamp(snapshot.at)}id_/{snapshot.url}"


def snapshot_time(address: str) -> datetime | None:
    """The time of a snapshot, from its address in the archive; None where the address has none."""
    match = _SNAPSHOT.search(address)
    return parse_timestamp(match[1]) if match is not None else None


def format_timestamp(moment: datetime) -> str:
    """The 14 digits of a moment in UTC, as archives write it."""
    return moment.astimezone(UTC).strftime("%Y%m%d%H%M%S")


def parse_timestamp(text: str) -> datetime | None:
    """The UTC moment that 14 digits stand for, None for any other text."""
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=UTC) if len(text) == 14 and text.isdigit() else None
    except ValueError:
        return None


def day_span(day: date) -> tuple[datetime, datetime]:
    """The start and the end of a UTC day, half-open."""
    start = datetime.combine(day, time(), UTC)
    return start, start + timedelta(days=1)
