"""Draws plots as SVG on the server. Lines differ by dash and mark as well as by colour.

Colours are classes of studio.css, so that plots follow both themes; no inline styles, no scripts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

from django.utils.safestring import SafeString, mark_safe

WIDTH, HEIGHT = 560, 280
LEFT, RIGHT, TOP, BOTTOM = 64, 14, 12, 42
DASHES = ("", "7 4", "2 3", "9 3 2 3")
ROW = 24
LABELS = 210
"""Width in pixels of the labels beside an interval plot."""


@dataclass(frozen=True)
class Series:
    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Interval:
    """series: index of the version. says: the verdict in a word, shown as a tooltip."""

    series: int
    low: float
    estimate: float
    high: float
    says: str


@dataclass(frozen=True)
class Axis:
    """Maps data to pixels. The axis ends at ticks, so that no value lies outside."""

    ticks: tuple[float, ...]
    start: float
    end: float
    is_log: bool = False

    def at(self, value: float) -> float:
        low, high, here = (self._scaled(v) for v in (self.ticks[0], self.ticks[-1], value))
        return self.start + (self.end - self.start) * (here - low) / ((high - low) or 1.0)

    def _scaled(self, value: float) -> float:
        return log10(value) if self.is_log else value


def ticks(low: float, high: float, wanted: int = 5) -> tuple[float, ...]:
    """Returns round numbers (1, 2 or 5 times a power of ten) that cover low to high."""
    if high <= low:
        high = low + (abs(low) or 1.0)
    rough = (high - low) / wanted
    power = 10.0 ** floor(log10(rough))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= rough * 0.999)
    first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
    return tuple(round(n * step, 12) for n in range(first, last + 1))


def decades(low: float, high: float) -> tuple[float, ...]:
    """Returns powers of ten that cover the positive range low to high."""
    last = max(ceil(log10(high)), floor(log10(low)) + 1)
    return tuple(10.0**n for n in range(floor(log10(low)), last + 1))


def line_plot(
    series: Sequence[Series], *, title: str, x_label: str, y_label: str, is_log: bool = False
) -> SafeString:
    """Draws a line per series. is_log: log y axis, without points at or below 0."""
    kept = [Series(s.name, [p for p in s.points if not is_log or p[1] > 0]) for s in series]
    xs = [x for s in kept for x, _ in s.points]
    ys = [y for s in kept for _, y in s.points]
    if not xs:
        return mark_safe("<p>No figures.</p>")
    low = min(ys) if min(ys) > max(ys) / 2 else min(0.0, *ys)  # far from 0, cut the axis
    y_ticks = decades(min(ys), max(ys)) if is_log else ticks(low, max(ys))
    across = Axis(ticks(min(xs), max(xs), 8), LEFT, WIDTH - RIGHT)
    up = Axis(y_ticks, HEIGHT - BOTTOM, TOP, is_log)
    drawn = "".join(_line(s, i, across, up) for i, s in enumerate(kept))
    axes = _axes(across, up, x_label, y_label)
    return _svg(f"{title}: {_ends(kept)}", WIDTH, HEIGHT, axes + drawn)


def interval_plot(
    rows: Sequence[tuple[str, Sequence[Interval]]],
    *,
    title: str,
    unit: str,
    tolerance: float | None,
) -> SafeString:
    """Draws a row per slice with an interval per version; hatching marks the tolerance."""
    values = [v for _, found in rows for i in found for v in (i.low, i.high)]
    values += [-tolerance, tolerance] if tolerance else [0.0]
    most = max((len(found) for _, found in rows), default=1)
    row = max(ROW, 13 * most + 8)
    height = TOP + row * len(rows) + BOTTOM
    across = Axis(ticks(min(values), max(values), 6), LABELS, WIDTH - RIGHT)
    bottom = height - BOTTOM
    parts = [_band(across, tolerance, bottom), _upright(across, across.at(0.0), bottom, "zero")]
    for n, (label, found) in enumerate(rows):
        middle = TOP + row * n + row / 2
        parts.append(
            f'<text x="{LABELS - 8}" y="{middle + 4:.1f}" text-anchor="end">{escape(label)}</text>'
        )
        parts += [
            _interval(i, across, middle + 13 * (k - (len(found) - 1) / 2))
            for k, i in enumerate(found)
        ]
    says = "; ".join(
        f"{label} {', '.join(f'{i.low:.3g} to {i.high:.3g} {i.says}' for i in found)}"
        for label, found in rows
    )
    axis = _ticks_across(across, bottom, height, unit)
    return _svg(f"{title}: {says}", WIDTH, height, "".join(parts) + axis)


def key(index: int) -> SafeString:
    """Draws the legend's sample of a version's line."""
    line = f'<line class="line line-{index + 1}" x1="2" y1="7" x2="34" y2="7"{_dash(index)}/>'
    return mark_safe(
        f'<svg class="plot" width="36" height="14" aria-hidden="true">{line}'
        f"{_mark(index, 18, 7)}</svg>"
    )


def _svg(label: str, width: float, height: float, body: str) -> SafeString:
    return mark_safe(
        f'<svg class="plot" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="{escape(label)}" font-size="11" font-family="sans-serif">'
        f"{body}</svg>"
    )


def _ends(series: Sequence[Series]) -> str:
    found = (s for s in series if s.points)
    return "; ".join(
        f"{s.name} from {s.points[0][1]:.3g} at {s.points[0][0]:.3g} "
        f"to {s.points[-1][1]:.3g} at {s.points[-1][0]:.3g}"
        for s in found
    )


def _line(series: Series, index: int, across: Axis, up: Axis) -> str:
    places = [(across.at(x), up.at(y)) for x, y in series.points]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    every = max(len(places) // 10, 1)
    marks = "".join(_mark(index, x, y) for x, y in places[::every])
    line = f'<polyline class="line line-{index + 1}" points="{path}"{_dash(index)}/>'
    return f"<g><title>{escape(series.name)}</title>{line}{marks}</g>"


def _dash(index: int) -> str:
    dash = DASHES[index % len(DASHES)]
    return f' stroke-dasharray="{dash}"' if dash else ""


def _mark(index: int, x: float, y: float) -> str:
    """Draws a circle, square, triangle or diamond by index."""
    name = f'class="mark mark-{index + 1}"'
    if index % 4 == 0:
        return f'<circle {name} cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>'
    shapes = (
        ((-3.5, -3.5), (3.5, -3.5), (3.5, 3.5), (-3.5, 3.5)),
        ((0, -4.5), (4.5, 3.5), (-4.5, 3.5)),
        ((0, -5), (5, 0), (0, 5), (-5, 0)),
    )
    corners = " ".join(f"{x + a:.1f},{y + b:.1f}" for a, b in shapes[index % 4 - 1])
    return f'<polygon {name} points="{corners}"/>'


def _interval(interval: Interval, across: Axis, y: float) -> str:
    low, middle, high = (across.at(v) for v in (interval.low, interval.estimate, interval.high))
    index = interval.series
    line = (
        f'<line class="line line-{index + 1}" x1="{low:.1f}" y1="{y:.1f}" x2="{high:.1f}" '
        f'y2="{y:.1f}"{_dash(index)}/>'
    )
    says = escape(
        f"{interval.estimate:.3g} ({interval.low:.3g} to {interval.high:.3g}) {interval.says}"
    )
    return f"<g><title>{says}</title>{line}{_mark(index, middle, y)}</g>"


def _axes(across: Axis, up: Axis, x_label: str, y_label: str) -> str:
    lines = "".join(
        f'<line class="grid" x1="{LEFT}" y1="{up.at(t):.1f}" x2="{WIDTH - RIGHT}" '
        f'y2="{up.at(t):.1f}"/><text x="{LEFT - 6}" y="{up.at(t) + 4:.1f}" text-anchor="end">{t:g}'
        "</text>"
        for t in up.ticks
    )
    middle = (TOP + HEIGHT - BOTTOM) / 2
    name = (
        f'<text x="14" y="{middle}" text-anchor="middle" '
        f'transform="rotate(-90 14 {middle})">{escape(y_label)}</text>'
    )
    return lines + name + _ticks_across(across, HEIGHT - BOTTOM, HEIGHT, x_label)


def _ticks_across(across: Axis, bottom: float, height: float, label: str) -> str:
    marks = "".join(
        f'<text x="{across.at(t):.1f}" y="{bottom + 16:.1f}" text-anchor="middle">{t:g}</text>'
        for t in across.ticks
    )
    middle = (across.start + across.end) / 2
    base = f'<line class="axis" x1="{across.start}" y1="{bottom}" x2="{across.end}" y2="{bottom}"/>'
    return (
        f'{base}{marks}<text x="{middle}" y="{height - 6}" text-anchor="middle">{escape(label)}'
        "</text>"
    )


def _band(across: Axis, tolerance: float | None, bottom: float) -> str:
    if not tolerance:
        return ""
    low, high = across.at(-tolerance), across.at(tolerance)
    return (
        f'<rect class="band" x="{low:.1f}" y="{TOP}" width="{high - low:.1f}" '
        f'height="{bottom - TOP:.1f}"/>'
    )


def _upright(across: Axis, x: float, bottom: float, name: str) -> str:
    return f'<line class="{name}" x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{bottom:.1f}"/>'
