"""The report's sentences. An audit assesses; it never says that a version is just."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .audit_statistics import ERROR, MIN_USERS

HEADLINES = {
    "within": f"no slice of {MIN_USERS} people or more differs from the rest by more than the "
    "tolerance",
    "exceeds": "at least one slice differs from the rest by more than the tolerance",
    "inconclusive": "there are too few people, or too much spread, to tell",
}
TO_DO = {
    "within": "This audit does not stand in the way of promotion. Look at the slices under "
    f"{MIN_USERS} people by hand: no conclusion is drawn about them.",
    "exceeds": "Do not promote this version. Refresh the codebook on a batch balanced over the "
    "slices named above, then audit again. If the difference stays, look at what these people use "
    "and whether the page's rules or its missing events explain it.",
    "inconclusive": "Silence is not safety. Either serve the version to a canary share and audit "
    "again with more visits, or let a named person acknowledge the risk.",
}
LEFT_OUT = (
    "Seconds come from a model of searching and pointing. Nobody held a stopwatch; a person who "
    "reads slowly or uses a screen reader is not modelled.",
    "A slice is compared with everybody else on its surface. A difference inside a slice, or one "
    "that needs three attributes at once, does not show.",
    "Attributes are as people gave them. Those who gave none are the slice “unknown”.",
    "Persons with many visits weigh more: sums over visits are compared, not persons' averages.",
    "Only uses are seen. Who never came back, or never found the page, is in no visit.",
    f"The verdicts err: up to {ERROR:.0%} of audit series without any disparity may raise an "
    "alarm, and each “within” has its own small chance to be wrong.",
)


def reason(row: Mapping[str, Any]) -> str:
    """Why a gated row is inconclusive; empty for one that is not. row: judged (`audit_rows`)."""
    if row["verdict"] != "inconclusive":
        return ""
    if row["users"] < MIN_USERS:
        return f"under {MIN_USERS} people: {row['users']}"
    own, shared, tolerance = row["interval"], row["shared_interval"], row["tolerance"]
    if own is None or shared is None:
        return "nobody to compare with" if not row["rest_users"] else "too little was counted"
    if row["rest_users"] < MIN_USERS and (own[0] > tolerance or own[1] < -tolerance):
        return f"all others are under {MIN_USERS} people: {row['rest_users']}"
    low, high = (written(end, row["unit"]) for end in own)
    if own[0] > tolerance or own[1] < -tolerance:
        return f"beyond the tolerance ({low} to {high}), but it may be one chance among many"
    allowed = written(tolerance, row["unit"], sign=False)
    return f"interval too wide: {low} to {high}, tolerance ± {allowed}"


def slice_name(slice_: Mapping[str, str]) -> str:
    """{'gender': 'F', 'disability': 'Y'} → 'gender F × disability Y'."""
    return " × ".join(f"{attribute} {value}" for attribute, value in slice_.items())


def written(value: float, unit: str, *, sign: bool = True) -> str:
    """A figure as people read it: shares in %, others with their unit."""
    share = unit.startswith("share")
    digits = 1 if share else 2
    rounded = round(100 * value if share else value, digits)
    plus = "+" if sign and rounded else ""
    return f"{rounded + 0.0:{plus}.{digits}f}{' %' if share else ''}"


def figure(value: float | None, unit: str) -> str:
    """The same where there may be none."""
    return "–" if value is None else written(value, unit)
