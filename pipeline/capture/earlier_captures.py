"""Reads earlier manifests for the capture stage: URLs that need no fetch, the state of each feed, recent robots.txt files."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from pipeline.core.errors import WarcError
from pipeline.core.models import Interval, Outcome, Part
from pipeline.fetching.robots import MAX_AGE, MAX_BYTES, KnownRobots
from pipeline.lake import storage
from pipeline.lake.archives.warc import read_record_at
from pipeline.lake.ledgers import read_manifest
from pipeline.lake.manifests import FeedState, HostDeclaration
from pipeline.lake.storage import Lake, committed_parts

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EarlierCaptures:
    """What the manifests of earlier intervals record."""

    feeds: dict[str, FeedState]
    """The last state of each feed, by URL."""
    seen: frozenset[str]
    """Digests of URLs that need no fetch."""
    robots: dict[str, tuple[Part, Outcome]]
    """The last robots.txt answer of each host, by URL, with the part that holds it."""
    tdm_asked: dict[str, datetime]
    """When each host was last asked for its tdmrep.json, by URL."""
    declarations: dict[str, HostDeclaration]
    """What each host last declared of the use of its pages, by URL of its robots.txt or tdmrep.json."""
    news: dict[str, list[datetime]]
    """The times of the polls that found new entries in a feed, once for each entry, by the feed's URL."""


_last_read: list[tuple[object, EarlierCaptures]] = []
"""The last result of `read_earlier_captures` after what it was read from: every part of an hour needs the same."""


def read_earlier_captures(lake: Lake, interval: Interval, *, days: int, is_live: bool) -> EarlierCaptures:
    """What the manifests of the `days` before `interval` record, and for a past interval also those of the `days` after it.

    What they captured needs no fetch. When no manifest has changed since the last call of this process, none is read again: 40 parts of an
    hour would read the 6,720 manifests of a week 40 times. Raises SchemaError for a broken manifest, StorageError.
    """
    first = interval.start - timedelta(days=days)
    last = interval.start if is_live else interval.start + timedelta(days=days)
    own = f"raw/interval={interval.key}/"
    files = tuple(file for file in lake.manifests_between(first, last) if not file.path.startswith(own))
    key = (lake.uri, is_live, files)
    if not _last_read or _last_read[0][0] != key:
        _last_read[:] = [(key, _read(lake, committed_parts(file.path for file in files), is_live=is_live))]
    return _last_read[0][1]


def _read(lake: Lake, parts: Iterable[Part], *, is_live: bool) -> EarlierCaptures:
    feeds: dict[str, FeedState] = {}
    seen: set[str] = set()
    robots: dict[str, tuple[Part, Outcome]] = {}
    tdm_asked: dict[str, datetime] = {}
    declarations: dict[str, HostDeclaration] = {}
    news: dict[str, list[datetime]] = {}
    for part in parts:
        manifest = read_manifest(lake, part)
        seen |= manifest.seen
        robots.update((outcome.url, (part, outcome)) for outcome in manifest.outcomes if outcome.kind == "robots")
        for outcome in manifest.outcomes:
            if outcome.kind == "tdmrep":
                tdm_asked[outcome.url] = outcome.at or part.interval.end
                declarations.pop(outcome.url, None)  # this manifest has the newer declaration
        declarations.update((declared.url, declared) for declared in manifest.declarations)
        for state in manifest.feeds:
            if state.schedule.asked is not None and state.new:
                news.setdefault(state.url, []).extend([state.schedule.asked] * state.new)
        if is_live:
            feeds.update((state.url, state) for state in manifest.feeds)
    return EarlierCaptures(feeds=feeds, seen=frozenset(seen), robots=robots, tdm_asked=tdm_asked, declarations=declarations, news=news)


def robots_reader(lake: Lake, earlier: EarlierCaptures, *, now: datetime) -> KnownRobots:
    """A function from the URL of a robots.txt to its status and body, None when none was captured within `MAX_AGE` before `now`."""

    def read(url: str) -> tuple[int, bytes] | None:
        part, outcome = earlier.robots.get(url, (None, None))
        if part is None or outcome is None or outcome.verdict != "captured" or outcome.offset is None or outcome.status is None:
            return None
        if outcome.at is None or not timedelta() <= now - outcome.at < MAX_AGE:
            return None
        try:
            with lake.open(storage.captures_path(part)) as file:
                record = read_record_at(file, outcome.offset, max_body_bytes=MAX_BYTES + 1)
        except (FileNotFoundError, WarcError) as error:
            log.warning("%s: fetched again, because its capture cannot be read: %s", url, error)
            return None
        return None if record.problem is not None else (outcome.status, record.body)

    return read
