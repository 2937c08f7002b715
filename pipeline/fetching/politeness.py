"""Decides when a host may be asked again: one pace for all threads and processes, slower after 429 and 503. No I/O."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Protocol, TypeVar

TRANSIENT_STATUSES = frozenset({408, 425, 429, *range(500, 600)})
SLOW_DOWN_STATUSES = frozenset({429, 503})
DOWN_AFTER = 3
"""Unanswered requests in a row after which a host gets no more requests in this run. A plain choice."""
SLOWED_PACE_S = 1.0
"""Pace in seconds that a complaint multiplies when the pace of the source is shorter. A plain choice: a source may have pace 0."""
SLOWER, EASIER = 2.0, 0.9
"""Factors on the pace after a 429 or 503, and after any other answer: about seven good answers undo one complaint. A plain choice."""
SLOWEST = 16.0
"""Largest factor on the pace, reached by four complaints in a row. A plain choice: it bounds how long a part waits for one host."""
CALMED_S = 600.0
"""Seconds without a request after which the slowness of a host has halved. A plain choice."""
LONGEST_WAIT_S = 7 * 86_400.0
"""Longest Retry-After that is honoured, a week. A plain choice: a longer one is more likely a mistake."""


def retry_after_s(header: str | None, *, now: datetime) -> float | None:
    """Seconds that a Retry-After header asks to wait (RFC 9110, section 10.2.3: seconds or a date), at most `LONGEST_WAIT_S`.

    None when the header is absent or malformed.
    """
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_WAIT_S)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return min(max(0.0, (moment - now).total_seconds()), LONGEST_WAIT_S)


Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class HostPace:
    """When a host may get its next request (`free`), until when it wants none (`held`), and the factor on its pace (`slowness`)."""

    free: datetime | None = None
    held: datetime | None = None
    slowness: float = 1.0

    def reserved(self, *, now: datetime, pace_s: float) -> tuple[HostPace, float]:
        """The pace after one more request is scheduled, and the seconds until that request may be sent."""
        start = max(now, self.free or now)
        idle_s = (now - self.free).total_seconds() if self.free is not None else 0.0
        slowness = max(1.0, self.slowness / 2 ** min(idle_s / CALMED_S, 60)) if idle_s > 0 else self.slowness
        gap_s = max(pace_s, SLOWED_PACE_S) * slowness if slowness > 1 else pace_s
        return HostPace(start + timedelta(seconds=gap_s), self.held, slowness), (start - now).total_seconds()

    def holding(self, until: datetime) -> HostPace:
        """The pace of a host that is not asked before `until`."""
        return replace(self, free=max(until, self.free or until), held=max(until, self.held or until))

    def after(self, status: int) -> HostPace:
        """The pace after an answer: slower after a complaint (429, 503), faster after any other status."""
        if status in SLOW_DOWN_STATUSES:
            return replace(self, slowness=min(self.slowness * SLOWER, SLOWEST))
        return replace(self, slowness=max(1.0, self.slowness * EASIER)) if self.slowness > 1 else self


class PaceStore(Protocol):
    """Stores the paces of hosts for the threads or processes that share them."""

    def change(self, host: str, step: Callable[[HostPace], tuple[HostPace, Result]]) -> Result:
        """Replace the host's pace by the first result of `step` and return the second, with no other change in between."""
        ...

    def connection(self, host: str) -> AbstractContextManager[object]:
        """Hold one of the host's connections, after waiting for a free one."""
        ...


class PacesOfProcess:
    """Paces shared by the threads of this process."""

    def __init__(self, *, connections: int) -> None:
        self._lock = threading.Lock()
        self._paces: dict[str, HostPace] = {}
        self._connections = connections
        self._open: dict[str, threading.BoundedSemaphore] = {}

    def change(self, host: str, step: Callable[[HostPace], tuple[HostPace, Result]]) -> Result:
        """Replace the host's pace by the first result of `step` under a lock; returns the second."""
        with self._lock:
            self._paces[host], result = step(self._paces.get(host, HostPace()))
            return result

    def connection(self, host: str) -> AbstractContextManager[object]:
        """Hold one of the host's connections, after waiting for a free one."""
        with self._lock:
            slots = self._open.get(host)
            if slots is None:
                slots = self._open[host] = threading.BoundedSemaphore(self._connections)
            return slots


class HostSchedule:
    """The hosts of a run: their paces, in a store that may be shared, and the hosts that do not answer."""

    def __init__(self, store: PaceStore | None = None) -> None:
        self._store = store or PacesOfProcess(connections=4)
        self._lock = threading.Lock()
        self._silent: dict[str, int] = {}

    def reserve(self, host: str, *, now: datetime, pace_s: float) -> float:
        """Schedule one request to `host`; returns the seconds until it may be sent."""
        return self._store.change(host, lambda pace: pace.reserved(now=now, pace_s=pace_s))

    def hold(self, host: str, *, until: datetime) -> None:
        """Send nothing to `host` before `until`, as its Retry-After asks."""
        self._store.change(host, lambda pace: (pace.holding(until), None))

    def held_s(self, host: str, *, now: datetime) -> float:
        """Seconds for which `host` still wants no request; 0 when it did not ask for a wait."""
        held = self._store.change(host, lambda pace: (pace, pace.held))
        return max(0.0, ((held or now) - now).total_seconds())

    def note_status(self, host: str, *, status: int) -> None:
        """Make the pace of the host slower or faster, depending on the status of its answer."""
        self._store.change(host, lambda pace: (pace.after(status), None))

    def connection(self, host: str) -> AbstractContextManager[object]:
        """Hold one of the host's connections for one exchange."""
        return self._store.connection(host)

    def note(self, host: str, *, answered: bool) -> None:
        """Record whether a request was answered."""
        with self._lock:
            self._silent[host] = 0 if answered else self._silent.get(host, 0) + 1

    def is_down(self, host: str) -> bool:
        """Whether the last `DOWN_AFTER` requests to `host` were not answered."""
        with self._lock:
            return self._silent.get(host, 0) >= DOWN_AFTER
