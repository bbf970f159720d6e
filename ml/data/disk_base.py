"""A temporary DuckDB database on disk, with bounded memory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
import pyarrow as pa

AT_ONCE = 20_000
"""Rows handed over between DuckDB and Python."""
MEMORY = "400MB"
"""DuckDB's own limit; past it, it sorts on disk."""


def quoted(text: str) -> str:
    """A string as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


class DiskBase:
    """A database in a folder that goes with it.

    inside: where the folder is made; None: where temporary files of this machine are.
    """

    def __init__(self, inside: Path | None = None) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="import-", dir=inside)
        self.home = Path(self._folder.name)
        self._connection = duckdb.connect(str(self.home / "rows.duckdb"))
        self.execute(f"SET memory_limit='{MEMORY}'")
        self.execute(f"SET temp_directory={quoted(str(self.home / 'spill'))}")
        self.execute("SET threads=2")
        self.execute("SET preserve_insertion_order=false")
        self.execute("SET enable_progress_bar=false")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: object, trace: TracebackType | None
    ) -> None:
        self.close()

    def release(self) -> None:
        """Gives back DuckDB's memory; files in `home` stay until the end."""
        self._connection.close()

    def close(self) -> None:
        self.release()
        self._folder.cleanup()

    def execute(self, query: str, values: Sequence[Any] = ()) -> duckdb.DuckDBPyConnection:
        return self._connection.execute(query, list(values))

    def one(self, query: str) -> int:
        """The number that a query gives."""
        found = self.execute(query).fetchone()
        return int(found[0]) if found else 0

    def rows(self, query: str) -> Iterator[tuple[Any, ...]]:
        """Rows of a query, a part at a time, on a cursor of their own."""
        found = self._connection.cursor().execute(query)
        return (row for part in iter(lambda: found.fetchmany(AT_ONCE), []) for row in part)

    def tables(self, query: str) -> Iterator[pa.Table]:
        """Rows of a query as tables of Arrow, a part at a time, on a cursor of their own.

        By `sql`: the reader of `execute` mixes up the order of rows (DuckDB 2.0.1).
        """
        batches = self._connection.cursor().sql(query).to_arrow_reader(AT_ONCE)
        return (pa.Table.from_batches([batch]) for batch in batches)

    def insert(self, table: str, rows: Iterable[Sequence[Any]]) -> None:
        """Adds rows, a part at a time."""
        part: list[Sequence[Any]] = []
        for row in rows:
            part.append(row)
            if len(part) == AT_ONCE:
                self._insert(table, part)
                part = []
        self._insert(table, part)

    def add(self, table: str, rows: pa.Table) -> None:
        """Adds a table of Arrow."""
        self._connection.register("part", rows)
        self._connection.execute(f"INSERT INTO {table} SELECT * FROM part")
        self._connection.unregister("part")

    def _insert(self, table: str, part: Sequence[Sequence[Any]]) -> None:
        """DuckDB takes a row a statement far slower than a table of Arrow."""
        if part:
            columns = zip(*part, strict=True)
            self.add(table, pa.table({f"c{number}": list(c) for number, c in enumerate(columns)}))
