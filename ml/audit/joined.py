"""The report of an audit from files of people's sums, each of other people, in any order.

Attributes are joined here, and nowhere before: the files have none. One file at a time is read
whole; of everybody, a few columns are in memory.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ml.audit.by_book import BOOK, VISITS, book_metrics
from ml.audit.categories import NO_ATTRIBUTE, UNKNOWN, categorised
from ml.audit.coverage import add_behaviour
from ml.audit.goals import described
from ml.audit.person_sums import ANSWERED, IS_NEW, OF_SOME, TIMES, last_seen, told_metrics
from ml.audit.reliability import stored_power
from ml.audit.report import write_report
from ml.audit.rows import Progress, silent, sliced_rows
from ml.audit.site_facts import SiteFacts
from ml.audit.slices import attach_attributes, is_enough
from ml.audit.strata import Strata, joined, strata_of
from ml.data.errors import BadValue, DataError
from ml.evaluation.metrics import Metric
from ml.evaluation.statistics import LEAST_SHOWN, MIN_USERS, overall_verdict

KEY = ["surface", "user"]
BEHAVIOUR = ("visits", "uses", "extra_seconds", "default_seconds", "saved_seconds")


@dataclass(frozen=True)
class Asked:
    """What an audit is asked for.

    by: attributes. references: names of what the version is compared with, as of
    `person_sums.references_of`. previous: earlier looks, oldest first: each look spends its own
    share of the error. serves: whether the version serves now, which changes the page's advice.
    power: of `ml.audit.power`; None: the stored one.
    """

    by: Sequence[str]
    references: Sequence[str]
    previous: Sequence[Mapping[str, Any]]
    site: SiteFacts
    version: str
    serves: bool
    simulated: bool
    power: Mapping[str, Any] | None = None


def report_of(
    files: Sequence[Path],
    people: pd.DataFrame,
    asked: Asked,
    out: Path,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Writes report.html and report.json into `out`; returns the content of the latter.

    files: Parquet of `person_sums`. people: with the attributes; see `slices.attach_attributes`.
    """
    rows = pd.concat([pd.read_parquet(file, columns=_few(asked)) for file in files])
    rows = rows.sort_values(KEY, ignore_index=True)
    metrics = told_metrics(rows[~rows[IS_NEW]], asked.references, asked.site)
    users, counted = _counted(rows, people, asked)
    surfaces = _surfaces(users)
    users, by, known, left_out = _sliced(users, asked.by, asked.site.is_chosen)
    strata = _strata(files, users, by, metrics)
    slices = sliced_rows(strata, metrics, len(asked.previous) + 1, progress)
    report = {
        "verdict": overall_verdict([(r["verdict"], r["users"]) for r in slices if _tells(r)]),
        "version": asked.version,
        "look": len(asked.previous) + 1,
        "counted": counted,
        "by": by,
        "serves": asked.serves,
        "simulated": asked.simulated,
        "references": [name for name in asked.references if name != BOOK],
        "beside": [name for name in asked.references if name == BOOK],
        "surfaces": surfaces,
        "drawn": _drawn(rows["user"].nunique(), asked.site.population),
        "goals": described(asked.site.goals),
        "churn": dict(asked.site.churn),
        **_attributes(users, known, left_out, asked.site.lent),
        "slices": slices,
    }
    write_report(report, asked.previous, asked.power or stored_power(), out)
    return report


def _drawn(people: int, population: int) -> dict[str, int]:
    """How many people of how many were walked; empty where it was everybody."""
    return {"people": people, "of": population} if people < population else {}


def _few(asked: Asked) -> list[str]:
    """The columns that are in memory of everybody."""
    some = [column for columns in OF_SOME.values() for column in columns]
    of_book = _by_book() if BOOK in asked.references else ()
    return [*KEY, IS_NEW, *TIMES, *BEHAVIOUR, *some, ANSWERED, *of_book]


def _by_book() -> tuple[str, ...]:
    return (VISITS, book_metrics()[0].numerator, book_metrics()[0].denominator)


