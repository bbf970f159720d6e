"""Checks the visits of a file in one of `formats` some rows at a time, and keeps them on disk.

What `formats.read` says of a file is said of it here, in the same words; memory does not grow with
the file. People, a row each, are read whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from ml.data import formats
from ml.data.disk_base import DiskBase
from ml.data.errors import BadValue, DataError
from ml.data.part_files import PartFiles, joined, keyed_people, parts_cut, parts_write
from ml.data.tables import ONCE, days_cut, table_chunks
from uiengine.behaviour.shards import shard_of

CHUNK_ROWS = 200_000
"""Rows that are checked together."""
COLUMNS = pa.schema(
    [
        ("row", pa.int64()),
        *((name, pa.string()) for name in ("surface", "user")),
        ("ns", pa.int64()),
        ("day", pa.int64()),
        ("block", pa.string()),
        ("uses", pa.int64()),
    ]
)
"""row: in the file, from 1. ns: since 1970, UTC."""
Checked = tuple[pd.DataFrame, list[BadValue]]
"""Good rows, with `row`, and the bad values of the others."""


class StagedVisits(DiskBase):
    """problems: the bad values of rows that were left out. people: as `formats.Records`."""

    def __init__(self, inside: Path | None = None) -> None:
        super().__init__(inside)
        self.problems: list[BadValue] = []
        self.people: pd.DataFrame | None = None
        self._file = ""
        self.execute(
            "CREATE TABLE visits (row BIGINT, surface VARCHAR, user VARCHAR, ns BIGINT, "
            "day BIGINT, block VARCHAR, uses BIGINT)"
        )

    def read(
        self,
        path: Path | str,
        form: str = "visits",
        *,
        people: Path | str | None = None,
        surfaces: Collection[str] | None = None,
        blocks: Mapping[str, Collection[str]] | None = None,
        strict: bool = True,
        zones: Mapping[str, str],
        zone: str = "",
        until: datetime | None = None,
    ) -> None:
        """Reads and checks everything. Arguments and DataError are those of `formats.read`.

        zones, zone: as `tables.days_cut` takes them. until: UTC; later visits are bad. None: takes
        them too.
        """
        self._file = Path(path).name
        for visits, problems in self._checked(Path(path), form, surfaces):
            if until is not None:
                visits, late = _not_later(visits, until, self._file)
                if form != "visits":  # whose visits come from several rows of a file
                    late = [replace(problem, row=0) for problem in late]
                problems = sorted([*problems, *late], key=lambda p: (p.row, p.field))
            self.problems += problems
            self._keep(days_cut(visits, zones, zone))
        self._once()
        self.problems += self._unknown(blocks or {})
        if people is not None:
            self.people, found = formats.people_read(people)
            self.problems += found
        self.people = formats.of_surfaces(self.people, surfaces)
        if strict and self.problems:
            raise DataError(self.problems, can_skip=True)

    def blocks(self) -> dict[str, Counter[str]]:
        """By surface, the number of visits that used each block."""
        counts: dict[str, Counter[str]] = {}
        rows = self.rows(
            "SELECT surface, block, count(*) FROM visits GROUP BY ALL ORDER BY surface, block"
        )
        for surface, block, number in rows:
            counts.setdefault(surface, Counter())[block] = number
        return counts

    def last_day(self) -> int:
        """The day of the last visit; 0 without one."""
        return self.one("SELECT coalesce(max(day), 0) FROM visits")

    def has_any(self, users: Iterable[str]) -> bool:
        self.execute("CREATE OR REPLACE TABLE asked (name VARCHAR)")
        self.insert("asked", ((user,) for user in users))
        return self.one("SELECT count(*) FROM asked SEMI JOIN visits ON name = user") > 0

    def write(self, keys: Mapping[str, str], prefix: str, rows_a_part: int) -> list[PartFiles]:
        """Writes files `visits` (surface, key, ms, day, block, uses; sorted) and `people` (key,
        perhaps surface, attributes) for each part.

        keys: of subjects by user; those of others begin with `prefix`. The files go with the base.
        """
        keyed_people(self, "visits", "user", keys, prefix)
        ranges = parts_cut(self, self.one("SELECT count(*) FROM visits"), rows_a_part)
        visits = parts_write(
            self,
            "SELECT part, surface, key, ns // 1000000 AS ms, day, block, uses FROM visits "
            "JOIN people ON name = user JOIN cuts ON shard BETWEEN first AND last "
            "ORDER BY part, surface, key, ns, block",
            self.home,
            "visits",
        )
        return joined(ranges, visits=visits, people=self._people(ranges, keys, prefix))

    def _checked(
        self, path: Path, form: str, surfaces: Collection[str] | None
    ) -> Iterator[Checked]:
        if form == "visits":
            yield from _by_chunks(path, surfaces)
            return
        records = formats.format_named(form)(path, surfaces)
        self.people = records.people
        yield records.visits.assign(row=np.arange(len(records.visits))), list(records.problems)

    def _keep(self, visits: pd.DataFrame) -> None:
        ns = visits["when"].to_numpy().astype("datetime64[ns]").astype("int64")
        rows = visits.assign(ns=ns)[COLUMNS.names]
        self.add("visits", pa.Table.from_pandas(rows, COLUMNS, preserve_index=False))

    def _once(self) -> None:
        """Leaves out rows that repeat one of an earlier chunk."""
        self.execute(
            "CREATE TABLE again AS SELECT unnest(list_sort(list(row))[2:]) AS row, block "
            "FROM visits GROUP BY surface, user, ns, block HAVING count(*) > 1"
        )
        rows = self.rows("SELECT row, block FROM again")
        if again := [BadValue(self._file, row, "block", block, ONCE) for row, block in rows]:
            self.problems = sorted([*self.problems, *again], key=lambda p: (p.row, p.field))
            self.execute("DELETE FROM visits WHERE row IN (SELECT row FROM again)")

    def _unknown(self, blocks: Mapping[str, Collection[str]]) -> list[BadValue]:
        """Leaves out blocks that a known surface lacks, and reports each once."""
        used = self.blocks()
        odd = [
            (surface, block)
            for surface, known in blocks.items()
            for block in sorted(used.get(surface, {}).keys() - set(known))
        ]
        self.execute("CREATE TABLE odd (surface VARCHAR, block VARCHAR)")
        self.insert("odd", odd)
        self.execute(
            "DELETE FROM visits USING odd WHERE visits.surface = odd.surface "
            "AND visits.block = odd.block"
        )
        return [formats.unknown_block(self._file, *pair) for pair in odd]

    def _people(
        self, ranges: list[range], keys: Mapping[str, str], prefix: str
    ) -> dict[int, tuple[Path, int]]:
        if self.people is None:
            return {}
        users = self.people["user"]
        rows = self.people.drop(columns="user").assign(
            key=[keys.get(user, prefix + user) for user in users]
        )
        shards = np.array([shard_of(key) for key in rows["key"]], dtype=np.int16)
        written = {}
        for number, part in enumerate(ranges):
            mine = rows[(shards >= part.start) & (shards < part.stop)]
            if len(mine):
                path = self.home / f"people-{number:03}.parquet"
                pa.parquet.write_table(pa.Table.from_pandas(mine, preserve_index=False), path)
                written[number] = path, len(mine)
        return written


def _not_later(visits: pd.DataFrame, until: datetime, file: str) -> Checked:
    """Leaves out visits after a time of UTC, and reports them."""
    rule = f"must not lie in the future: visits are taken until {until:%Y-%m-%d %H:%M} UTC"
    is_late = visits["when"] > pd.Timestamp(until).tz_convert(None)
    late = visits.loc[is_late, ["row", "at"]].itertuples(index=False)
    return visits[~is_late], [BadValue(file, int(row), "at", at, rule) for row, at in late]


def _by_chunks(path: Path, surfaces: Collection[str] | None) -> Iterator[Checked]:
    """Checks a file of ours some rows at a time; a row that repeats another is found in a chunk."""
    start, is_met = 0, surfaces is None
    for table in table_chunks(path, CHUNK_ROWS):
        numbers = np.arange(start, start + len(table)) + 1
        start += len(table)
        if surfaces is not None and "surface" in table.columns:
            mine = table["surface"].isin(list(surfaces)).to_numpy()
            table, numbers = table[mine], numbers[mine]
            is_met = is_met or len(table) > 0
        visits, found = formats.usable_visits(table.reset_index(drop=True), path.name)
        good = np.delete(numbers, sorted({problem.row - 1 for problem in found}))
        placed = [replace(p, row=int(numbers[p.row - 1])) for p in found]
        yield visits.assign(row=good), sorted(placed, key=lambda p: (p.row, p.field))
    if surfaces is not None and not is_met:
        raise DataError([formats.no_surface(path.name, surfaces)])
