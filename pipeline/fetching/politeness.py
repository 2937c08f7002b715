"""When a host may be asked again: one pace for all who share it, slower after 429 and 503. Pure but for what `HostSchedule` remembers."""

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
"""A host that gave no answer this many times in a row is left alone for the rest of the run."""
SLOWED_PACE_S = 1.0
"""The pace that is multiplied where a host without one says that we are too fast."""
SLOWER, EASIER = 2.0, 0.9
"""A 429 or 503 doubles the host's pace, another answer takes a tenth off: ten good answers for each complaint."""
SLOWEST = 16.0
CALMED_S = 600.0
"""An idle host's slowness halves in so many seconds."""
LONGEST_WAIT_S = 7 * 86_400.0
"""What a server asks for beyond a week is taken for a week."""


def retry_after_s(header: str | None, *, now: datetime) -> float | None:
    """Seconds to wait by a Retry-After header (RFC 9110, section 10.2.3: seconds or a date), at most `LONGEST_WAIT_S`.

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
    """A host's next free slot, until when it asked to be left alone, and by what its pace is multiplied."""

    free: datetime | None = None
    held: datetime | None = None
    slowness: float = 1.0

    def reserved(self, *, now: datetime, pace_s: float) -> tuple[HostPace, float]:
        """The pace after the next slot is taken, and the seconds until that slot comes."""
        start = max(now, self.free or now)
        idle_s = (now - self.free).total_seconds() if self.free is not None else 0.0
        slowness = max(1.0, self.slowness / 2 ** min(idle_s / CALMED_S, 60)) if idle_s > 0 else self.slowness
        gap_s = max(pace_s, SLOWED_PACE_S) * slowness if slowness > 1 else pace_s
        return HostPace(start + timedelta(seconds=gap_s), self.held, slowness), (start - now).total_seconds()

    def holding(self, until: datetime) -> HostPace:
        return replace(self, free=max(until, self.free or until), held=max(until, self.held or until))

    def after(self, status: int) -> HostPace:
        """Slower after a complaint, easier after any other answer."""
        if status in SLOW_DOWN_STATUSES:
            return replace(self, slowness=min(self.slowness * SLOWER, SLOWEST))
        return replace(self, slowness=max(1.0, self.slowness * EASIER)) if self.slowness > 1 else self


class PaceStore(Protocol):
    """Where the paces of hosts are kept, for those who share them."""

    def change(self, host: str, step: Callable[[HostPace], tuple[HostPace, Result]]) -> Result:
        """Put `step`'s first result in the place of the host's pace and give back its second; nobody comes between."""
        ...

    def connection(self, host: str) -> AbstractContextManager[object]:
        """One of the host's connections, waited for."""
        ...


class PacesOfProcess:
    """Paces shared by the threads of this process."""

    def __init__(self, *, connections: int) -> None:
        self._lock = threading.Lock()
        self._paces: dict[str, HostPace] = {}
        self._connections = connections
        self._open: dict[str, threading.BoundedSemaphore] = {}

    def change(self, host: str, step: Callable[[HostPace], tuple[HostPace, Result]]) -> Result:
        with self._lock:
            self._paces[host], result = step(self._paces.get(host, HostPace()))
            return result

    def connection(self, host: str) -> AbstractContextManager[object]:
        with self._lock:
            slots = self._open.get(host)
            if slots is None:
                slots = self._open[host] = threading.BoundedSemaphore(self._connections)
            return slots


class HostSchedule:
    """What a run knows of its hosts: their paces, in a store that may be shared, and which of them do not answer."""

    def __init__(self, store: PaceStore | None = None) -> None:
        self._store = store or PacesOfProcess(connections=4)
        self._lock = threading.Lock()
        self._silent: dict[str, int] = {}

    def reserve(self, host: str, *, now: datetime, pace_s: float) -> float:
        """Take the host's next slot and return the seconds until it comes."""
        return self._store.change(host, lambda pace: pace.reserved(now=now, pace_s=pace_s))

    def hold(self, host: str, *, until: datetime) -> None:
        """Ask nothing of `host` before `until`, because it said so."""
        self._store.change(host, lambda pace: (pace.holding(until), None))

    def held_s(self, host: str, *, now: datetime) -> float:
        """Seconds for which `host` still asked to be left alone."""
        held = self._store.change(host, lambda pace: (pace, pace.held))
        return max(0.0, ((held or now) - now).total_seconds())

    def note_status(self, host: str, *, status: int) -> None:
        """Slow the host down, or ease its pace, by what it answered."""
        self._store.change(host, lambda pace: (pace.after(status), None))

    def connection(self, host: str) -> AbstractContextManager[object]:
        """One of the host's connections for the time of an exchange."""
        return self._store.connection(host)

    def note(self, host: str, *, answered: bool) -> None:
        with self._lock:
            self._silent[host] = 0 if answered else self._silent.get(host, 0) + 1

    def is_down(self, host: str) -> bool:
        with self._lock:
            return self._silent.get(host, 0) >= DOWN_AFTER
