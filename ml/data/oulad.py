"""Reads the official CSV folder of the Open University Learning Analytics data set (OULAD).

Kuzilek, Hlosta, Zdrahal 2017, CC BY 4.0. A course is a surface, the sections of its home page are
the blocks, and all clicks of a student on a day are one visit. Dates are offsets from a nominal
start: 1 February for presentations B, 1 October for J.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.data.errors import BadValue, DataError

START = {"B": "02-01", "J": "10-01"}
HOME = "homepage"
CHUNK_ROWS = 1_000_000
COLUMNS = {
    "studentVle.csv": (
        "code_module",
        "code_presentation",
        "id_student",
        "id_site",
        "date",
        "sum_click",
    ),
    "vle.csv": ("id_site", "code_module", "code_presentation", "activity_type"),
    "studentInfo.csv": (
        "code_module",
        "code_presentation",
        "id_student",
        "gender",
        "region",
        "highest_education",
        "imd_band",
        "age_band",
        "disability",
    ),
}
ATTRIBUTES = {
    "gender": "gender",
    "age_band": "age_band",
    "disability": "disability",
    "region": "region",
    "highest_education": "education",
    "imd_band": "imd_band",
}
PRESENTATION = r"(?:19|20)\d\d[BJ]"


def read(
    folder: Path, surfaces: Collection[str] | None = None
) -> tuple[pd.DataFrame, pd.DataFrame, list[BadValue]]:
    """Returns visits, people and refused values; bad rows are left out of both frames."""
    _need_files(folder)
    problems: list[BadValue] = []
    sections = _sections(folder, problems)
    parts = [
        _clicks(chunk, sections, problems, surfaces)
        for chunk in _chunks(folder / "studentVle.csv", problems)
    ]
    rows = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    if rows.empty:
        wanted = ", ".join(sorted(surfaces)) if surfaces else "any"
        rule = "must have good rows in studentVle.csv"
        problems.append(BadValue("studentVle.csv", 0, "code_module", wanted, rule))
        raise DataError(problems)
    key = ["surface", "user", "at", "block"]
    visits = rows.groupby(key, sort=True, as_index=False)[["uses"]].sum()
    return visits, _people(folder, problems), problems


def _need_files(folder: Path) -> None:
    missing = [name for name in COLUMNS if not (folder / name).is_file()]
    if missing:
        rule = f"must be the folder with {', '.join(COLUMNS)}; missing: {', '.join(missing)}"
        raise DataError([BadValue(str(folder), 0, "path", str(folder), rule)])


def _chunks(path: Path, problems: list[BadValue]) -> Iterable[pd.DataFrame]:
    """Yields the file in chunks of text columns, with `row`, the 1-based data row."""
    first = 1
    try:
        with pd.read_csv(path, dtype=str, keep_default_na=False, chunksize=CHUNK_ROWS) as chunks:
            for chunk in chunks:
                _need_columns(chunk, path.name, problems)
                yield chunk.assign(row=np.arange(first, first + len(chunk)))
                first += len(chunk)
    except (ValueError, OSError) as error:
        if isinstance(error, DataError):
            raise
        unreadable = BadValue(path.name, first, "file", str(error).strip(), "must be readable CSV")
        raise DataError([*problems, unreadable]) from error


def _need_columns(chunk: pd.DataFrame, file: str, problems: list[BadValue]) -> None:
    needed = COLUMNS[file]
    missing = [c for c in needed if c not in chunk.columns]
    if missing:
        rule = f"columns {', '.join(needed)} are needed; missing: {', '.join(missing)}"
        have = ", ".join(chunk.columns)
        raise DataError([*problems, BadValue(file, 0, "columns", have, rule)])


def _refuse(
    rows: pd.DataFrame,
    bad: npt.NDArray[np.bool_],
    field: str,
    rule: str,
    file: str,
    problems: list[BadValue],
) -> None:
    for row, value in zip(rows["row"][bad], rows[field][bad], strict=True):
        problems.append(BadValue(file, int(row), field, str(value), rule))


def _sections(folder: Path, problems: list[BadValue]) -> pd.Series:
    """Maps each site id to its section of the home page."""
    file = "vle.csv"
    rows = pd.concat(list(_chunks(folder / file, problems)), ignore_index=True)
    number = rows["id_site"].str.fullmatch(r"\d+").to_numpy(dtype=bool)
    named = rows["activity_type"].str.fullmatch(r"[A-Za-z][A-Za-z0-9_]*").to_numpy(dtype=bool)
    again = rows.duplicated("id_site").to_numpy()
    _refuse(rows, ~number, "id_site", "must be a whole number", file, problems)
    _refuse(rows, ~named, "activity_type", "must be a word", file, problems)
    _refuse(rows, again, "id_site", "must occur once", file, problems)
    good = rows[number & named & ~again]
    sections: pd.Series = good.set_index("id_site")["activity_type"]
    return sections


def _clicks(
    rows: pd.DataFrame,
    sections: pd.Series,
    problems: list[BadValue],
    surfaces: Collection[str] | None,
) -> pd.DataFrame:
    if surfaces is not None:
        rows = rows[rows["code_module"].isin(list(surfaces))]
    file, good = "studentVle.csv", np.ones(len(rows), dtype=bool)
    rules = (
        ("code_module", r"[A-Za-z0-9_-]+", "must be a course code"),
        ("code_presentation", PRESENTATION, "must be a year and B or J, such as 2013J"),
        ("id_student", r"\d+", "must be a whole number"),
        ("date", r"-?\d{1,3}", "must be a number of days from the start of the course"),
        ("sum_click", r"[1-9]\d{0,8}", "must be a whole number ≥ 1"),
    )
    for field, pattern, rule in rules:
        fits = rows[field].str.fullmatch(pattern).to_numpy(dtype=bool)
        _refuse(rows, ~fits, field, rule, file, problems)
        good &= fits
    known = rows["id_site"].isin(sections.index).to_numpy()
    _refuse(rows, ~known, "id_site", "must occur in vle.csv", file, problems)
    rows = rows[good & known]
    block = rows["id_site"].map(sections)
    rows, block = rows[block != HOME], block[block != HOME]
    visits = pd.DataFrame(
        {
            "surface": rows["code_module"],
            "user": rows["id_student"] + "-" + rows["code_presentation"],
            "at": _dates(rows),
            "block": block,
            "uses": rows["sum_click"].astype("int64"),
        }
    )
    key = ["surface", "user", "at", "block"]
    return visits.groupby(key, sort=False, as_index=False)[["uses"]].sum()


def _dates(rows: pd.DataFrame) -> pd.Series:
    begins = {p: f"{p[:4]}-{START[p[4]]}" for p in rows["code_presentation"].unique()}
    start = pd.to_datetime(rows["code_presentation"].map(begins))
    days = pd.to_timedelta(rows["date"].astype("int64"), unit="D")
    return (start + days).dt.strftime("%Y-%m-%d")


def _people(folder: Path, problems: list[BadValue]) -> pd.DataFrame:
    """Reads one row per student and course; '?' becomes '' (unknown), '10-20' becomes '10-20%'."""
    file = "studentInfo.csv"
    rows = pd.concat(list(_chunks(folder / file, problems)), ignore_index=True)
    dated = rows["code_presentation"].str.fullmatch(PRESENTATION).to_numpy(dtype=bool)
    number = rows["id_student"].str.fullmatch(r"\d+").to_numpy(dtype=bool)
    key = ["code_module", "code_presentation", "id_student"]
    again = rows.duplicated(key).to_numpy()
    shape = "must be a year and B or J, such as 2013J"
    _refuse(rows, ~dated, "code_presentation", shape, file, problems)
    _refuse(rows, ~number, "id_student", "must be a whole number", file, problems)
    _refuse(rows, again, "id_student", "must occur once per presentation", file, problems)
    rows = rows[dated & number & ~again].reset_index(drop=True)
    people = pd.DataFrame(
        {
            "user": rows["id_student"] + "-" + rows["code_presentation"],
            "surface": rows["code_module"],
        }
    )
    for theirs, ours in ATTRIBUTES.items():
        people[ours] = rows[theirs].str.strip().replace("?", "")
    bare = people["imd_band"].str.fullmatch(r"\d+-\d+")
    people.loc[bare, "imd_band"] += "%"
    return people
