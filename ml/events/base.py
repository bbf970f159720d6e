"""The temporary DuckDB database of one import: on disk, with bounded memory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow

from ml.events.files import quoted
from ml.events.formats import MACROS

AT_ONCE = 20_000
"""Rows handed over between DuckDB and Python."""
MEMORY = "400MB"
"""DuckDB's own limit; past it, it sorts on disk."""


class Base:
    """A database in a folder that goes with it."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="events-")
        home = Path(self._folder.name)
        self.unpacked = home / "unpacked"
        self.unpacked.mkdir()
        self._connection = duckdb.connect(str(home / "events.duckdb"))
        self.execute(f"SET memory_limit='{MEMORY}'")
        self.execute(f"SET temp_directory={quoted(str(home / 'spill'))}")
        self.execute("SET threads=2")
        self.execute("SET preserve_insertion_order=false")
        self.execute("SET enable_progress_bar=false")
        self.execute(MACROS)

    def close(self) -> None:
        self._connection.close()
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

    def insert(self, table: str, rows: Iterable[Sequence[Any]]) -> None:
        """Adds rows, a part at a time."""
        part: list[Sequence[Any]] = []
        for row in rows:
            part.append(row)
            if len(part) == AT_ONCE:
                self._insert(table, part)
                part = []
        self._insert(table, part)

    def _insert(self, table: str, part: Sequence[Sequence[Any]]) -> None:
        """DuckDB takes a row a statement far slower than a table of Arrow."""
        if part:
            columns = zip(*part, strict=True)
            rows = pyarrow.table({f"c{number}": list(c) for number, c in enumerate(columns)})
            self._connection.register("part", rows)
            self._connection.execute(f"INSERT INTO {table} SELECT * FROM part")
            self._connection.unregister("part")
