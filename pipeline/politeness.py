"""When a host may be asked again. Pure but for `HostSchedule`, which remembers the next free slot of each host."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

TRANSIENT_STATUSES = frozenset({408, 425, 429, *range(500, 600)})
SLOW_DOWN_STATUSES = frozenset({429, 503})
DOWN_AFTER = 3
"""A host that gave no answer this many times in a row is left alone for the rest of the run."""
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


class HostSchedule:
    """One pace per host, shared by all threads of a run."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._free: dict[str, datetime] = {}
        self._held: dict[str, datetime] = {}
        self._silent: dict[str, int] = {}

    def reserve(self, host: str, *, now: datetime, pace_s: float) -> float:
        """Take the host's next slot and return the seconds until it comes."""
        with self._lock:
            start = max(now, self._free.get(host, now))
            self._free[host] = start + timedelta(seconds=pace_s)
            return (start - now).total_seconds()

    def hold(self, host: str, *, until: datetime) -> None:
        """Ask nothing of `host` before `until`, because it said so."""
        with self._lock:
            self._free[host] = max(until, self._free.get(host, until))
            self._held[host] = max(until, self._held.get(host, until))

    def held_s(self, host: str, *, now: datetime) -> float:
        """Seconds for which `host` still asked to be left alone."""
        with self._lock:
            return max(0.0, (self._held.get(host, now) - now).total_seconds())

    def note(self, host: str, *, answered: bool) -> None:
        with self._lock:
            self._silent[host] = 0 if answered else self._silent.get(host, 0) + 1

    def is_down(self, host: str) -> bool:
        with self._lock:
            return self._silent.get(host, 0) >= DOWN_AFTER
