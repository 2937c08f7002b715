"""One process at a time for a work on a lake: a backfill, an erasure, the captures of a part. An edge: it reads and writes the lake.

On a local lake the lock is flock on a hidden file beside what is made: the kernel frees the lock of a process that dies, however it dies,
and the file says who holds it. An object store has no such thing. There a holder's lease lies in the same place and is renewed while it
works; one that was not renewed for `LEASE` is a dead process's and is taken over. Two that begin within the same second both write a
lease and read it again a moment later: the one whose lease stands goes on. That leaves a gap where a store shows a late write later than
`SETTLE_S`, or a process sleeps through its lease and wakes up.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from pipeline.core.errors import BusyError, LockedError
from pipeline.lake.storage import Lake

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)
RENEW_S = 60.0
SETTLE_S = 2.0
PATIENCE_S = 1_800.0
"""How long one waits for another: half of the hour that a capture has in Airflow."""
TURN_S = 1.0
"""Between two looks whether it is one's turn."""
MAX_BYTES = 4_096

Check = Callable[[], None]
"""Raises BusyError when the lock was lost: a lease that was taken over while its holder slept. A kernel's lock cannot be lost."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who works: host, process, since when."""

    host: str
    pid: int
    since: str

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}, since {self.since}"


@contextlib.contextmanager
def sole(lake: Lake, path: str, *, what: str) -> Iterator[Check]:
    """Hold the lock at `path` of the lake, a hidden file; `what` names the work in the error.

    Raises LockedError when another process holds it, StorageError.
    """
    me = Holder(socket.gethostname(), os.getpid(), datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    if lake.is_local:
        with _flocked(Path(lake.root, path), me, what):
            yield _never_lost
        return
    with _leased(lake, path, me, what) as check:
        yield check


@contextlib.contextmanager
def in_turn(lake: Lake, path: str, *, what: str) -> Iterator[Check]:
    """As `sole`, after everybody who holds the lock now: for work whose result the one who waited takes instead of doing it again.

    Raises BusyError, which names the holder, after `PATIENCE_S`; StorageError.
    """
    until = time.monotonic() + PATIENCE_S
    with contextlib.ExitStack() as stack:
        is_told = False
        while True:
            try:
                check = stack.enter_context(sole(lake, path, what=what))
                break
            except LockedError as error:
                if time.monotonic() >= until:
                    raise BusyError(f"{error}; it was waited for in vain") from error
                if not is_told:
                    log.info("%s; this process waits for it", error)
                    is_told = True
                time.sleep(TURN_S)
        yield check


def sweep(lake: Lake, path: str) -> None:
    """Remove the lock file that a process left which was killed with its work done; nothing where one holds it, or on an object store."""
    if lake.is_local and Path(lake.root, path).exists():
        with contextlib.suppress(LockedError), sole(lake, path, what="it"):
            log.debug("%s: its holder died", path)


def _never_lost() -> None:
    """The kernel's lock ends with its process."""


@contextlib.contextmanager
def _flocked(path: Path, me: Holder, what: str) -> Iterator[None]:
    handle = _open_locked(path, what)
    try:
        os.ftruncate(handle, 0)
        os.pwrite(handle, _written(me), 0)
        yield
    finally:
        path.unlink(missing_ok=True)  # while it is held, so that nobody's new file goes
        os.close(handle)


def _open_locked(path: Path, what: str) -> int:
    """A handle of the file that stands at `path` now, locked; one that was removed meanwhile is opened anew."""
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _read(os.pread(handle, MAX_BYTES, 0))
            os.close(handle)
            raise _locked(what, holder) from None
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_ino == os.fstat(handle).st_ino:
                return handle
        os.close(handle)


@contextlib.contextmanager
def _leased(lake: Lake, path: str, me: Holder, what: str) -> Iterator[Check]:
    key = uuid4().hex
    _take_lease(lake, path, me, key, what)
    done = threading.Event()

    def renew() -> None:
        while not done.wait(RENEW_S):
            try:
                if _lease(lake, path)[1] == key:
                    lake.write_bytes(path, _written(me, key))
                else:
                    log.error("%s: another process has taken it over; stop this one", what)
                    return
            except Exception:
                log.exception("%s: its lease could not be renewed", what)

    def check() -> None:
        if _lease(lake, path)[1] != key:
            raise BusyError(f"{what}: another process has taken it over, since this one did not renew its lease")

    thread = threading.Thread(target=renew, name="lease", daemon=True)
    thread.start()
    try:
        yield check
    finally:
        done.set()
        thread.join()
        if _lease(lake, path)[1] == key:
            lake.delete(path)


def _take_lease(lake: Lake, path: str, me: Holder, key: str, what: str) -> None:
    holder, other, renewed = _lease(lake, path)
    if other is not None and renewed is not None and datetime.now(UTC) - renewed < LEASE:
        raise _locked(what, holder, f"; if it was killed, try again after {(renewed + LEASE).strftime('%H:%M:%S')} UTC")
    lake.write_bytes(path, _written(me, key))
    time.sleep(SETTLE_S)
    holder, other, _ = _lease(lake, path)
    if other != key:
        raise _locked(what, holder)


def _lease(lake: Lake, path: str) -> tuple[Holder | None, str | None, datetime | None]:
    """Who holds the lease, its key, and when it was renewed last."""
    try:
        data = lake.read_bytes(path)
        stored = json.loads(data)
        return _read(data), stored["key"], datetime.fromisoformat(stored["renewed"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None, None, None


def _written(me: Holder, key: str | None = None) -> bytes:
    told = {"host": me.host, "pid": me.pid, "since": me.since}
    if key is None:
        return json.dumps(told).encode()
    return json.dumps({**told, "key": key, "renewed": datetime.now(UTC).isoformat()}).encode()


def _read(data: bytes) -> Holder | None:
    try:
        stored = json.loads(data)
        return Holder(str(stored["host"]), int(stored["pid"]), str(stored["since"]))
    except (ValueError, KeyError, TypeError):
        return None


def _locked(what: str, holder: Holder | None, hint: str = "") -> LockedError:
    who = holder or "another process"
    return LockedError(f"{what} is under way ({who}): wait until it ends, or stop it and give the same command, which goes on{hint}")
