"""A feed's polls so far, as its manifest keeps them. Pure: a value; `pipeline.discovery.polling` decides when the next poll is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

SHORTEST_S = 3_600.0
"""At most one poll an hour: `news_ingest` runs hourly."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """A feed's polls so far, as far as the next one depends on them. The default is a feed that was never asked."""

    asked: datetime | None = None
    next_poll: datetime | None = None
    closed_until: datetime | None = None
    interval_s: float = SHORTEST_S
    document_s: float = 0.0
    """What the last document asked for; a 304 brings none."""
    new_shares: tuple[float, ...] = ()
    """Shares of new entries in the last polls, the newest last; 0 for a 304."""
    failures: int = 0
    """Polls in a row that failed."""
    unchanged: int = 0
    """304 answers in a row."""
    distrusted_until: datetime | None = None
    """Until when no validators are sent, because they lied."""


NEVER_ASKED = Schedule()