def _counted(rows: pd.DataFrame, people: pd.DataFrame, asked: Asked) -> tuple[pd.DataFrame, str]:
    """Returns the people of this look with their attributes, and which visits it counts.

    All visits, or those since the last look if these can judge every slice that all could. Raises
    DataError where there is none since.
    """
    whole = attach_attributes(_of(rows, is_new=False), people, asked.by)
    if not asked.previous:
        return whole, "all visits"
    fresh = _of(rows, is_new=True)
    if fresh.empty:
        last = str(max((last_seen(asked.previous) or {}).values()))
        rule = "must be later than those of the previous audits; nothing new to look at"
        raise DataError([BadValue("replay", 0, "visits", last, rule)])
    users = attach_attributes(fresh, people, asked.by)
    if is_enough(users, whole, asked.by):
        return users, "visits since the last look"
    return whole, "all visits"


def _of(rows: pd.DataFrame, *, is_new: bool) -> pd.DataFrame:
    return rows[rows[IS_NEW] == is_new].reset_index(drop=True)


def _sliced(
    users: pd.DataFrame, by: Sequence[str], is_chosen: bool
) -> tuple[pd.DataFrame, list[str], list[dict[str, Any]], list[dict[str, Any]]]:
    """Users with attributes as categories, those to slice by, what is known, what is left out.

    Without any attribute, all are one unknown slice.
    """
    users, known, left_out = categorised(users, by, is_chosen=is_chosen)
    names = list(dict.fromkeys(one["attribute"] for one in known))
    if not names:
        return users.assign(**{NO_ATTRIBUTE: UNKNOWN}), [NO_ATTRIBUTE], known, left_out
    return users, names, known, left_out


def _strata(
    files: Sequence[Path], users: pd.DataFrame, by: Sequence[str], metrics: Sequence[Metric]
) -> Strata:
    """Adds up the files, one at a time."""
    columns = {c for m in metrics for c in (m.numerator, m.denominator, m.visits)}
    wanted, found = [*KEY, IS_NEW, *sorted(columns)], list[Strata]()
    mine = users[[*KEY, IS_NEW, *by]]
    for file in files:
        part = pd.read_parquet(file, columns=wanted).merge(mine, on=[*KEY, IS_NEW])
        found = [joined([*found, strata_of(part, by, metrics)])] if len(part) else found
    return found[0]


def _attributes(
    users: pd.DataFrame,
    known: Sequence[Mapping[str, Any]],
    left_out: list[dict[str, Any]],
    lent: Mapping[str, Mapping[str, int]],
) -> dict[str, list[dict[str, Any]]]:
    """attributes: those compared by; gone: those that nobody has any more, because their values
    were kept long enough; left_out: those that are no category."""
    there = {one["attribute"] for one in [*known, *left_out]}
    gone = [{"attribute": n, **of} for n, of in lent.items() if of["gone"] and n not in there]
    attributes = add_behaviour(users, known, lent)
    return {"attributes": attributes, "gone": gone, "left_out": left_out}


def _tells(row: Mapping[str, Any]) -> bool:
    """Returns True for gated rows, but for people without a value where hardly anybody has one."""
    is_lack = UNKNOWN in row["slice"].values()
    return bool(row["verdict"]) and not (is_lack and 0 < row["rest_users"] < MIN_USERS)


def _surfaces(people: pd.DataFrame) -> list[dict[str, Any]]:
    found = []
    for surface, rows in people.groupby("surface", sort=True):
        visits, few = int(rows["visits"].sum()), len(rows) < LEAST_SHOWN
        one = {
            "surface": str(surface),
            "users": len(rows),
            "visits": visits,
            "first": rows["first"].min().isoformat(),
            "last": rows["last"].max().isoformat(),
            "seconds": None if few else _share(rows, "extra_seconds", "default_seconds"),
            "saved_seconds": None if few else float(rows["saved_seconds"].sum()) / visits,
        }
        if VISITS in rows:
            one["by_book"] = None if few else _share(rows, *_by_book()[1:])
        found.append(one)
    return found


def _share(rows: pd.DataFrame, above: str, below: str) -> float:
    return float(rows[above].sum() / rows[below].sum())
