"""Audits a policy: its effect on every slice of people, with an interval and a verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from ml.audit.by_book import BOOK, VISITS, add_book, book_metrics
from ml.audit.categories import NO_ATTRIBUTE, UNKNOWN, categorised
from ml.audit.coverage import add_behaviour
from ml.audit.goals import add_goals, described, goal_metrics, per_person
from ml.audit.put_away import DECLINED, SUGGESTED, with_people
from ml.audit.references import add_reference, since_metrics
from ml.audit.reliability import stored_power
from ml.audit.report import write_report
from ml.audit.rows import Progress, silent, sliced_rows
from ml.audit.site_facts import NO_FACTS, SiteFacts
from ml.audit.sizes import RESIZED
from ml.audit.slices import attach_attributes, is_enough
from ml.audit.strata import strata_of
from ml.audit.sums import on_grid
from ml.data.errors import BadValue, DataError
from ml.evaluation.metrics import METRICS, POINTED, Metric, user_sums, visit_values
from ml.evaluation.replay_file import Key, read_replay, used_blocks
from ml.evaluation.statistics import LEAST_SHOWN, MIN_USERS, overall_verdict
from uiengine.page.surface import Surface


def audit(
    replay: Path,
    visits: pd.DataFrame,
    people: pd.DataFrame,
    by: Sequence[str],
    *,
    champion: Path | None = None,
    anchor: Path | None = None,
    book: Path | None = None,
    previous: Sequence[Mapping[str, Any]] = (),
    surfaces: Mapping[str, Surface] | None = None,
    power: Mapping[str, Any] | None = None,
    site: SiteFacts = NO_FACTS,
    out: Path,
    version: str = "",
    serves: bool = False,
    simulated: bool = False,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Audits a replay; writes report.html and report.json into `out`, whose content it returns.

    book: a replay of the same visits by the page's book, judged beside it. previous: earlier looks,
    oldest first. Only visits after theirs count, unless a slice of MIN_USERS people would have
    fewer then. Each look spends its own share of the error. surfaces: page definitions of a live
    site; without them every page counts as one column. serves: whether the audited version serves
    now, which changes the page's advice. power: of `ml.audit.power`; None: the stored one.
    """
    references = _references(champion=champion, anchor=anchor, **{BOOK: book})
    used = used_blocks(visits)
    values, metrics = _values(replay, references, used, surfaces, site, progress)
    values, users, counted = _counted(values, metrics, previous, people, by, site)
    users, by, known, left_out = _sliced(users, by, site.is_chosen)
    rows = sliced_rows(strata_of(users, by, metrics), metrics, len(previous) + 1, progress)
    report = {
        "verdict": overall_verdict([(r["verdict"], r["users"]) for r in rows if _tells(r)]),
        "version": version or replay.stem,
        "look": len(previous) + 1,
        "counted": counted,
        "by": by,
        "serves": serves,
        "simulated": simulated,
        **_compared(references),
        "surfaces": _surfaces(values),
        "goals": described(site.goals),
        "churn": dict(site.churn),
        **_attributes(users, known, left_out, site.lent),
        "slices": rows,
    }
    write_report(report, previous, power or stored_power(), out)
    return report


def _compared(references: Mapping[str, Path]) -> dict[str, list[str]]:
    """references: versions that the audited one is compared with; beside: judged in its place."""
    beside = [name for name in references if name == BOOK]
    return {"references": [name for name in references if name != BOOK], "beside": beside}


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


def _references(**paths: Path | None) -> dict[str, Path]:
    """The replays that there are to compare with, by name."""
    return {name: path for name, path in paths.items() if path is not None}


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


