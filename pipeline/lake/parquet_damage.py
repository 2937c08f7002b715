"""Says why a Parquet file is damaged, and turns errors of Arrow and of file systems into errors of the pipeline. Pure."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.core.errors import ConfigError, SchemaError, StorageError
from pipeline.text.counts import counted

REMEDIES = {
    **dict.fromkeys(("articles", "explain", "stories"), "news publish"),
    **dict.fromkeys(("extracted", "ledger"), "news extract"),
}
"""For each folder of Parquet files: the command that builds its files again."""


def damage_of(data: bytes, *, path: str) -> str | None:
    """Why the Parquet file with the content `data` cannot be read, as a sentence that names `path`; None when all of it can.

    A changed byte inside a value may go unnoticed, because the files have no checksums.
    """
    try:
        with pq.ParquetFile(pa.BufferReader(data)) as parquet:
            parquet.read(use_threads=False).validate(full=True)
    except (pa.ArrowException, OSError, ValueError) as error:
        remedy = REMEDIES.get(path.partition("/")[0])
        hint = f" ({remedy} builds it again)" if remedy else ""
        return f"{path} is damaged ({counted(len(data), 'byte')}): {' '.join(str(error).split())}{hint}"
    return None


@contextlib.contextmanager
def storage_errors(path: str) -> Iterator[None]:
    """Turn errors about the file at `path` into SchemaError (no Parquet), and into those of `lake_error`."""
    try:
        yield
    except FileNotFoundError:
        raise
    except pa.ArrowInvalid as error:
        raise SchemaError(f"{path} cannot be read: {error}") from error
    except OSError as error:
        raise lake_error(path, error) from error


DENIED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
"""Errors of a file system that the same process gets again: no right, or mounted read-only."""


def lake_error(path: str, error: OSError) -> ConfigError | StorageError:
    """The error for `error` of the lake's file system at `path`: permanent where access is denied, else transient."""
    if error.errno in DENIED:
        return ConfigError(f"NEWS_LAKE: this user may not use {path}: {error.strerror}; `news doctor` examines the lake")
    return StorageError(f"the lake did not answer for {path}: {error}")
