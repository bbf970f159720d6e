"""Checked rows of an import, sorted by person into Parquet files that each hold whole shards.

A file is what one worker stores in one transaction, so its size bounds memory and time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from math import ceil
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from ml.data.disk_base import DiskBase, quoted
from uiengine.behaviour.shards import shard_ranges


class PartFiles(NamedTuple):
    """shards: whose people; rows: of the files, about; files: by what is in them."""

    shards: range
    rows: int
    files: dict[str, Path]


SHARD = "CAST('0x' || substr(sha256({key}), 1, 2) AS INTEGER)"
"""SQL of `uiengine.behaviour.shards.shard_of`."""


def keyed_people(
    base: DiskBase, table: str, name: str, keys: Mapping[str, str], prefix: str
) -> None:
    """Makes the table `people` (name, key, shard) of those that are named in a table.

    name: the column with the names. keys: of some of them; those of others begin with `prefix`.
    """
    base.execute("CREATE TABLE told (name VARCHAR, key VARCHAR)")
    base.insert("told", keys.items())
    key = f"coalesce(told.key, {quoted(prefix)} || n.name)"
    base.execute(
        f"CREATE TABLE people AS SELECT n.name, {key} AS key, {SHARD.format(key=key)} AS shard "
        f"FROM (SELECT DISTINCT {name} AS name FROM {table}) n LEFT JOIN told USING (name)"
    )
    base.execute("DROP TABLE told")


def parts_cut(base: DiskBase, rows: int, rows_a_part: int) -> list[range]:
    """Makes the table `cuts` (part, first, last) for so many rows; returns the ranges of shards."""
    ranges = shard_ranges(ceil(rows / rows_a_part))
    base.execute("CREATE TABLE cuts (part INTEGER, first INTEGER, last INTEGER)")
    base.insert("cuts", [(n, part.start, part.stop - 1) for n, part in enumerate(ranges)])
    return ranges


def parts_write(base: DiskBase, query: str, folder: Path, name: str) -> dict[int, tuple[Path, int]]:
    """Writes the rows of a query into a file per part; returns path and number of rows by part.

    query: its first column is `part`, and it is sorted by that first.
    """
    written: dict[int, tuple[Path, int]] = {}
    with ExitStack() as last:
        writer: pa.parquet.ParquetWriter | None = None
        for table in base.tables(query):
            for part, rows in _by_part(table):
                if part not in written:
                    assert not written or part > max(written), "rows came out of order"
                    last.close()
                    written[part] = folder / f"{name}-{part:03}.parquet", 0
                    writer = last.enter_context(
                        pa.parquet.ParquetWriter(written[part][0], rows.schema)
                    )
                assert writer is not None
                writer.write_table(rows)
                path, before = written[part]
                written[part] = path, before + len(rows)
    return written


def _by_part(table: pa.Table) -> Iterator[tuple[int, pa.Table]]:
    for part in pc.unique(table["part"]).to_pylist():
        yield part, table.filter(pc.equal(table["part"], part)).drop_columns(["part"])


def rows_read(path: Path) -> list[tuple[Any, ...]]:
    """The rows of a file, in order."""
    columns = [column.to_pylist() for column in pa.parquet.read_table(path).columns]
    return list(zip(*columns, strict=True))


def records_read(path: Path) -> list[dict[str, Any]]:
    """The rows of a file by name of column."""
    rows: list[dict[str, Any]] = pa.parquet.read_table(path).to_pylist()
    return rows


def joined(ranges: Sequence[range], **written: Mapping[int, tuple[Path, int]]) -> list[PartFiles]:
    """The parts with their files, by what `written` calls them; without parts of no file."""
    found = []
    for number, shards in enumerate(ranges):
        files = {name: of[number][0] for name, of in written.items() if number in of}
        rows = sum(of[number][1] for of in written.values() if number in of)
        if files:
            found.append(PartFiles(shards, rows, files))
    return found
