"""A Parquet file of checked visits, written and read shard by shard (`uiengine.behaviour.shards`).

Each row group holds all visits of whole shards, by person and time. Readers look at one group at a
time, so memory does not grow with the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from ml.data.rows import visits_frame
from uiengine.behaviour.shards import shard_of

LEAST_ROWS = 50_000
"""Rows of a group, at least: small shards share one."""
SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("surface", "user", "at", "block")),
        ("uses", pa.int64()),
        ("when", pa.timestamp("us")),
        ("day", pa.int64()),
    ]
)


def shards_write(rows: Iterable[Sequence[Any]], path: Path) -> Iterator[pd.DataFrame]:
    """Writes rows as `rows.visits_frame` takes them; yields the checked visits of each row group.

    rows: by shard, then by person. The file is whole once the iterator is exhausted.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with pa.parquet.ParquetWriter(path, SCHEMA) as writer:
        for part in _parts(rows):
            frame = visits_frame(part)
            writer.write_table(pa.Table.from_pandas(frame, SCHEMA, preserve_index=False))
            yield frame


def _parts(rows: Iterable[Sequence[Any]]) -> Iterator[list[Sequence[Any]]]:
    """Cuts rows between shards, into lists of LEAST_ROWS or a little more."""
    part: list[Sequence[Any]] = []
    user, shard = "", -1
    for row in rows:
        if row[1] != user:
            user, before = row[1], shard
            shard = shard_of(user)
            if shard != before and len(part) >= LEAST_ROWS:
                yield part
                part = []
        part.append(row)
    if part:
        yield part


def shards_read(path: Path) -> Iterator[pd.DataFrame]:
    """Yields the visits of each row group, which are all those of their people."""
    with pa.parquet.ParquetFile(path) as file:
        for number in range(file.num_row_groups):
            frame: pd.DataFrame = file.read_row_group(number).to_pandas()
            yield frame
