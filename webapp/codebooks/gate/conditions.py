"""The gate's conditions, each with figure, limit and sentence, and their report; the fifth is in
`churn`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from webapp.codebooks.models import CodebookVersion, GateReport
from webapp.surfaces.models import Surface

PARITY_LIMIT = 1e-4
"""Largest allowed difference between the exported networks and torch."""
ENERGY_LIMIT = 0.005
"""Limit for the upper end of the one-sided 95 % interval of the extra seconds, as a share."""
LEAST_PEOPLE = 20
"""Fewest held-back people for a clear verdict."""
Verdict = GateReport.Verdict
Condition = dict[str, Any]
AUDITS = {"within": Verdict.PASSED, "inconclusive": Verdict.UNCLEAR, "exceeds": Verdict.FAILED}


def parity(card: Mapping[str, Any]) -> Condition:
    found = card.get("parity") or {}
    worst = max(found.values(), default=None)
    held = worst is not None and worst <= PARITY_LIMIT
    return {
        "name": "parity",
        "verdict": Verdict.PASSED if held else Verdict.FAILED,
        "figure": worst,
        "limit": PARITY_LIMIT,
        "unit": "largest difference of an output",
        "text": "The exported networks say what the trained ones say."
        if held
        else "The exported networks differ from the trained ones, or nobody checked. Export again.",
    }


def energy(
    *,
    estimate: float,
    low: float,
    high: float,
    against: str,
    people: int,
    visits: int,
    needs_gain: bool = False,
) -> Condition:
    """Judges modelled seconds: passes if surely within the limit, fails if surely above it.

    Otherwise, and with fewer than LEAST_PEOPLE people, it is unclear, because a bootstrap over few
    people gives intervals that are too narrow.

    needs_gain: passes only if surely faster, and is unclear between that and surely slower than
    the limit: pages that a trained version arranged are to change for more than noise.
    """
    verdict = Verdict.UNCLEAR
    if people < LEAST_PEOPLE:
        pass
    elif high < 0 or (high <= ENERGY_LIMIT and not needs_gain):
        verdict = Verdict.PASSED
    elif low > ENERGY_LIMIT:
        verdict = Verdict.FAILED
    return {
        "name": "energy",
        "verdict": verdict,
        "figure": None if people < LEAST_PEOPLE else _finite(high),
        "limit": 0.0 if needs_gain else ENERGY_LIMIT,
        "unit": f"extra modelled seconds as a share of the {against}'s: upper end of the "
        "one-sided 95 % interval",
        "text": _energy_text(verdict, against, people, needs_gain=needs_gain),
        "estimate": estimate,
        "low": _finite(low),
        "people": people,
        "visits": visits,
    }


def _energy_text(verdict: str, against: str, people: int, *, needs_gain: bool) -> str:
    if verdict == Verdict.FAILED:
        return f"Costs held-back people more modelled time than the {against}."
    if verdict == Verdict.PASSED and needs_gain:
        return f"Saves held-back people modelled time beside the {against}, beyond chance."
    if verdict == Verdict.PASSED:
        return f"Costs held-back people no more modelled time than the {against}."
    if needs_gain and people >= LEAST_PEOPLE:
        return (
            f"Saves held-back people no modelled time beside the {against} beyond chance, so "
            "nobody's page changes for it. The champion goes on serving; let a named person decide "
            "if it should change all the same."
        )
    return (
        f"Modelled seconds: {people} held-back {'person' if people == 1 else 'people'}, too few to "
        f"tell whether it is slower than the {against}. Wait for more visits, or let a named "
        "person decide."
    )


def guardrails(
    broken: Mapping[str, int], people: int, *, seconds: float, most_seconds: float
) -> Condition:
    """Judges the rules of the page, and the time of a decision.

    seconds: processor time of a decision (`ml.evaluation.random_people.decision_seconds`);
    most_seconds: its limit.
    """
    count, is_late = sum(broken.values()), seconds > most_seconds
    told = [f"Broken: {', '.join(sorted(broken))}."] if count else []
    if is_late:
        told.append(
            f"Too slow: a decision takes {seconds:.2f} s of processor time here, more than "
            f"{most_seconds:.2f} s (UIENGINE_DEADLINE_MS)."
        )
    return {
        "name": "guardrails",
        "verdict": Verdict.FAILED if count or is_late or not people else Verdict.PASSED,
        "figure": count,
        "limit": 0,
        "unit": f"rules broken for {people} random people",
        "text": " ".join(told) or "Every layout keeps the rules of the page, and is made in time.",
        "people": people,
        "broken": dict(broken),
        "seconds": round(seconds, 4),
        "most_seconds": most_seconds,
    }


def audit(verdict: str, report: int) -> Condition:
    texts = {
        "within": "Every slice of people that is large enough is served alike, within tolerance.",
        "inconclusive": "The audit cannot tell; a named person has to take it upon themselves.",
        "exceeds": "Some slice of people is served worse than tolerated.",
    }
    return {
        "name": "audit",
        "verdict": AUDITS[verdict],
        "figure": verdict,
        "limit": "within",
        "unit": "verdict of the audit",
        "text": texts[verdict],
        "report": report,
    }


def report_save(
    *,
    surface: Surface,
    version: CodebookVersion,
    champion: CodebookVersion | None,
    conditions: Sequence[Condition],
    is_smoke: bool = False,
) -> GateReport:
    verdicts = {condition["verdict"] for condition in conditions}
    worst = next(v for v in (Verdict.FAILED, Verdict.UNCLEAR, Verdict.PASSED) if v in verdicts)
    return GateReport.objects.create(
        surface=surface,
        version=version,
        champion=champion,
        verdict=worst,
        conditions=list(conditions),
        revision=surface.revision,
        is_smoke=is_smoke,
    )


def _finite(value: float) -> float | None:
    """Returns None for an infinite end of an interval: databases refuse infinity."""
    return value if math.isfinite(value) else None
