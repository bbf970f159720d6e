"""Of how many people an attribute is known, and how those without it differ in what they do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import pandas as pd

from ml.audit.categories import UNKNOWN
from ml.audit.words import written
from ml.evaluation.statistics import LEAST_SHOWN

Known = Mapping[str, Any]
_FIGURES = {
    "uses_a_visit": ("uses", "visits"),
    "seconds": ("extra_seconds", "default_seconds"),
}


def add_behaviour(
    users: pd.DataFrame, known: Sequence[Known], lent: Mapping[str, Mapping[str, int]]
) -> list[dict[str, Any]]:
    """Adds what people with and without each attribute do, None under LEAST_SHOWN people, and how
    long its values are kept.

    users: a row per person with the metrics' sums and the attributes' values; lent: see `audit`.
    """
    rows = []
    for one in known:
        here = users[users["surface"] == one["surface"]]
        lacks = here[one["attribute"]] == UNKNOWN
        sides = {"with": here[~lacks], "without": here[lacks]}
        few = any(len(side) < LEAST_SHOWN for side in sides.values())
        behaviour = None if few else {name: _behaviour(side) for name, side in sides.items()}
        kept = {"kept": dict(lent[one["attribute"]])} if one["attribute"] in lent else {}
        rows.append({**one, "behaviour": behaviour, **kept})
    return rows


def _behaviour(people: pd.DataFrame) -> dict[str, float | None]:
    found: dict[str, float | None] = {
        "visits_a_person": float(people["visits"].sum() / len(people))
    }
    for name, (above, below) in _FIGURES.items():
        total = float(people[below].sum())
        found[name] = float(people[above].sum()) / total if total else None
    return found


def coverage(report: Mapping[str, Any]) -> str:
    """Renders the section; empty for reports of earlier releases."""
    known, left_out = report.get("attributes", ()), report.get("left_out", ())
    items = [f"<li>{_sentence(one)}</li>" for one in known]
    items += [
        f"<li><b>{escape(one['attribute'])}</b> was left out: it {escape(one['why'])}.</li>"
        for one in left_out
    ]
    items += [f"<li>{_gone(one)}</li>" for one in report.get("gone", ())]
    if not items:
        return ""
    return (
        "<section><h2>Whose attributes are known</h2><p>An audit sees differences between people "
        "whose attributes are known. Those without are the slice “unknown”.</p>"
        f"<ul>{''.join(items)}</ul></section>"
    )


def compared(report: Mapping[str, Any]) -> str:
    """Says by what people were compared."""
    if not is_nobody_compared(report):
        return f"Compared by {', '.join(report['by'])} and their crossings of two"
    if left_out := [one["attribute"] for one in report.get("left_out", ())]:
        return f"Nobody was compared with anybody, because {', '.join(left_out)} cannot be used"
    return "Nobody was compared with anybody, because no attribute is known of any of them"


def is_nobody_compared(report: Mapping[str, Any]) -> bool:
    """Whether everybody is in the slice “unknown” of every attribute."""
    return all(set(row["slice"].values()) == {UNKNOWN} for row in report["slices"])


def _sentence(one: Known) -> str:
    have = one["users"] - one["unknown"]
    share = written(have / max(one["users"], 1), "share", sign=False)
    parts = [
        f"<b>{escape(one['attribute'])}</b> on {escape(one['surface'])}: known of {have:,} of "
        f"{one['users']:,} people ({share})."
    ]
    if one["unknown"]:
        parts.append(_differ(one["behaviour"]))
        texts = {text: people for text, people in one["unknown_written"].items() if text}
        if texts:
            told = ", ".join(f"“{escape(text)}” ({people:,})" for text, people in texts.items())
            parts.append(f"Counted as unknown: {told}.")
    if one["written_alike"]:
        told = "; ".join(
            f"{escape(value)} (also {', '.join(f'“{escape(text)}”' for text in others)})"
            for value, others in one["written_alike"].items()
        )
        parts.append(f"Written in several ways and taken as one: {told}.")
    if kept := one.get("kept"):
        went = f"; those of {kept['gone']:,} people have gone by that" if kept["gone"] else ""
        parts.append(f"Its values are kept {kept['days']:,} days{went}.")
    if one["rare_values"]:
        parts.append(
            f"{one['rare_values']:,} values of under {LEAST_SHOWN} people each are one slice."
        )
    return " ".join(parts)


def _gone(one: Known) -> str:
    return (
        f"<b>{escape(one['attribute'])}</b> is not compared: the values of {one['gone']:,} people "
        f"have gone, as they are kept {one['days']:,} days, and nobody has one now."
    )


def _differ(behaviour: Mapping[str, Mapping[str, float | None]] | None) -> str:
    if behaviour is None:
        return (
            f"Under {LEAST_SHOWN} people are without, or with it: nothing is said of what they do."
        )
    without, others = (_does(behaviour[side]) for side in ("without", "with"))
    return f"Those without: {without}; those with: {others}."


def _does(side: Mapping[str, float | None]) -> str:
    told = [f"{side['visits_a_person']:.1f} visits a person"]
    if side["uses_a_visit"] is not None:
        told.append(f"{side['uses_a_visit']:.1f} blocks used a visit")
    if side["seconds"] is not None:
        told.append(f"time against the default layout {written(side['seconds'], 'share')}")
    return ", ".join(told)
