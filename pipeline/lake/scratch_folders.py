"""Local folders for files under way. A killed process leaves its folder behind; the next process that makes one removes it."""

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
"""The file in each folder that its process holds locked (flock): the kernel frees the lock of a process that dies, however it dies."""


@contextlib.contextmanager
def scratch_folder(work: str) -> Iterator[Path]:
    """A new folder in the system's folder for temporary files, named after `work`; it is gone afterwards. Raises OSError."""
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
        if os.fstat(handle).st_nlink:  # else another process took it for one that was left, before it was locked
            return folder, handle
        os.close(handle)


def _sweep_left_folders() -> None:
    """Remove the folders whose lock nobody holds; those of living processes stay."""
    for lock in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/{LOCK}"):
        with contextlib.suppress(OSError), lock.open("rb+") as file:  # another user's, or gone meanwhile
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(lock.parent, ignore_errors=True)
