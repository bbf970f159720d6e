"""What an audit keeps of each person: the sums of their visits' metrics, in one row.

Rows of different people are made apart from each other, in any groups: `ml.audit.stored` makes them
group by group, and `ml.audit.joined` makes a report of any number of files of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from ml.audit.by_book import BOOK, add_book, book_metrics
from ml.audit.goals import AuditedGoal, add_goals, described, goal_metrics, per_person
from ml.audit.put_away import DECLINED, SUGGESTED, with_people
from ml.audit.references import add_reference, since_metrics
from ml.audit.rows import Progress, silent
from ml.audit.site_facts import SiteFacts
from ml.audit.sizes import RESIZED
from ml.audit.sums import on_grid
from ml.evaluation.metrics import METRICS, POINTED, Metric, user_sums
from ml.evaluation.pricing import visit_values
from ml.evaluation.replay_file import Key, read_replay
from uiengine.page.surface import Surface

IS_NEW = "is_new"
"""Column: the row counts the visits since the last look alone. False: all visits."""
TIMES = ("first", "last")
"""Columns: instants of the first and the last visit that the row counts."""
OF_SOME = {POINTED: ("pointed",), SUGGESTED: ("suggested_people",), RESIZED: ("resized", "larger")}
"""Metrics that are told where anybody's column is above 0."""
ANSWERED = "answered"
"""As OF_SOME, of DECLINED."""


def last_seen(previous: Sequence[Mapping[str, Any]]) -> dict[str, datetime] | None:
    """Instant of the last visit that earlier looks counted, by surface; None without a look."""
    if not previous:
        return None
    return {
        s["surface"]: datetime.fromisoformat(s["last"])
        for report in previous
        for s in report["surfaces"]
    }


def person_sums(
    replays: Mapping[str, Path],
    used: Mapping[Key, tuple[str, ...]],
    surfaces: Mapping[str, Surface] | None,
    site: SiteFacts,
    since: Mapping[str, datetime] | None,
    progress: Progress = silent,
) -> pd.DataFrame:
    """Returns a row per surface and person, and where `since` is given another of later visits.

    replays: `subject`, and where they exist `champion`, `anchor` and `book`, each of all visits of
    its people. used: of `replay_file.used_blocks`.
    """
    progress("reading the replay", 0, 1)
    values = visit_values(read_replay(replays["subject"], used), surfaces)
    for name in references_of(replays):
        progress(f"reading the {name}", 0, 1)
        other = visit_values(read_replay(replays[name], used), surfaces)
        is_book = name == BOOK
        values = add_book(values, other) if is_book else add_reference(values, other, name)
    metrics = all_metrics(references_of(replays), site)
    values = _on_grid(add_goals(values, site.goals), metrics)
    parts = [_summed(values, metrics, site, is_new=False)]
    if since is not None and len(later := _later(values, since)):
        parts.append(_summed(later, metrics, site, is_new=True))
    return pd.concat(parts, ignore_index=True)


def references_of(replays: Mapping[str, object]) -> list[str]:
    """Names of what the audited version is compared with, in the report's order."""
    return [name for name in ("champion", "anchor", BOOK) if name in replays]


def all_metrics(references: Sequence[str], site: SiteFacts) -> tuple[Metric, ...]:
    """Every metric that a report may tell. site: its goals without events will do."""
    some = tuple(metric for metrics in OF_SOME for metric in metrics)
    return METRICS + some + _of_others(references, site.goals) + DECLINED


def told_metrics(
    people: pd.DataFrame, references: Sequence[str], site: SiteFacts
) -> tuple[Metric, ...]:
    """The metrics that a report tells, of `all_metrics`.

    people: rows of everybody with the columns of OF_SOME and ANSWERED.
    """
    some = tuple(
        metric
        for metrics, columns in OF_SOME.items()
        if any(people[column].any() for column in columns)
        for metric in metrics
    )
    answered = DECLINED if people[ANSWERED].any() else ()
    return METRICS + some + _of_others(references, site.goals) + answered


def _of_others(references: Sequence[str], goals: Sequence[AuditedGoal]) -> tuple[Metric, ...]:
    of = (book_metrics() if name == BOOK else since_metrics(name) for name in references)
    return sum(of, ()) + goal_metrics(described(goals))


def _on_grid(values: pd.DataFrame, metrics: Sequence[Metric]) -> pd.DataFrame:
    """Rounds what is summed, so that sums are the same in any order."""
    names = {n for m in metrics for n in (m.numerator, m.denominator) if n in values}
    return values.assign(**{name: on_grid(values[name].to_numpy()) for name in sorted(names)})


def _later(values: pd.DataFrame, since: Mapping[str, datetime]) -> pd.DataFrame:
    """Keeps the visits after those of earlier looks."""
    never = datetime.min.replace(tzinfo=UTC)
    when = zip(values["surface"], values["instant"], strict=True)
    return values[[at > since.get(surface, never) for surface, at in when]]


def _summed(
    values: pd.DataFrame, metrics: Sequence[Metric], site: SiteFacts, *, is_new: bool
) -> pd.DataFrame:
    sums = per_person(user_sums(with_people(values, site.answers), metrics), site.goals)
    instants = values.groupby(["surface", "user"], sort=True)["instant"]
    times = instants.agg(["min", "max"]).reset_index(drop=True).set_axis(TIMES, axis=1)
    return sums.join(times).assign(**{IS_NEW: is_new})
