"""Locks on a lake: one process at a time runs a backfill, an erasure or the capture of a part. Reads and writes the lake.

On a local lake the lock is flock on a hidden file beside the files it guards. The kernel frees it however its process dies, and the file
names its holder. An object store has no flock: there the holder writes a lease to the same path and renews it while it works. A lease
that was not renewed for `LEASE` belongs to a dead process and is taken over. When two processes begin within the same second, the store
decides by a conditional write: only one of them creates the lease, or replaces the void one. In a store without conditional writes both
write a lease and read it again after `SETTLING_S`: the one whose lease is still there has the lock, unless the store shows a write later
than that. A process that sleeps longer than its lease and then goes on is stopped by the next check of its lock, not before.
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
from pipeline.lake.parquet_damage import lake_error
from pipeline.lake.storage import Lake

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)
"""Age at which a lease that was not renewed is void. A plain choice: five renewals must fail in a row."""
RENEW_S = 60.0
"""Seconds between two renewals of a lease."""
SETTLING_S = 2.0
"""Seconds between writing a lease and reading it again. A plain choice: it bounds the delay of a store that the lock tolerates."""
PATIENCE_S = 1_800.0
"""Seconds that a process waits for the lock of another one: half of the hour that a capture may take in Airflow."""
POLL_S = 1.0
"""Seconds between two attempts to take a lock that another process holds. A plain choice."""
MAX_BYTES = 4_096
"""Bytes of a lock file that are read; the name of a process takes about a hundred."""

Check = Callable[[], None]
"""Raises BusyError when a lease was taken over while its holder slept. A lock held by flock cannot be lost."""


@dataclass(frozen=True, slots=True)
class LockHolder:
    """The process that holds a lock: its host, its id, and when it took the lock."""

    host: str
    pid: int
    since: str

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}, since {self.since}"


@contextlib.contextmanager
def exclusive_lock(lake: Lake, path: str, *, what: str) -> Iterator[Check]:
    """Hold the lock at `path`, a hidden file of the lake, and give a function that checks it; `what` names the work in errors.

    Raises LockedError, which names the holder, when another process has the lock; StorageError.
    """
    me = LockHolder(socket.gethostname(), os.getpid(), datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    if lake.is_local:
        with _flocked(Path(lake.root, path), me, what):
            yield _never_lost
        return
    with _leased(lake, path, me, what) as check:
        yield check


@contextlib.contextmanager
def lock_in_turn(lake: Lake, path: str, *, what: str) -> Iterator[Check]:
    """As `exclusive_lock`, but waits while another process holds the lock, for work whose result the waiting process then reuses.

    Raises BusyError, which names the holder, when the lock is not free after `PATIENCE_S`; StorageError.
    """
    until = time.monotonic() + PATIENCE_S
    with contextlib.ExitStack() as stack:
        is_told = False
        while True:
            try:
                check = stack.enter_context(exclusive_lock(lake, path, what=what))
                break
            except LockedError as error:
                if time.monotonic() >= until:
                    raise BusyError(f"{error}; it did not end within {PATIENCE_S / 60:.0f} minutes") from error
                if not is_told:
                    log.info("%s; this process waits for it", error)
                    is_told = True
                time.sleep(POLL_S)
        yield check


def remove_stale_lock(lake: Lake, path: str) -> None:
    """Remove the lock file of a process that was killed after its work was done; leaves a file that is locked, and object stores."""
    if lake.is_local and Path(lake.root, path).exists():
        with contextlib.suppress(LockedError), exclusive_lock(lake, path, what="it"):
            log.debug("%s: its holder died", path)


def _never_lost() -> None:
    """The check of a flock, which the kernel keeps until its process ends."""


@contextlib.contextmanager
def _flocked(path: Path, me: LockHolder, what: str) -> Iterator[None]:
    handle = _open_locked(path, what)
    try:
        os.ftruncate(handle, 0)
        os.pwrite(handle, _written(me), 0)
        yield
    finally:
        path.unlink(missing_ok=True)  # while it is locked, so that no other process has a new file at the path
        os.close(handle)


def _open_locked(path: Path, what: str) -> int:
    """An open, locked handle of the file at `path`; opens it again when the previous holder removed it before it was locked."""
    while True:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise lake_error(str(path), error) from error
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
def _leased(lake: Lake, path: str, me: LockHolder, what: str) -> Iterator[Check]:
    key = uuid4().hex
    _take_lease(lake, path, me, key, what)
    done = threading.Event()

    def renew() -> None:
        while not done.wait(RENEW_S):
            try:
                if not _renewed(lake, path, me, key):
                    log.error("%s: another process has taken over; stop this one", what)
                    return
            except Exception:
                log.exception("%s: its lease could not be renewed", what)

    def check() -> None:
        if _lease(lake, path).key != key:
            raise BusyError(f"{what}: another process has taken over, because this one did not renew its lease")

    thread = threading.Thread(target=renew, name="lease", daemon=True)
    thread.start()
    try:
        yield check
    finally:
        done.set()
        thread.join()
        if _lease(lake, path).key == key:
            lake.delete(path)


@dataclass(frozen=True, slots=True)
class _Lease:
    """A stored lease: its holder, key, time of renewal and version in the store; None for each where no lease is stored."""

    holder: LockHolder | None = None
    key: str | None = None
    renewed: datetime | None = None
    version: str | None = None

    def is_void(self, *, now: datetime) -> bool:
        return self.renewed is None or now - self.renewed >= LEASE


def _take_lease(lake: Lake, path: str, me: LockHolder, key: str, what: str) -> None:
    lease = _lease(lake, path)
    if lease.renewed is not None and not lease.is_void(now=datetime.now(UTC)):
        hint = f"; if it was killed, try again after {(lease.renewed + LEASE).strftime('%H:%M:%S')} UTC"
        raise _locked(what, lease.holder, hint)
    is_written = lake.write_if_unchanged(path, _written(me, key), version=lease.version)
    if is_written:
        return
    if is_written is None:
        lake.write_bytes(path, _written(me, key))
        time.sleep(SETTLING_S)
    stored = _lease(lake, path)  # a write that was repeated because its answer was lost fails, and the lease is ours all the same
    if stored.key != key:
        raise _locked(what, stored.holder)


def _renewed(lake: Lake, path: str, me: LockHolder, key: str) -> bool:
    """Renew our lease; False when another process has taken over."""
    lease = _lease(lake, path)
    if lease.key != key:
        return False
    is_written = lake.write_if_unchanged(path, _written(me, key), version=lease.version)
    if is_written is None:
        lake.write_bytes(path, _written(me, key))
    return is_written is not False or _lease(lake, path).key == key


def _lease(lake: Lake, path: str) -> _Lease:
    version = None
    try:
        data, version = lake.read_version(path)
        stored = json.loads(data)
        return _Lease(_read(data), stored["key"], datetime.fromisoformat(stored["renewed"]), version)
    except FileNotFoundError:
        return _Lease()
    except (ValueError, KeyError, TypeError):
        return _Lease(version=version)


def _written(me: LockHolder, key: str | None = None) -> bytes:
    told = {"host": me.host, "pid": me.pid, "since": me.since}
    if key is None:
        return json.dumps(told).encode()
    return json.dumps({**told, "key": key, "renewed": datetime.now(UTC).isoformat()}).encode()


def _read(data: bytes) -> LockHolder | None:
    try:
        stored = json.loads(data)
        return LockHolder(str(stored["host"]), int(stored["pid"]), str(stored["since"]))
    except (ValueError, KeyError, TypeError):
        return None


def _locked(what: str, holder: LockHolder | None, hint: str = "") -> LockedError:
    who = holder or "another process"
    return LockedError(f"{what} is running ({who}): wait until it ends, or stop it and repeat the command, which continues it{hint}")
