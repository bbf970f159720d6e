"""Parquet files with times that DuckDB cannot hold, for which it would refuse the whole file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ml.events.files import ending

AT_ONCE = 50_000
"""Rows read and written at once."""
LARGEST = {"s": 9_200_000_000_000, "ms": 9_200_000_000_000_000, "us": 9_200_000_000_000_000_000}
"""By unit: the farthest from 1970, in both directions, that DuckDB holds; all of ns is nearer."""


def is_about_times(error: duckdb.Error) -> bool:
    """Returns True where DuckDB gave up over a time that it cannot hold."""
    return isinstance(error, duckdb.ConversionException) and "Timestamp" in str(error)


def without_impossible_times(files: Sequence[Path], folder: Path) -> list[Path]:
    """The files, those of Parquet written again into `folder` without such times.

    Their rows stay, so that they are counted as rows whose time cannot be read.
    """
    made = []
    for number, file in enumerate(files):
        if ending(file) != ".parquet":
            made.append(file)
            continue
        made.append(folder / f"times-{number}-{file.name}")
        with pq.ParquetFile(file) as source, pq.ParquetWriter(made[-1], source.schema_arrow) as to:
            for batch in source.iter_batches(batch_size=AT_ONCE):
                columns = [_possible(column) for column in batch.columns]
                to.write_batch(pa.record_batch(columns, schema=source.schema_arrow))
    return made


def _possible(column: pa.Array) -> pa.Array:
    """A column of times without those out of range; any other column as it is."""
    if not pa.types.is_timestamp(column.type) or column.type.unit not in LARGEST:
        return column
    most = LARGEST[column.type.unit]
    count = column.cast(pa.int64())
    fits = pc.and_(pc.less_equal(count, most), pc.greater_equal(count, -most))
    return pc.if_else(fits, column, pa.scalar(None, column.type))
