"""What earlier manifests tell the capture stage: what needs no fetch, how the feeds stood, and which robots.txt are still fresh."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from pipeline.core.errors import WarcError
from pipeline.core.models import Interval, Outcome, Part
from pipeline.fetching.fetcher import KnownRobots
from pipeline.fetching.robots import MAX_AGE, MAX_BYTES
from pipeline.lake import storage
from pipeline.lake.manifests import FeedState, from_json
from pipeline.lake.storage import Lake
from pipeline.lake.warc import read_record_at

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EarlierCaptures:
    """What earlier manifests tell: each feed's last state, the digests of URLs that need no fetch, each host's last robots.txt, and when
    each feed brought something new."""

    feeds: dict[str, FeedState]
    seen: frozenset[str]
    robots: dict[str, tuple[Part, Outcome]]
    news: dict[str, list[datetime]]


def read_earlier_captures(lake: Lake, interval: Interval, *, days: int, is_live: bool) -> EarlierCaptures:
    """The manifests of the `days` before `interval`, oldest first.

    A past interval looks `days` ahead too: what a later one captured is there already.
    """
    first = interval.start - timedelta(days=days)
    last = interval.start if is_live else interval.start + timedelta(days=days)
    feeds: dict[str, FeedState] = {}
    seen: set[str] = set()
    robots: dict[str, tuple[Part, Outcome]] = {}
    news: dict[str, list[datetime]] = {}
    for other in lake.captured_intervals():
        if not first <= other.start < last or other == interval:
            continue
        for name in lake.captured_parts(other.key):
            part = Part(other, name)
            path = storage.manifest_path(part)
            manifest = from_json(lake.read_bytes(path), path=path)
            seen |= manifest.seen
            robots.update((outcome.url, (part, outcome)) for outcome in manifest.outcomes if outcome.kind == "robots")
            for state in manifest.feeds:
                if state.schedule.asked is not None and state.new:
                    news.setdefault(state.url, []).extend([state.schedule.asked] * state.new)
            if is_live:
                feeds.update((state.url, state) for state in manifest.feeds)
    return EarlierCaptures(feeds=feeds, seen=frozenset(seen), robots=robots, news=news)


def robots_reader(lake: Lake, memory: EarlierCaptures, *, now: datetime) -> KnownRobots:
    """Reads a robots.txt that was captured within the last day: a manifest says where it lies."""

    def read(url: str) -> tuple[int, bytes] | None:
        part, outcome = memory.robots.get(url, (None, None))
        if part is None or outcome is None or outcome.verdict != "captured" or outcome.offset is None or outcome.status is None:
            return None
        if outcome.at is None or not timedelta() <= now - outcome.at < MAX_AGE:
            return None
        try:
            with lake.open(storage.captures_path(part)) as file:
                record = read_record_at(file, outcome.offset, max_body_bytes=MAX_BYTES + 1)
        except (FileNotFoundError, WarcError) as error:
            log.warning("%s: asked again: its capture cannot be read: %s", url, error)
            return None
        return None if record.problem is not None else (outcome.status, record.body)

    return read
