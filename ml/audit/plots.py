"""Draws the report's plots as inline SVG: slices' intervals, and a slice over looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from ml.audit.words import too_few
from ml.evaluation.statistics import MIN_USERS

TOLERANCES_SHOWN = (2.5, 5.0)
"""Minimum and usual maximum of a scale to each side, in tolerances."""
LOOK_WIDTH, LOOK_HEIGHT = 150.0, 72.0

Row = Mapping[str, Any]


def reach(rows: Sequence[Row]) -> float:
    """Returns the half width of the rows' common scale, set by the intervals that matter."""
    rows = [row for row in rows if row["users"] >= MIN_USERS] or rows  # others are clipped
    ends = [abs(end) for row in rows for end in row["interval"] or ()]
    large = [abs(row["estimate"]) for row in rows if row["estimate"] is not None]
    if rows[0]["tolerance"] is None:
        return float(max([*ends, *large, 1e-9]))
    least, most = (t * float(rows[0]["tolerance"]) for t in TOLERANCES_SHOWN)
    return max(least, min(max(ends, default=0.0), most), 1.2 * max(large, default=0.0))


def nothing_to_plot(rows: Sequence[Row]) -> str:
    """Returns the text to show instead of an empty plot; empty where there is something to plot."""
    if all(row["estimate"] is None for row in rows):
        if any(map(too_few, rows)):
            return "Every slice has too few people to show without pointing at a person."
        return "Everybody is in one slice: there is nobody to compare with."
    if not any(row["estimate"] or row["standard_error"] for row in rows):
        return "No difference between any slices: nothing to draw."
    return ""


def interval_plot(row: Row, scale: float) -> str:
    """Draws one slice: the tolerance as a band, both intervals as lines, the estimate as a dot."""
    tolerance = row["tolerance"]
    left, right = _percent(-tolerance, scale), _percent(tolerance, scale)
    parts = [
        f'<rect x="{left:.2f}%" width="{right - left:.2f}%" height="22" class="band"/>',
        '<line x1="50%" x2="50%" y1="0" y2="22" class="middle"/>',
    ]
    colour = _colour(row)
    for name, width, opacity in (("shared_interval", 1.5, 0.55), ("interval", 5, 0.55)):
        if row[name]:
            low, high = (_percent(end, scale) for end in row[name])
            parts.append(
                f'<line x1="{low:.2f}%" x2="{high:.2f}%" y1="11" y2="11" class="{colour}" '
                f'stroke-width="{width}" stroke-opacity="{opacity}"/>'
            )
    if row["estimate"] is not None:
        place = _percent(row["estimate"], scale)
        parts.append(f'<circle cx="{place:.2f}%" cy="11" r="4" class="{colour}"/>')
    return f'<svg class="plot" aria-hidden="true">{"".join(parts)}</svg>'


def looks_plot(rows: Sequence[tuple[int, Row]], scale: float, title: str) -> str:
    """Draws one slice over the looks: estimates with intervals, the tolerance as a band."""
    tolerance = rows[0][1]["tolerance"] or 0.0  # ungated metrics have no band
    top, bottom = _height(tolerance, scale), _height(-tolerance, scale)
    middle = _height(0.0, scale)
    parts = [
        f'<rect y="{top:.1f}" width="{LOOK_WIDTH}" height="{bottom - top:.1f}" class="band"/>',
        f'<line x1="0" x2="{LOOK_WIDTH}" y1="{middle}" y2="{middle}" class="middle"/>',
    ]
    step = LOOK_WIDTH / (len(rows) + 1)
    for place, (look, row) in enumerate(rows, 1):
        colour, x = _colour(row), place * step
        if row["interval"]:
            low, high = (_height(end, scale) for end in row["interval"])
            parts.append(
                f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{low:.1f}" y2="{high:.1f}" '
                f'class="{colour}" stroke-width="3" stroke-opacity="0.55"/>'
            )
        parts.append(f'<text x="{x:.1f}" y="{LOOK_HEIGHT + 9:.1f}">{look}</text>')
        y = _height(row["estimate"], scale)
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" class="{colour}"/>')
    box = f"0 0 {LOOK_WIDTH:g} {LOOK_HEIGHT + 12:g}"
    label = escape(f"{title}, looks {rows[0][0]} to {rows[-1][0]}", quote=True)
    head = f'<svg viewBox="{box}" role="img" aria-label="{label}" font-size="8" '
    return f'{head}text-anchor="middle" class="words">{"".join(parts)}</svg>'


def _colour(row: Row) -> str:
    """Returns the CSS class of a mark; the stylesheet colours it by verdict, light or dark."""
    return f"mark {row['verdict'] or 'ungated'}"


def _percent(value: float, scale: float) -> float:
    """Maps a value to a horizontal position in %, clipped to the plot."""
    return 50.0 + 50.0 * max(-1.0, min(1.0, value / scale))


def _height(value: float, scale: float) -> float:
    """Maps a value to a vertical position, clipped to the plot; higher values are higher up."""
    return LOOK_HEIGHT / 2 * (1.0 - max(-1.0, min(1.0, value / scale)))
