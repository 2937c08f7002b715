"""Replaces local files whole: a reader sees the old file or the new one, and a kill at any point leaves one of the two."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4


@contextlib.contextmanager
def replaced_file(target: Path) -> Iterator[BinaryIO]:
    """An open file to write to; when the context ends without an error, it is synced to disk and renamed to `target`. Raises OSError."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except FileNotFoundError as error:  # /proc and its like let nobody make a folder, and say so with this error
        raise NotADirectoryError(f"no folder can be made at {target.parent}") from error
    for left in target.parent.glob(f".{target.name}.*.tmp"):
        _remove_if_left(left)
    with _temporary(target) as file:
        yield file
        if file.tell():  # an empty file has no octets to sync
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).replace(target)
    _sync_folder(target.parent)


def file_in_the_way(folder: Path) -> Path | None:
    """What stands where `folder` or a folder above it should be and is no directory; None when nothing does."""
    last = next(place for place in (folder, *folder.parents) if place.exists())
    return None if last.is_dir() else last


@contextlib.contextmanager
def _temporary(target: Path) -> Iterator[BinaryIO]:
    """A new hidden file beside `target`, locked while its writer lives and removed after an error."""
    while True:
        file = target.with_name(f".{target.name}.{uuid4().hex}.tmp").open("wb")
        fcntl.flock(file, fcntl.LOCK_EX)
        if os.fstat(file.fileno()).st_nlink:  # otherwise another writer took it for a leftover and removed it before it was locked
            break
        file.close()
    with file:
        try:
            yield file
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise


def _remove_if_left(temporary: Path) -> None:
    """Remove the temporary file of a killed writer; one that is locked belongs to a running writer and stays."""
    with contextlib.suppress(FileNotFoundError, BlockingIOError), temporary.open("rb+") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        temporary.unlink()


def sweep_temporaries(folder: Path) -> int:
    """Remove the temporary files that killed writers left below `folder`, at any depth; returns their number."""
    left = list(folder.rglob(".*.tmp"))
    for temporary in left:
        _remove_if_left(temporary)
    return sum(not temporary.exists() for temporary in left)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
