"""Draws a figure's difference over the looks of a trial, as SVG without styles or scripts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

WIDTH, HEIGHT, FOOT = 320.0, 110.0, 14.0
GOOD, BAD, OPEN = "#1a7f4b", "#b3261e", "#5a6675"

Look = tuple[int, Mapping[str, Any]]
"""Number of the look, and the row in it of a figure (see `ml.evaluation.trial`) or of a goal, which
has the interval of all looks alone."""


def looks_svg(looks: Sequence[Look]) -> str:
    """Draws the looks. Thick: the look's 95 % interval. Thin: the interval valid at all looks."""
    shown = [(number, row) for number, row in looks if row["difference"] is not None]
    if not any(row["any_time_interval"] or row.get("interval") for _, row in shown):
        return ""
    ends = [
        abs(end)
        for _, row in shown
        for end in row["any_time_interval"] or row.get("interval") or ()
    ]
    scale = max([*ends, *(abs(row["difference"]) for _, row in shown), 1e-9])
    middle = (HEIGHT - FOOT) / 2
    step = WIDTH / (len(shown) + 1)
    parts = [f'<line x1="0" x2="{WIDTH}" y1="{middle}" y2="{middle}" stroke="#9aa5b1"/>']
    every = max(len(shown) // 10, 1)
    for place, (number, row) in enumerate(shown, 1):
        x, colour = place * step, _colour(row)
        for name, width in (("any_time_interval", 1.2), ("interval", 4)):
            if row.get(name):
                low, high = (middle * (1 - end / scale) for end in row[name])
                parts.append(
                    f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{low:.1f}" y2="{high:.1f}" '
                    f'stroke="{colour}" stroke-width="{width}" stroke-opacity="0.6"/>'
                )
        y = middle * (1 - row["difference"] / scale)
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>')
        if number % every == 0 or place == len(shown):
            parts.append(f'<text x="{x:.1f}" y="{HEIGHT - 2}">{number}</text>')
    title = shown[-1][1]["title"]
    label = escape(f"{title}: adapted minus control, looks {shown[0][0]} to {shown[-1][0]}")
    return (
        f'<svg viewBox="0 0 {WIDTH:g} {HEIGHT:g}" width="{WIDTH:g}" role="img" '
        f'aria-label="{label}" font-size="9" text-anchor="middle" fill="#5a6675">'
        f"{''.join(parts)}</svg>"
    )


def _colour(row: Mapping[str, Any]) -> str:
    """Returns green where the interval valid at all looks is better than 0, red where it is worse
    than the tolerance, grey otherwise.
    """
    signed = [row["better"] * end for end in row["any_time_interval"] or ()]
    if not signed or min(signed) <= 0 <= max(signed) + row.get("tolerance", 0.0):
        return OPEN
    return GOOD if min(signed) > 0 else BAD
