"""Visits as a database packs them, a row per person, unpacked into checked columns.

What `tables.check_visits` does row by row is done here by column: the database has checked types.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from ml.data.shard_files import SCHEMA
from ml.data.tables import MOST_USES


class PackedPerson(NamedTuple):
    """A person's used blocks, by time. lines: NUMBERS as CSV. rows: how many lines."""

    user: str
    rows: int
    lines: str


NUMBERS = ("microseconds", "day", "block", "uses")
"""microseconds: since 1970, UTC. block: its place among the blocks, from 0."""


def unpacked(surface: str, blocks: Sequence[str], people: Sequence[PackedPerson]) -> pa.Table:
    """Returns the people's visits as `shard_files.SCHEMA`, in the same order.

    As in `rows.visits_frame`: of a block that occurs twice in one person's visits of one moment the
    first row is taken, and their last row says the day.
    """
    if not people:
        return SCHEMA.empty_table()
    rows = _numbers(people)
    rows["day"] = rows.groupby(["person", "microseconds"], sort=False)["day"].transform("last")
    rows = rows[rows["uses"] <= MOST_USES]
    rows = rows[~rows.duplicated(["person", "microseconds", "block"])]
    when = pa.array(rows["microseconds"]).cast(pa.timestamp("us"))
    columns = [
        pa.repeat(pa.scalar(surface, pa.string()), len(rows)),
        _named([person.user for person in people], rows["person"]),
        _iso(when),
        _named(blocks, rows["block"]),
        pa.array(rows["uses"]),
        when,
        pa.array(rows["day"]),
    ]
    return pa.Table.from_arrays(columns, schema=SCHEMA)


def _numbers(people: Sequence[PackedPerson]) -> pd.DataFrame:
    """NUMBERS of all lines, and whose they are: `person`, a place among the people."""
    lines = "\n".join(person.lines for person in people)
    table = pyarrow.csv.read_csv(
        BytesIO(lines.encode()),
        pyarrow.csv.ReadOptions(use_threads=False, column_names=list(NUMBERS)),
        convert_options=pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(NUMBERS, pa.int64())),
    )
    columns = {name: table[name].to_numpy() for name in NUMBERS}
    counts = [person.rows for person in people]
    return pd.DataFrame({"person": np.repeat(np.arange(len(people)), counts), **columns})


def _named(names: Sequence[str], places: Any) -> pa.Array:
    return pa.array(names, pa.string()).take(pa.array(places))


def _iso(when: pa.Array) -> pa.Array:
    """Texts as of Python's `isoformat`, which leaves out a fraction of 0."""
    whole = when.cast(pa.timestamp("s"), safe=False)
    is_whole = pc.equal(whole.cast(pa.timestamp("us")), when)
    texts = pc.if_else(is_whole, whole.cast(pa.string()), when.cast(pa.string()))
    return pc.binary_join_element_wise(pc.replace_substring(texts, " ", "T"), "+00:00", "")
