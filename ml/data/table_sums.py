"""`sums.Sums` of a table of visits, by column: a million visits take seconds."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from ml.data.sums import UNIT, Sums
from uiengine.behaviour.popularity import NEWCOMER_VISITS, PERIOD_DAYS

Ints = npt.NDArray[np.int64]
KEYS = ["surface", "day"]


def table_sums(table: pa.Table) -> Sums:
    """What `Sums.of` gives for the visits of a table of `shard_files.SCHEMA`.

    It holds all visits of its people, in any order.
    """
    if not len(table):
        return Sums()
    rows, visits = _visits(table)
    used = rows.groupby([*KEYS, "block"])
    return Sums(
        visits=_counter(visits.groupby(KEYS)["number"].count()),
        newcomers=_counter(visits.groupby(KEYS)["is_new"].sum()),
        people=_counter(visits.groupby(KEYS)["is_first"].sum()),
        shares=_counter(used["share"].sum()),
        newcomer_shares=_counter(rows[rows["is_new"]].groupby([*KEYS, "block"])["share"].sum()),
        uses=_counter(used["share"].count()),
    )


def _visits(table: pa.Table) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Returns a row per use with what it adds, and a row per visit, by surface, user and time."""
    coded, names = _coded(table)
    coded = coded.sort_values(["surface", "user", "when"], kind="stable", ignore_index=True)
    starts = _changes(coded, ["surface", "user", "when"])
    visit = np.cumsum(starts) - 1
    visits = coded[starts].reset_index(drop=True)
    visits["number"] = visits.groupby(["surface", "user"]).cumcount()
    visits["is_new"] = visits["number"] < NEWCOMER_VISITS
    period = visits["day"].to_numpy() // PERIOD_DAYS
    visits["is_first"] = _changes(visits, ["surface", "user"])
    visits.loc[1:, "is_first"] |= period[1:] > period[:-1]
    size = np.bincount(visit)
    share = np.array([0, *(round(UNIT / n) for n in range(1, size.max() + 1))], dtype=np.int64)
    coded["share"], coded["is_new"] = share[size][visit], visits["is_new"].to_numpy()[visit]
    coded["day"] = visits["day"].to_numpy()[visit]
    coded["block"] = names["block"][coded["block"]]
    for frame in (coded, visits):
        frame["surface"] = names["surface"][frame["surface"]]
    return coded, visits


def _coded(table: pa.Table) -> tuple[pd.DataFrame, dict[str, npt.NDArray[np.object_]]]:
    """Texts as numbers, and the texts: numbers sort faster."""
    columns: dict[str, Ints] = {
        "day": table["day"].to_numpy(),
        "when": table["when"].cast(pa.int64()).to_numpy(),
    }
    names = {}
    for name in ("surface", "user", "block"):
        of = table[name].combine_chunks().dictionary_encode()
        columns[name] = of.indices.to_numpy().astype(np.int64)
        names[name] = np.array(of.dictionary.to_pylist(), dtype=object)
    return pd.DataFrame(columns), names


def _changes(rows: pd.DataFrame, names: list[str]) -> npt.NDArray[np.bool_]:
    """Marks rows that differ from the one before."""
    found = np.ones(len(rows), dtype=bool)
    values = rows[names].to_numpy()
    found[1:] = (values[1:] != values[:-1]).any(axis=1)
    return found


def _counter(counts: pd.Series) -> Counter[Any]:
    return Counter(dict(zip(counts.index.tolist(), counts.astype(int).tolist(), strict=True)))
