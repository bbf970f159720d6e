"""A Parquet file of checked visits, written and read shard by shard (`uiengine.behaviour.shards`).

Each row group holds all visits of whole shards, by person and time. Readers look at one group at a
time, so memory does not grow with the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from ml.data.rows import visits_frame
from uiengine.behaviour.shards import SHARDS, shard_of

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


def shards_write(tables: Iterable[pa.Table], path: Path) -> Iterator[pa.Table]:
    """Writes tables of whole shards as SCHEMA; yields what became a row group.

    The file is whole once the iterator is exhausted.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with pa.parquet.ParquetWriter(path, SCHEMA) as writer:
        for table in tables:
            for group in _groups(table):
                writer.write_table(group)
                yield group


def checked_tables(rows: Iterable[Sequence[Any]]) -> Iterator[pa.Table]:
    """Converts rows as `rows.visits_frame` takes them, by shard, then by person."""
    for part in _parts(rows):
        yield pa.Table.from_pandas(visits_frame(part), SCHEMA, preserve_index=False)


def visits_by_user(table: pa.Table) -> dict[str, tuple[int, int]]:
    """Returns the number of each user's visits, and the time of the last one in µs since 1970."""
    visits = table.select(["user", "when"]).group_by(["user", "when"]).aggregate([])
    each = visits.group_by("user").aggregate([("when", "count"), ("when", "max")])
    last = each["when_max"].cast(pa.int64())
    columns = (each["when_count"].to_pylist(), last.to_pylist())
    return dict(zip(each["user"].to_pylist(), zip(*columns, strict=True), strict=True))


def of_users(table: pa.Table, is_wanted: Callable[[str], bool]) -> pa.Table:
    """Keeps the rows of users who are wanted."""
    coded = table["user"].combine_chunks().dictionary_encode()
    wanted = np.array([is_wanted(user) for user in coded.dictionary.to_pylist()], dtype=bool)
    return table.filter(pa.array(wanted[coded.indices.to_numpy()]))


def row_shards(users: pa.ChunkedArray) -> Any:
    """Returns the shard of each row's user, as an array of numpy."""
    coded = users.combine_chunks().dictionary_encode()
    shards = np.array([shard_of(user) for user in coded.dictionary.to_pylist()], dtype=np.int16)
    return shards[coded.indices.to_numpy()]


def _groups(table: pa.Table) -> Iterator[pa.Table]:
    """Cuts a table between shards, into LEAST_ROWS rows or more; the last group may have fewer."""
    shards = row_shards(table["user"])
    starts = np.flatnonzero(np.diff(shards)) + 1
    cuts = [0]
    for start in starts.tolist():
        if start - cuts[-1] >= LEAST_ROWS:
            cuts.append(start)
    for start, end in pairwise([*cuts, len(table)]):
        if end > start:
            yield table.slice(start, end - start)


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


def shards_read(path: Path, shards: range = range(SHARDS)) -> Iterator[pd.DataFrame]:
    """Yields the visits of each row group, which are all those of their people.

    shards: only of people in these.
    """
    with pa.parquet.ParquetFile(path) as file:
        for number in range(file.num_row_groups):
            table = file.read_row_group(number)
            if len(shards) < SHARDS:
                of = row_shards(table["user"])
                table = table.filter(pa.array((of >= shards.start) & (of < shards.stop)))
            if len(table):
                frame: pd.DataFrame = table.to_pandas()
                yield frame


@dataclass(frozen=True)
class VisitFiles:
    """Visits of people in files: an iteration reads them again, a row group at a time.

    Each frame holds all visits of its people, in the order of the files; len: how many frames.
    """

    paths: Sequence[Path]

    def __len__(self) -> int:
        return sum(pyarrow.parquet.read_metadata(path).num_row_groups for path in self.paths)

    def __iter__(self) -> Iterator[pd.DataFrame]:
        for table in tables_read(self.paths):
            frame: pd.DataFrame = table.to_pandas()
            yield frame


def tables_read(paths: Iterable[Path]) -> Iterator[pa.Table]:
    """Yields the row groups of files."""
    for path in paths:
        with pa.parquet.ParquetFile(path) as file:
            yield from map(file.read_row_group, range(file.num_row_groups))


def users_kept(paths: Iterable[Path], is_wanted: Callable[[str], bool], into: Path) -> VisitFiles:
    """Writes the visits of the wanted users to the file `into`, in the order of the files."""
    into.parent.mkdir(parents=True, exist_ok=True)
    with pa.parquet.ParquetWriter(into, SCHEMA) as writer:
        for table in tables_read(paths):
            writer.write_table(of_users(table, is_wanted))
    return VisitFiles([into])


def users_read(paths: Iterable[Path], is_wanted: Callable[[str], bool]) -> pd.DataFrame:
    """Returns all visits of the wanted users, in the order of the files."""
    found = [pa.Table.from_pandas(visits_frame([]), SCHEMA, preserve_index=False)]
    found += [of_users(table, is_wanted) for table in tables_read(paths)]
    frame: pd.DataFrame = pa.concat_tables(found).to_pandas()
    return frame
