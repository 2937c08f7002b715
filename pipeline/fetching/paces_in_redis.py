"""Stores the paces of hosts in Redis, so that all processes of all machines together keep one pace for a host. Uses one Redis server.

The pace of a host is a key, changed by a transaction that begins again when another process changed the key meanwhile. A connection to a
host is a lock that expires, so that a process that dies frees it. The clocks of the machines must agree to well below a pace.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

from pipeline.core.errors import ConfigError, TransientError
from pipeline.fetching.paces import pace_from_json, pace_to_json
from pipeline.fetching.politeness import LONGEST_WAIT_S, HostPace, Result
from pipeline.text.urls import without_credentials

PREFIX = "news-pipeline:pace:"
KEPT_S = int(LONGEST_WAIT_S) + 86_400
"""Seconds after which a host that was not asked is forgotten: a day longer than the longest Retry-After that is honoured."""
SLOT_POLL_S = 0.05
"""Seconds between two attempts to lock one of the host's slots. A plain choice, far below a pace."""
ANSWER_S = 5.0
"""Seconds that Redis may take for one answer. A plain choice, far above the millisecond that it takes."""
ATTEMPTS = 8
"""Attempts at a command while Redis does not answer, with pauses that double up to 5 s: together longer than a restart takes."""


class PacesInRedis:
    """The `PaceStore` that all processes with the same Redis server share."""

    def __init__(self, url: str, *, connections: int, slot_s: float) -> None:
        """`slot_s` is the longest that one exchange takes; a connection held longer is free again. Sends nothing.

        Raises ConfigError when `url` is no address of a Redis server or redis-py is not installed.
        """
        try:
            import redis
            from redis.backoff import ExponentialBackoff
            from redis.retry import Retry
        except ImportError as error:
            raise ConfigError("NEWS_PACE_URL: a pace in Redis needs redis-py, which the extra `redis` installs") from error
        self._shown = without_credentials(url)
        self._connections = connections
        self._slot_s = slot_s
        retry = Retry(ExponentialBackoff(cap=5.0, base=0.05), ATTEMPTS)
        try:
            self._redis: Any = redis.Redis.from_url(url, socket_timeout=ANSWER_S, socket_connect_timeout=ANSWER_S, retry=retry)
        except ValueError as error:
            raise ConfigError(f"NEWS_PACE_URL: {self._shown!r} is not redis://HOST:PORT/NUMBER") from error

    def change(self, host: str, step: Callable[[HostPace], tuple[HostPace, Result]]) -> Result:
        """Replace the host's pace by the first result of `step`, which is called again when another process came between."""
        key = f"{PREFIX}{host}"
        results: list[Result] = []

        def changed(pipe: Any) -> None:
            before = pace_from_json(pipe.get(key) or b"")
            after, result = step(before)
            results.append(result)
            pipe.multi()
            if after != before:
                pipe.set(key, pace_to_json(host, after), ex=KEPT_S)

        with self._answers():
            self._redis.transaction(changed, key)
        return results[-1]

    @contextlib.contextmanager
    def connection(self, host: str) -> Iterator[None]:
        """Hold one of the host's slots, after waiting for a free one."""
        from redis.exceptions import LockError

        slots = [self._redis.lock(f"{PREFIX}{host}:{number}", timeout=self._slot_s) for number in range(self._connections)]
        while True:
            with self._answers():
                held = next((slot for slot in slots if slot.acquire(blocking=False)), None)
            if held is not None:
                break
            time.sleep(SLOT_POLL_S)
        try:
            yield
        finally:
            with self._answers(), contextlib.suppress(LockError):  # the slot expired, and may be another's
                held.release()

    @contextlib.contextmanager
    def _answers(self) -> Iterator[None]:
        from redis.exceptions import RedisError

        try:
            yield
        except RedisError as error:
            raise TransientError(f"the paces of hosts at {self._shown} did not answer: {error}") from error
