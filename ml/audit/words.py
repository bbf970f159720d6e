"""The report's wording. An audit measures differences; it never calls a version fair."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ml.evaluation.statistics import ERROR, LEAST_SHOWN, MIN_USERS

HEADLINES = {
    "within": f"no slice of {MIN_USERS} people or more differs from the rest by more than the "
    "tolerance",
    "exceeds": "at least one slice differs from the rest by more than the tolerance",
    "inconclusive": "there are too few people, or too much spread, to tell",
}
NOBODY_COMPARED = "no attribute tells people apart, so nothing was compared"
TO_DO = {
    "within": (
        "Nothing: this audit does not stand in the way of promotion.",
        f"Look at the slices under {MIN_USERS} people by hand: no conclusion is drawn about them.",
    ),
    "exceeds": (
        "Do not promote this version. Refresh the codebook on a batch balanced over the slices "
        "named below, then audit again.",
        "If the difference stays, look at what these people use and whether the page's rules or "
        "its missing events explain it.",
    ),
    "inconclusive": (
        "Wait for more people if you can, and audit again. Silence is not safety.",
        "Before this version serves anybody, be it a canary share, a named person must acknowledge "
        "this audit. In the shadow it may decide without that: nobody is shown what it decides.",
    ),
}
TO_DO_SERVING = {
    "within": (
        "Nothing: this version serves already, and this audit gives no reason to change that.",
        f"Look at the slices under {MIN_USERS} people by hand: no conclusion is drawn about them.",
    ),
    "exceeds": (
        "Decide whether to wait: this version serves already, and goes on serving until somebody "
        "or something changes that.",
        "A refresh on a batch balanced over the slices is started by itself; what it makes is "
        "audited before it may serve. Who does not want to wait can set the surface to dry run "
        "(everybody is shown the default layout, decisions are only logged) or off, or roll back "
        "to the champion before.",
        "If the difference stays, look at what these people use and whether the page's rules or "
        "its missing events explain it.",
    ),
    "inconclusive": (
        "Audit again with more people. Silence is not safety: this version serves already and goes "
        "on serving, and an audit that cannot tell changes nothing by itself.",
        "Who does not want to wait can set the surface to dry run or off, or roll back to the "
        "champion before.",
    ),
}
"""Advice for a version that already serves people."""
TO_DO_ATTRIBUTES = (
    "More people would not change this. Give attributes of people (manage.py import_visits and "
    "ml.audit take them by --people FILE), and audit again. Silence is not safety."
)
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
    """Says why a gated row is inconclusive, else "". row: judged (`ml.audit.rows`)."""
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


def too_few(row: Mapping[str, Any]) -> str:
    """Says why the row's figures are withheld; empty where they may be shown."""
    if row["users"] < LEAST_SHOWN:
        people = "person" if row["users"] == 1 else "people"
        return f"{row['users']} {people}: too few to show without pointing at a person"
    rest = row.get("rest_users", 0)  # 0 means there is nobody to compare with, so no effect
    if 0 < rest < LEAST_SHOWN:
        return f"only {rest} of all others: too few to show without pointing at a person"
    return ""


def slice_name(slice_: Mapping[str, str]) -> str:
    """Formats a slice: {'gender': 'F', 'disability': 'Y'} → 'gender F × disability Y'."""
    return " × ".join(f"{attribute} {in_words(value)}" for attribute, value in slice_.items())


def in_words(value: str) -> str:
    """Explains open ranges: '55<=' → '55<= (55 and over)'; other labels stay as they are."""
    return re.sub(r"^(\d+)\s*<=$", r"\g<0> (\1 and over)", value)


def own_side(rows: Mapping[str, Mapping[str, Any]]) -> str:
    """Compares the seconds that a slice and the rest save against the default layout.

    A slice can be served worse than the rest and still gain. rows: the slice's own, by metric.
    """
    row = rows.get("seconds_saved", {})
    if row.get("value") is None or row.get("rest_value") is None:
        return ""
    name = slice_name(row["slice"])
    mine = _gains(row["value_interval"])
    rest = _gains(row["rest_interval"])
    figures = (
        f"{name} saves {seconds(row['value'], row['value_interval'])} a visit against the default, "
        f"the rest {seconds(row['rest_value'], row['rest_interval'])} (modelled, 95 % intervals)."
    )
    if mine != rest:
        return f"{name} {mine}, the rest {rest}: {figures}"
    less = row["value"] < row["rest_value"]
    how = {
        "gains": "less" if less else "less only as a share of the default's time",
        "loses": "more" if less else "more only as a share of the default's time",
    }
    both = f"Both {mine[:-1]}; {name} {how[mine]}" if mine in how else f"Neither {mine[8:]}"
    return f"{both}: {figures}"


def _gains(ends: Sequence[float] | None) -> str:
    if ends and ends[0] > 0:
        return "gains"
    return "loses" if ends and ends[1] < 0 else "neither clearly gains nor loses"


def seconds(value: float, ends: Sequence[float] | None) -> str:
    """Formats '0.044 s (0.012 to 0.076)', with one digit more than other figures have."""
    return f"{value:.3f} s" + (f" ({ends[0]:.3f} to {ends[1]:.3f})" if ends else "")


def written(value: float, unit: str, *, sign: bool = True) -> str:
    """Formats a figure for readers: shares in %, others as numbers."""
    share = unit.startswith("share")
    digits = 1 if share else 2
    rounded = round(100 * value if share else value, digits)
    plus = "+" if sign and rounded else ""
    return f"{rounded + 0.0:{plus}.{digits}f}{' %' if share else ''}"


def figure(value: float | None, unit: str) -> str:
    """Formats a figure with its sign, or a dash for None."""
    return "–" if value is None else written(value, unit)
