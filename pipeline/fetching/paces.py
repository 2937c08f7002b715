"""Stores the paces of hosts in files, so that all processes of a machine together keep one pace for a host. Uses one directory.

Each host has a file that is locked while it is changed. The kernel frees the lock of a process that dies, and a file that such a process
left half-written counts as a host that was never asked. A connection to a host is a lock on one of its slot files.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from pipeline.core.errors import ConfigError
from pipeline.fetching.politeness import HostPace, Result

MAX_BYTES = 4_096
"""Bytes of a host's file that are read; its JSON takes about a hundred."""
SLOT_POLL_S = 0.02
"""Seconds between two attempts to lock one of the host's slots. A plain choice, far below a pace."""


class PacesInFiles:
    """The `PaceStore` that all processes with the same `folder` share."""

    def __init__(self, folder: str | Path, *, connections: int) -> None:
        """Raises ConfigError when `folder` cannot be created."""
        self._folder = Path(folder)
        self._connections = connections
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"NEWS_PACE_DIR: {folder}: {error.strerror}") from error

    def change(self, host: str, step: Callable[[HostPace], tuple[HostPace, Result]]) -> Result:
        """Replace the host's pace by the first result of `step`, while its file is locked; returns the second."""
        with _opened(self._path(host, "json")) as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            before = pace_from_json(os.pread(handle, MAX_BYTES, 0))
            after, result = step(before)
            if after != before:
                data = pace_to_json(host, after)
                os.ftruncate(handle, 0)  # after a kill at this point the host counts as never asked, as a new host does
                os.pwrite(handle, data, 0)
            return result

    @contextlib.contextmanager
    def connection(self, host: str) -> Iterator[None]:
        """Hold one of the host's slots. They are tried in turn, because a process can wait for the lock of one file but not of several."""
        with contextlib.ExitStack() as stack:
            handles = [stack.enter_context(_opened(self._path(host, f"{number}.slot"))) for number in range(self._connections)]
            while not any(_is_locked(handle) for handle in handles):
                time.sleep(SLOT_POLL_S)
            yield

    def _path(self, host: str, extension: str) -> Path:
        return self._folder / f"{hashlib.sha256(host.encode()).hexdigest()[:32]}.{extension}"


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[int]:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        yield handle
    finally:
        os.close(handle)


def _is_locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def pace_from_json(data: bytes) -> HostPace:
    """The pace that `pace_to_json` wrote; that of a host never asked for anything else."""
    try:
        stored = json.loads(data)
        free, held = (datetime.fromisoformat(stored[name]) if stored[name] else None for name in ("free", "held"))
        return HostPace(free, held, float(stored["slowness"]))
    except (ValueError, KeyError, TypeError):
        return HostPace()


def pace_to_json(host: str, pace: HostPace) -> bytes:
    """The pace as one JSON object, with the name of its host for people."""
    moments = {"free": pace.free.isoformat() if pace.free else None, "held": pace.held.isoformat() if pace.held else None}
    return json.dumps({"host": host[:256], **moments, "slowness": pace.slowness}).encode()
