"""The store that the URI of a lake names: a local directory, an S3 bucket, or another of Arrow's file systems."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.fs as pafs

from pipeline.core.errors import ConfigError
from pipeline.lake.replacements import file_in_the_way
from pipeline.lake.stores.arrow_store import ArrowStore, FileStore
from pipeline.text.urls import without_credentials


@dataclass(frozen=True, slots=True)
class OpenedStore:
    """A store, and where it lies for Arrow: its file system and the root of the lake in it."""

    store: FileStore
    filesystem: pafs.FileSystem
    root: str
    is_local: bool


def open_store(uri: str) -> OpenedStore:
    """The store at `uri`; sends no request where the region is known. Raises ConfigError, without credentials, when `uri` names no lake."""
    shown = without_credentials(uri)
    is_local = "://" not in uri or uri.startswith("file://")
    try:
        if is_local:
            root = str(Path(uri.removeprefix("file://")).absolute())
            filesystem: pafs.FileSystem = pafs.LocalFileSystem()
        else:
            filesystem, root = pafs.FileSystem.from_uri(uri)
    except (pa.ArrowException, ValueError, OSError) as error:
        reason = str(error).replace(uri, shown)
        fault = "cannot be opened" if uri.startswith("s3://") else "is neither a directory nor an s3:// URI"
        raise ConfigError(f"NEWS_LAKE: {shown!r} {fault}: {reason}") from None
    if is_local and (obstacle := file_in_the_way(Path(root))) is not None:
        place = "is a file" if str(obstacle) == root else f"lies below {str(obstacle)!r}, which is a file"
        raise ConfigError(f"NEWS_LAKE: {shown!r} {place}; a lake is a directory or an s3:// URI")
    if not root:
        raise ConfigError(f"NEWS_LAKE: {shown!r} names no bucket; write s3://bucket/prefix")
    return OpenedStore(_store(uri, filesystem, root), filesystem, root, is_local)


def _store(uri: str, filesystem: pafs.FileSystem, root: str) -> FileStore:
    if not uri.startswith("s3://"):
        return ArrowStore(filesystem, root)
    from pipeline.lake.stores.s3_store import S3Store  # needs boto3, which only lakes in S3 have to have

    return S3Store(uri, filesystem, root)
