"""The poll history of a feed as manifests store it. Pure: one value; `pipeline.discovery.polling` decides when the next poll is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

SHORTEST_S = 3_600.0
"""The shortest interval between two polls of a feed: `news_ingest` runs once an hour."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """What the next poll of a feed depends on. The default value is that of a feed that was never polled."""

    asked: datetime | None = None
    next_poll: datetime | None = None
    closed_until: datetime | None = None
    interval_s: float = SHORTEST_S
    document_s: float = 0.0
    """Seconds between polls that the last document asked for (`ttl`, `sy:updatePeriod`); a 304 leaves it as it was."""
    new_shares: tuple[float, ...] = ()
    """Share of new entries in each of the last polls, the newest last; 0 for a 304."""
    failures: int = 0
    """Failed polls in a row."""
    unchanged: int = 0
    """304 answers in a row."""
    distrusted_until: datetime | None = None
    """The time until which no validators are sent, because the server answered 304 although the feed had changed."""


NEVER_ASKED = Schedule()
