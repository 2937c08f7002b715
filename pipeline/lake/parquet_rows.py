"""Reads the rows of several Parquet files where a condition holds."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pyarrow as pa

from pipeline.lake.stores.arrow_store import FileStore

if TYPE_CHECKING:
    import pyarrow.dataset as ds

READ_THREADS = 8
"""Files of an object store that are read at the same time. A plain choice."""


def read_rows(
    store: FileStore, paths: Sequence[str], where: ds.Expression | None, schema: pa.Schema, *, columns: Sequence[str] | None = None
) -> pa.Table:
    """Rows of the files at `paths`, in this order, where `where` holds (None: all); a column that a file lacks is null."""
    import pyarrow.dataset as ds  # imports pandas, which processes that read no rows do not need

    wanted = None if columns is None else list(columns)
    scanned = store.dataset_files(paths)
    if scanned is not None:
        filesystem, full = scanned
        return ds.dataset(full, schema=schema, format="parquet", filesystem=filesystem).to_table(filter=where, columns=wanted)

    def read(path: str) -> pa.Table:
        with store.open_parquet(path) as file:
            return ds.ParquetFileFormat().make_fragment(file).to_table(schema=schema, filter=where, columns=wanted)

    with ThreadPoolExecutor(READ_THREADS) as threads:  # each mostly waits for the store
        return pa.concat_tables(threads.map(read, paths))