def _counted(
    values: pd.DataFrame,
    metrics: Sequence[Metric],
    previous: Sequence[Mapping[str, Any]],
    people: pd.DataFrame,
    by: Sequence[str],
    site: SiteFacts,
) -> tuple[pd.DataFrame, pd.DataFrame, str]:
    """Returns the visits that this look counts, their people with attributes, and which they are.

    All visits, or those since the last look if these can judge every slice that all could.
    """

    def sums(some: pd.DataFrame) -> pd.DataFrame:
        once = user_sums(with_people(some, site.answers), metrics)
        return attach_attributes(per_person(once, site.goals), people, by)

    whole = sums(values)
    if not previous:
        return values, whole, "all visits"
    fresh = _since_last(values, previous)
    users = sums(fresh)
    if is_enough(users, whole, by):
        return fresh, users, "visits since the last look"
    return values, whole, "all visits"


def _values(
    replay: Path,
    references: Mapping[str, Path],
    used: Mapping[Key, tuple[str, ...]],
    surfaces: Mapping[str, Surface] | None,
    site: SiteFacts,
    progress: Progress,
) -> tuple[pd.DataFrame, tuple[Metric, ...]]:
    """Computes each visit's metric columns, with references joined, and the metrics to judge."""
    progress("reading the replay", 0, 1)
    metrics: tuple[Metric, ...] = METRICS
    values = visit_values(read_replay(replay, used), surfaces)
    if values["pointed"].any():
        metrics += POINTED
    if values["suggested"].any():
        metrics += SUGGESTED
    if values["resized"].any() or values["larger"].any():
        metrics += RESIZED
    for name, path in references.items():
        progress(f"reading the {name}", 0, 1)
        other = visit_values(read_replay(path, used), surfaces)
        if name == BOOK:
            values, metrics = add_book(values, other), metrics + book_metrics()
        else:
            values, metrics = add_reference(values, other, name), metrics + since_metrics(name)
    metrics += goal_metrics(described(site.goals)) + (DECLINED if site.answers else ())
    return _on_grid(add_goals(values, site.goals), metrics), metrics


def _on_grid(values: pd.DataFrame, metrics: Sequence[Metric]) -> pd.DataFrame:
    """Rounds what is summed, so that sums are the same in any order."""
    names = {n for m in metrics for n in (m.numerator, m.denominator) if n in values}
    return values.assign(**{name: on_grid(values[name].to_numpy()) for name in sorted(names)})


def _tells(row: Mapping[str, Any]) -> bool:
    """Returns True for gated rows, but for people without a value where hardly anybody has one."""
    is_lack = UNKNOWN in row["slice"].values()
    return bool(row["verdict"]) and not (is_lack and 0 < row["rest_users"] < MIN_USERS)


def _since_last(values: pd.DataFrame, previous: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Keeps the visits after those of earlier looks. Raises DataError where none is left."""
    last = {
        s["surface"]: datetime.fromisoformat(s["last"])
        for report in previous
        for s in report["surfaces"]
    }
    never = datetime.min.replace(tzinfo=UTC)
    when = zip(values["surface"], values["instant"], strict=True)
    fresh = values[[at > last.get(surface, never) for surface, at in when]]
    if fresh.empty:
        rule = "must be later than those of the previous audits; nothing new to look at"
        raise DataError([BadValue("replay", 0, "visits", str(max(last.values())), rule)])
    return fresh


def _surfaces(values: pd.DataFrame) -> list[dict[str, Any]]:
    found = []
    for surface, rows in values.groupby("surface", sort=True):
        users = int(rows["user"].nunique())
        share = float(rows["extra_seconds"].sum() / rows["default_seconds"].sum())
        saved = float(rows["saved_seconds"].mean())
        few = users < LEAST_SHOWN
        one = {
            "surface": str(surface),
            "users": users,
            "visits": len(rows),
            "first": rows["instant"].min().isoformat(),
            "last": rows["instant"].max().isoformat(),
            "seconds": None if few else share,
            "saved_seconds": None if few else saved,
        }
        if VISITS in rows:
            one["by_book"] = None if few else _share_by_book(rows)
        found.append(one)
    return found


def _share_by_book(rows: pd.DataFrame) -> float:
    """Extra seconds by book as a share of the default's, on the visits that the book replayed."""
    metric = book_metrics()[0]
    return float(rows[metric.numerator].sum() / rows[metric.denominator].sum())
