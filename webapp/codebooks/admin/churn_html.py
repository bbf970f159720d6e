"""Version churn as a table: what the version alone moves, for everybody and by slice."""

from __future__ import annotations

from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString

from webapp.codebooks.admin.wide_table import wide_table
from webapp.codebooks.gate.churn import LEAST_PEOPLE, slice_name
from webapp.codebooks.models import GateReport

MEANING = (
    "Each person's page of now, decided under the champion and under this version: same profile, "
    "popularity and day, no new visit. Moved: blocks whose rank this version changes and the "
    "champion does not. Moved elsewhere: both change it, differently. Resized: the same of sizes."
)


def churn_html(report: GateReport) -> SafeString:
    """The figures of the gate's fifth condition; empty where it has none."""
    found = next((c for c in report.conditions if c["name"] == "churn"), None)
    if found is None or found["figure"] is None:
        return SafeString("")
    people = found["people"]
    is_judged = people >= LEAST_PEOPLE
    whole = {**found, "moved": found["figure"], "users": people, "is_judged": is_judged}
    rows = [_row("everybody", whole, found["limit"])]
    rows += [_row(slice_name(s), s, found.get("limit_slice", "")) for s in found["slices"]]
    heads = ("people", "how many", "moved", "moved elsewhere", "resized", "enough people to judge")
    return format_html(
        "<h3>Version churn, blocks a person</h3><p>{} {}</p>{}",
        MEANING,
        first_token_words(found.get("first_token") or {}),
        wide_table("Version churn", heads, rows),
    )


def first_token_words(found: dict[str, Any]) -> str:
    """Says how many keep their first token, and what that number means."""
    if found.get("numbers_alike") is None:
        return "First tokens: too few people to compare."
    alike = f"for {found['numbers_alike']:.0%} of {found['people']} people"
    means = "A code's number means the same in both versions (it is nearest to its own old code)"
    if found["kept"] is None:
        return f"First tokens are not compared. {means} {alike} only."
    return f"The first token keeps its number for {found['kept']:.1%} of people. {means} {alike}."


def _row(name: str, row: dict[str, Any], limit: float | str) -> tuple[Any, ...]:
    """A row's cells. limit: the figure that failed the version where it is above, or a word."""
    figures = (row["moved"], row["elsewhere"], row["resized"])
    shown = ["too few to show" if f is None else f"{f:.3g}" for f in figures]
    is_judged = "yes" if row["is_judged"] else "no"
    if row["is_judged"] and not isinstance(limit, str) and row["moved"] > limit:
        is_judged = f"yes: above {limit:g}"
    return (name, row["users"], *shown, is_judged)
