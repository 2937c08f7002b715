"""Local folders for files that are being written. The folder of a killed process is removed by the next process that makes one."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

PREFIX = "news-"
LOCK = ".lock"
"""The file in each folder that the process keeps locked (flock). The kernel frees the lock however the process ends."""


@contextlib.contextmanager
def scratch_folder(work: str) -> Iterator[Path]:
    """A new folder in the system's folder for temporary files, named after `work` and removed when the context ends. Raises OSError."""
    _sweep_left_folders()
    folder, handle = _locked_folder(work)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


def _locked_folder(work: str) -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{work}-"))
        handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(handle, fcntl.LOCK_EX)
        if os.fstat(handle).st_nlink:  # otherwise another process took it for a leftover and removed it before it was locked
            return folder, handle
        os.close(handle)


def _sweep_left_folders() -> None:
    """Remove the folders whose lock no process holds."""
    for lock in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/{LOCK}"):
        with contextlib.suppress(OSError), lock.open("rb+") as file:  # of another user, or removed in the meantime
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(lock.parent, ignore_errors=True)
