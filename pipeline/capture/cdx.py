"""What an archive of the web has of a URL, and how it is asked: the CDX API of the Wayback Machine. Pure: addresses and answers.

Source: the CDX server's own documentation (github.com/internetarchive/wayback, wayback-cdx-server, README).
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
"""Rows of one answer; what is behind them comes with the resume key."""
MICROSECOND = timedelta(microseconds=1)

_SNAPSHOT = re.compile(r"/(\d{14})(?:[a-z]{2}_)?/https?:")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One capture that an archive has: the address as it was asked for, and when."""

    url: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CdxAnswer:
    """One answer of the CDX API, in its order; `resume_key` leads to the next one."""

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
    """The address that lists the snapshots of `url` (with `is_host`: of all of its host) from `start` to before `end`, answered with 200.

    Snapshots that are the same as the one before them are left out; of a host, all but the first of each page.
    """
    given = [("url", url), ("output", "json"), ("from", format_timestamp(start))]
    given += [("to", format_timestamp(end - MICROSECOND))] if end is not None else []
    given += [("matchType", "host")] if is_host else []
    given += [("filter", "statuscode:200")] + ([("filter", f"mimetype:{mime}")] if mime else [])
    given += [("collapse", "urlkey" if is_host else "digest"), ("limit", str(limit)), ("showResumeKey", "true")]
    # an answer shows its key as it is to stand in an address, percent-encoded
    given += [("resumeKey", unquote_plus(resume_key))] if resume_key is not None else []
    return f"{endpoint}?{urlencode(given)}"


def read_rows(body: bytes, *, url: str) -> CdxAnswer:
    """The rows of an answer with `output=json`: a line of names, lines of values, and, behind an empty one, the resume key.

    A row without a time or an address is left out. Raises FeedError for what is no such answer.
    """
    try:
        lines = json.loads(body or b"[]")
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise FeedError(f"{url}: no answer of a CDX server: {error}") from error
    if not isinstance(lines, list) or not all(isinstance(line, list) for line in lines):
        raise FeedError(f"{url}: no answer of a CDX server: not a list of rows")
    if not lines:
        return CdxAnswer(())
    names, *values = lines
    if not {"timestamp", "original"} <= set(map(str, names)):
        raise FeedError(f"{url}: no answer of a CDX server: its rows have no timestamp or original")
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
    """Where the archive gives the snapshot's octets as they were (`id_`: without its own links and frame)."""
    return f"{prefix}/{format_timestamp(snapshot.at)}id_/{snapshot.url}"


def snapshot_time(address: str) -> datetime | None:
    """When the snapshot at an archive's address was made, by that address."""
    match = _SNAPSHOT.search(address)
    return parse_timestamp(match[1]) if match is not None else None


def format_timestamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%d%H%M%S")


def parse_timestamp(text: str) -> datetime | None:
    """The UTC moment that 14 digits tell; None for anything else."""
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=UTC) if len(text) == 14 and text.isdigit() else None
    except ValueError:
        return None


def day_span(day: date) -> tuple[datetime, datetime]:
    """A UTC day as a half-open span."""
    start = datetime.combine(day, time(), UTC)
    return start, start + timedelta(days=1)
