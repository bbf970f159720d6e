"""Renders the report's main tables: plot, difference, own figure and verdict of each slice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from ml.audit.by_book import by_book
from ml.audit.plots import interval_plot, nothing_to_plot, reach
from ml.audit.words import figure, slice_name, too_few, written
from ml.evaluation.metrics import METRICS, Metric

Row = Mapping[str, Any]
_COUNTS = ("exploration_share", "blocks_moved")
"""Metrics that are counts or shares, not differences; they are written without a sign."""
_OWN = {METRICS[0].name: "seconds_saved"}
_OWN |= {by_book(name): by_book(own) for name, own in _OWN.items()}
"""Metrics whose slices' own figures are those of another one."""


def intervals(metric: Metric, of_surface: Sequence[Row]) -> str:
    """Renders a gated metric of one surface: a line per slice, with crossings folded away."""
    rows = [row for row in of_surface if row["metric"] == metric.name]
    told = nothing_to_plot(rows)
    if told:
        return (
            f'<h3>{escape(metric.title)}</h3><p class="soft">{escape(metric.meaning)}. {told}</p>'
        )
    scale = reach(rows)
    known = {(slice_name(row["slice"]), row["metric"]): row for row in of_surface}
    of = _OWN.get(metric.name, metric.name)
    own = [known[slice_name(row["slice"]), of] for row in rows]
    drawn = [
        (len(row["slice"]), _interval(row, by, scale)) for row, by in zip(rows, own, strict=True)
    ]
    single = "".join(html for crossing, html in drawn if crossing == 1)
    crossed = [html for crossing, html in drawn if crossing > 1]
    counts = [row["verdict"] for row in rows if len(row["slice"]) > 1]
    tally = ", ".join(f"{counts.count(v)} {v}" for v in dict.fromkeys(sorted(counts)))
    table = f'<div role="table" aria-label="{escape(metric.title)}">{_head(metric, scale)}'
    more = (
        f"<details><summary>Crossings of two: {tally}</summary>{table}{''.join(crossed)}</div>"
        "</details>"
    )
    return (
        f"<h3>{escape(metric.title)}</h3>"
        f'<p class="soft">{escape(metric.meaning)}. Tolerance '
        f"± {written(rows[0]['tolerance'], metric.unit, sign=False)}.</p>"
        f"{table}{single}</div>{more if crossed else ''}"
    )


def _head(metric: Metric, scale: float) -> str:
    """Renders the heads of a table; that of the drawing is hidden with it from screen readers."""
    span = f"← better off &nbsp; worse off → (± {written(scale, metric.unit, sign=False)})"
    heads = ("difference", _own_head(metric), "verdict")
    return (
        '<div class="row head" role="row"><span role="columnheader">slice (people)</span>'
        f'<span aria-hidden="true">{span}</span>'
        + "".join(f'<span role="columnheader">{head}</span>' for head in heads)
        + "</div>"
    )


def _interval(row: Row, own: Row, scale: float) -> str:
    """Renders one slice. own: the row that holds the slice's own figure."""
    name = f"{escape(slice_name(row['slice']))} <span class=soft>({row['users']:,})</span>"
    why = escape(row.get("reason", ""), quote=True)
    return (
        f'<div class="row" role="row" title="{why}"><span class="name" role="rowheader">{name}'
        f"</span>{_drawn(row, own, scale)}{chip(row['verdict'], role='cell')}</div>"
    )


def _drawn(row: Row, own: Row, scale: float) -> str:
    if too_few(row):
        told = escape(too_few(row))
        return f'<span class="few soft" role="cell" aria-colspan="2">{told}</span>'
    return (
        f'{interval_plot(row, scale)}<span role="cell">{figure(row["estimate"], row["unit"])}'
        f'{_unseen(row)}</span><span role="cell">{_own(own)}</span>'
    )


def _unseen(row: Row) -> str:
    """Writes the interval that is drawn, for screen readers."""
    if not row["interval"]:
        return ""
    low, high = (figure(end, row["unit"]) for end in row["interval"])
    return f'<span class="unseen">, interval {low} to {high}</span>'


def _own_head(metric: Metric) -> str:
    return "modelled seconds saved a visit" if metric.name in _OWN else "own figure"


def _own(row: Row) -> str:
    """Formats the slice's own figure, with its interval below."""
    value, ends = row["value"], row["value_interval"]
    if value is None:
        return "–"
    is_seconds = row["metric"] in _OWN.values()
    is_count = row["metric"] in (*_COUNTS, *map(by_book, _COUNTS))

    def told(number: float) -> str:
        if is_seconds:
            return f"{number:+.3f}"
        return written(number, row["unit"], sign=not is_count)

    span = f"<br><span class=soft>{told(ends[0])} to {told(ends[1])}</span>" if ends else ""
    return told(value) + (" s" if is_seconds else "") + span


def chip(verdict: str, role: str = "") -> str:
    """Renders a verdict with a colour and a symbol, so that it can be read without colour.

    role: of a cell, where it is one.
    """
    mark = {"within": "✓ within", "exceeds": "▲ exceeds", "inconclusive": "? inconclusive"}
    is_cell = f' role="{role}"' if role else ""
    return f'<span class="verdict {verdict}"{is_cell}>{mark[verdict]}</span>'
