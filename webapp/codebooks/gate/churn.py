"""The gate's fifth condition: what the version alone moves for people who did nothing new."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings

from webapp.codebooks.gate.conditions import Condition, Verdict
from webapp.codebooks.models import CodebookVersion
from webapp.codebooks.registry.training_record import version_erasures

NOT_COUNTED = "Version churn was not counted. Let the gate judge the version again."
MEASURED = "measured"
"""The limit that is shown where nothing is held."""
LEAST_PEOPLE = 100
"""Fewest people for a verdict, of a page as of a slice: one of fewer moves a mean too far."""
NEXT = (
    "The champion goes on serving. Retrain when there is more to learn, or set a higher limit if "
    "the gain is worth that much movement, and judge again."
)
MOST_NAMED = 6
"""Slices that the sentence names."""


def churn(found: Mapping[str, Any] | None, ungated: str = "") -> Condition:
    """Judges the figures of `ml.audit.churn`, by the site's limits.

    Slices with too few people are named and not judged.

    Args:
        found: None where no other version serves, so that nobody's page can change; empty where
            nothing was counted.
        ungated: why it is measured alone, from `ungated_by`; empty where it is judged.
    """
    most, most_slice = settings.UIENGINE_GATE_CHURN, settings.UIENGINE_GATE_CHURN_SLICE
    if ungated:
        most = most_slice = None
    figures = found or {}
    over = [row for row in figures.get("slices", ()) if _is_over(row, most_slice)]
    verdict, text = _judged(found, bool(over), most, ungated)
    told = [text, *_others(figures, over, most_slice)]
    if verdict == Verdict.FAILED:
        told.append(NEXT)
    return {
        "name": "churn",
        "verdict": verdict,
        "figure": figures.get("moved"),
        "limit": MEASURED if most is None else most,
        "limit_slice": MEASURED if most_slice is None else most_slice,
        "unit": "blocks a person that the version alone moves, for people who did nothing new",
        "text": " ".join(told),
        **{name: value for name, value in figures.items() if name != "moved"},
    }


def ungated_by(champion: CodebookVersion | None) -> str:
    """Says why pages may change as much as they do beside this champion; empty where they may not.

    Beside an innate version they are meant to. Nothing of the erased is to serve on for the sake of
    pages that stay.
    """
    if champion is not None and champion.is_innate:
        return "as the first version trained for the page"
    if champion is not None and version_erasures(champion):
        return "as the champion learned from people who were erased"
    return ""


def _judged(
    found: Mapping[str, Any] | None, is_over: bool, most: float | None, ungated: str
) -> tuple[str, str]:
    """The verdict, and what is said of everybody."""
    if found is None:
        return Verdict.PASSED, "No other version serves: nobody's page changes by it."
    if not found:
        return Verdict.UNCLEAR, NOT_COUNTED
    people, moved = found["people"], found["moved"]
    if moved is None:
        return Verdict.PASSED, f"Version churn: {people} people with a past, too few to tell."
    said = f"Moves {moved:.3g} blocks a person, of {people} people who did nothing new"
    if ungated:
        verdict, said = Verdict.PASSED, f"{said}: measured alone, {ungated}."
    elif people < LEAST_PEOPLE:
        verdict, said = Verdict.PASSED, f"{said}: measured, as too few to judge."
    elif most is None:
        verdict, said = Verdict.PASSED, f"{said}: measured, not gated (UIENGINE_GATE_CHURN)."
    elif moved > most:
        verdict, said = Verdict.FAILED, f"{said}; {most:g} are allowed (UIENGINE_GATE_CHURN)."
    else:
        verdict, said = Verdict.PASSED, f"{said}; {most:g} are allowed."
    return (Verdict.FAILED if is_over else verdict), said


def _others(
    found: Mapping[str, Any], over: list[Mapping[str, Any]], most_slice: float | None
) -> list[str]:
    """What is said of slices: those above the limit, and those too small to judge."""
    told = []
    if over:
        named = ", ".join(f"{slice_name(row)} {row['moved']:.3g}" for row in over[:MOST_NAMED])
        more = f" and {len(over) - MOST_NAMED} more" if len(over) > MOST_NAMED else ""
        limit = f"{most_slice:g} that are allowed (UIENGINE_GATE_CHURN_SLICE)"
        told.append(f"Slices of people above the {limit}: {named}{more}.")
    few = [row for row in found.get("slices", ()) if not row["is_judged"]]
    if few and most_slice is not None:
        told.append(
            f"{len(few)} slice{'s have' if len(few) > 1 else ' has'} too few people to judge."
        )
    return told


def _is_over(row: Mapping[str, Any], most: float | None) -> bool:
    return most is not None and row["is_judged"] and row["moved"] > most


def slice_name(row: Mapping[str, Any]) -> str:
    return " × ".join(f"{name} {value}" for name, value in row["slice"].items())
