"""Version churn as a section of the audit's page: what the version alone moves, by slice."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from ml.audit.words import slice_name
from ml.evaluation.statistics import LEAST_SHOWN, MIN_USERS

HEAD = ("people", "how many", "moved", "moved elsewhere", "resized")


def churned(report: Mapping[str, Any]) -> str:
    """Renders the section from `ml.audit.churn.churn_summary`; empty where nothing was counted."""
    found = report.get("churn") or {}
    if not found:
        return ""
    rows = [_row("everybody", found["people"], found)]
    rows += [_row(slice_name(row["slice"]), row["users"], row) for row in found["slices"]]
    head = "".join(f"<th scope=col>{name}</th>" for name in HEAD)
    kept = found["first_token"]["kept"]
    token = "" if kept is None else f" The first token keeps its number for {kept:.1%} of people."
    return (
        "<section><h2>What this version alone moves</h2><p>Blocks a person, for people who did "
        "nothing new: each one's page of now, decided under the champion and under this version."
        f"{token} The gate judges it, this audit does not; slices under {MIN_USERS} people have "
        f"no limit, those under {LEAST_SHOWN} show no figures.</p>"
        f'<div class="scroll" tabindex="0" role="region" aria-label="Version churn"><table>'
        f"<tr>{head}</tr>{''.join(rows)}</table></div></section>"
    )


def _row(name: str, people: int, row: Mapping[str, Any]) -> str:
    figures = (row["moved"], row["elsewhere"], row["resized"])
    cells = "".join(f"<td>{'-' if one is None else f'{one:.3g}'}</td>" for one in figures)
    return f"<tr><th scope=row>{escape(name)}</th><td>{people:,}</td>{cells}</tr>"
