"""The interface of a store of files, and the store in one of Arrow's file systems: a local disk above all."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Protocol

import pyarrow as pa
import pyarrow.fs as pafs

from pipeline.lake.replacements import replaced_file


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of the lake: its path, its size in bytes, and when it was written."""

    path: str
    size: int
    modified: datetime


class FileStore(Protocol):
    """Files by their path below the root of a lake. A missing file is a FileNotFoundError, a store that does not answer an OSError."""

    def file(self, path: str) -> StoredFile | None:
        """Size and time of the file at `path`; None when there is no such file."""
        ...

    def names(self, folder: str, *, first: str = "") -> Iterator[str]:
        """Names of files and folders directly below `folder`, those from `first` on in their order; none when there is no such folder."""
        ...

    def files(self, folder: str, *, first: str = "") -> Iterator[StoredFile]:
        """Every file below `folder` at any depth, by path; with `first` only those in or after the file or folder of that name."""
        ...

    def read_bytes(self, path: str) -> bytes:
        """The content of the file at `path`."""
        ...

    def open(self, path: str) -> AbstractContextManager[BinaryIO]:
        """A seekable binary file for reading."""
        ...

    def open_parquet(self, path: str) -> AbstractContextManager[pa.NativeFile]:
        """A file for Arrow's Parquet reader, which reads the end first and then some ranges."""
        ...

    def dataset_files(self, paths: Sequence[str]) -> tuple[pafs.FileSystem, list[str]] | None:
        """The file system and the paths for a scan by Arrow of all files at once; None where each is better read on its own."""
        ...

    def replacing(self, path: str) -> AbstractContextManager[BinaryIO]:
        """A file to write to, which replaces the one at `path` when the context ends without an error."""
        ...

    def delete(self, path: str) -> None:
        """Delete the file at `path`."""
        ...

    def read_version(self, path: str) -> tuple[bytes, str | None]:
        """The content of a file and its version for `write_if_unchanged`; None where the store has no versions."""
        ...

    def write_if_unchanged(self, path: str, data: bytes, *, version: str | None) -> bool | None:
        """Write `data` unless the file is no longer at `version` (None: unless there is a file); whether it was written.

        None, with nothing decided, where the store has no conditional writes.
        """
        ...


class ArrowStore:
    """A `FileStore` in a file system of Arrow below the folder `root`."""

    def __init__(self, filesystem: pafs.FileSystem, root: str) -> None:
        self._filesystem = filesystem
        self._root = root
        self._is_local = isinstance(filesystem, pafs.LocalFileSystem)

    def file(self, path: str) -> StoredFile | None:
        """Size and time of the file at `path`; None when there is no such file."""
        info = self._filesystem.get_file_info(self._full(path))
        return self._stored(info) if info.type == pafs.FileType.File else None

    def names(self, folder: str, *, first: str = "") -> Iterator[str]:
        """Names of files and folders directly below `folder`, sorted."""
        if self._is_local:  # Arrow also reads the size and time of each, which takes four times as long
            with contextlib.suppress(FileNotFoundError), os.scandir(self._full(folder)) as entries:
                yield from sorted(entry.name for entry in entries if entry.name >= first)
            return
        infos = self._filesystem.get_file_info(pafs.FileSelector(self._full(folder), allow_not_found=True))
        yield from sorted(info.base_name for info in infos if info.base_name >= first)

    def files(self, folder: str, *, first: str = "") -> Iterator[StoredFile]:
        """Every file below `folder` at any depth, sorted by path."""
        if first:
            for name in self.names(folder, first=first):
                yield from self.files(f"{folder}/{name}")
            return
        yield from sorted(self._local_files(folder) if self._is_local else self._listed(folder), key=lambda file: file.path)

    def read_bytes(self, path: str) -> bytes:
        """The content of the file at `path`."""
        with self._filesystem.open_input_stream(self._full(path), compression=None) as stream:
            return bytes(stream.read())

    @contextlib.contextmanager
    def open(self, path: str) -> Iterator[BinaryIO]:
        """A seekable binary file for reading."""
        with self._filesystem.open_input_file(self._full(path)) as file:
            yield file

    def open_parquet(self, path: str) -> AbstractContextManager[pa.NativeFile]:
        """A file for Arrow's Parquet reader."""
        return self._filesystem.open_input_file(self._full(path))  # type: ignore[no-any-return]  # pyarrow has no types

    def dataset_files(self, paths: Sequence[str]) -> tuple[pafs.FileSystem, list[str]] | None:
        """The file system and the paths in it."""
        return self._filesystem, [self._full(path) for path in paths]

    @contextlib.contextmanager
    def replacing(self, path: str) -> Iterator[BinaryIO]:
        """A file to write to, which replaces the one at `path`; in a store without renames everything is written, then uploaded."""
        full = self._full(path)
        if self._is_local:
            with replaced_file(Path(full)) as file:
                yield file
            return
        # Closing an upload makes it visible even after an error, so the upload begins when all octets are written.
        with tempfile.TemporaryFile(prefix="news-upload-") as whole:
            yield whole
            whole.seek(0)
            with self._filesystem.open_output_stream(full, compression=None) as stream:
                shutil.copyfileobj(whole, stream, 1 << 20)

    def delete(self, path: str) -> None:
        """Delete the file at `path`."""
        self._filesystem.delete_file(self._full(path))

    def read_version(self, path: str) -> tuple[bytes, str | None]:
        """The content of a file, without a version."""
        return self.read_bytes(path), None

    def write_if_unchanged(self, path: str, data: bytes, *, version: str | None) -> bool | None:
        """None: Arrow has no conditional writes."""
        del path, data, version
        return None

    def _listed(self, folder: str) -> Iterator[StoredFile]:
        infos = self._filesystem.get_file_info(pafs.FileSelector(self._full(folder), allow_not_found=True, recursive=True))
        yield from (self._stored(info) for info in infos if info.type == pafs.FileType.File)

    def _local_files(self, folder: str) -> Iterator[StoredFile]:
        """Every file below `folder` at any depth; a file that is deleted meanwhile is left out."""
        with contextlib.suppress(FileNotFoundError), os.scandir(self._full(folder)) as entries:
            for entry in entries:
                path = f"{folder}/{entry.name}" if folder else entry.name
                if entry.is_dir():
                    yield from self._local_files(path)
                    continue
                with contextlib.suppress(FileNotFoundError):
                    found = entry.stat()
                    yield StoredFile(path, found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))

    def _full(self, path: str) -> str:
        return f"{self._root}/{path}"

    def _stored(self, info: pafs.FileInfo) -> StoredFile:
        modified = info.mtime or datetime.fromtimestamp(0, UTC)
        return StoredFile(info.path.removeprefix(f"{self._root}/"), int(info.size or 0), modified.astimezone(UTC))
