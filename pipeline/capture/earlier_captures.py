"""Reads earlier manifests for the capture stage: URLs that need no fetch, the state of each feed, recent robots.txt files."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from pipeline.core.errors import WarcError
from pipeline.core.models import Interval, Outcome, Part
from pipeline.fetching.robots import MAX_AGE, MAX_BYTES, KnownRobots
from pipeline.lake import storage
from pipeline.lake.archives.warc import read_record_at
from pipeline.lake.ledgers import read_manifest
from pipeline.lake.manifests import FeedState, HostDeclaration
from pipeline.lake.storage import Lake

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


def read_earlier_captures(lake: Lake, interval: Interval, *, days: int, is_live: bool) -> EarlierCaptures:
    """Read the manifests of the `days` before `interval`, and for a past interval also those of the `days` after it.

    What they captured needs no fetch. Raises SchemaError for a broken manifest, StorageError.
    """
    first = interval.start - timedelta(days=days)
    last = interval.start if is_live else interval.start + timedelta(days=days)
    feeds: dict[str, FeedState] = {}
    seen: set[str] = set()
    robots: dict[str, tuple[Part, Outcome]] = {}
    tdm_asked: dict[str, datetime] = {}
    declarations: dict[str, HostDeclaration] = {}
    news: dict[str, list[datetime]] = {}
    for part in lake.captured_between(first, last):
        other = part.interval
        if other == interval:
            continue
        manifest = read_manifest(lake, part)
        seen |= manifest.seen
        robots.update((outcome.url, (part, outcome)) for outcome in manifest.outcomes if outcome.kind == "robots")
        for outcome in manifest.outcomes:
            if outcome.kind == "tdmrep":
                tdm_asked[outcome.url] = outcome.at or other.end
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
