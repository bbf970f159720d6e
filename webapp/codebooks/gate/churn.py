"""The gate's fifth condition: what the version alone moves for people who did nothing new."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings

from webapp.codebooks.gate.conditions import LEAST_PEOPLE, Condition, Verdict

NOT_COUNTED = "Version churn was not counted. Let the gate judge the version again."
MEASURED = "measured"
"""The limit that is shown where the site sets none."""
NEXT = (
    "The champion goes on serving. Retrain when there is more to learn, or set a higher limit if "
    "the gain is worth that much movement, and judge again."
)
MOST_NAMED = 6
"""Slices that the sentence names."""


def churn(found: Mapping[str, Any] | None) -> Condition:
    """Judges the figures of `ml.audit.churn`, by the site's limits.

    found: None where no other version serves, so that nobody's page can change; empty where nothing
    was counted. Slices with too few people are named and not judged.
    """
    most, most_slice = settings.UIENGINE_GATE_CHURN, settings.UIENGINE_GATE_CHURN_SLICE
    figures = found or {}
    over = [row for row in figures.get("slices", ()) if _is_over(row, most_slice)]
    verdict, text = _judged(found, bool(over), most)
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


def _judged(found: Mapping[str, Any] | None, is_over: bool, most: float | None) -> tuple[str, str]:
    """The verdict, and what is said of everybody."""
    if found is None:
        return Verdict.PASSED, "No other version serves: nobody's page changes by it."
    if not found:
        return Verdict.UNCLEAR, NOT_COUNTED
    people, moved = found["people"], found["moved"]
    if moved is None or people < LEAST_PEOPLE:
        text = f"Version churn: {people} people with a past, too few to judge."
        return (Verdict.PASSED if most is None else Verdict.UNCLEAR), text
    said = f"Moves {moved:.3g} blocks a person, of {people} people who did nothing new"
    if most is None:
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
        limit = f"{most_slice:g} are allowed (UIENGINE_GATE_CHURN_SLICE)"
        told.append(f"For some slices of people more than the {limit}: {named}{more}.")
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
