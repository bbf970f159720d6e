"""Writes report.json and report.html, a single page that a product owner can read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Any

from ml.audit.by_book import BOOK, book_metrics
from ml.audit.churned import churned
from ml.audit.coverage import compared, coverage, is_nobody_compared
from ml.audit.goals import goal_metrics
from ml.audit.intervals import chip, intervals
from ml.audit.named import named
from ml.audit.needed import more_people
from ml.audit.put_away import DECLINED, SUGGESTED
from ml.audit.references import since_metrics
from ml.audit.reliability import reliability
from ml.audit.sizes import RESIZED
from ml.audit.versions import over_versions, since_anchor
from ml.audit.words import (
    HEADLINES,
    LEFT_OUT,
    NOBODY_COMPARED,
    TO_DO,
    TO_DO_ATTRIBUTES,
    TO_DO_SERVING,
    figure,
    slice_name,
    too_few,
)
from ml.evaluation.metrics import METRICS, POINTED, Metric
from ml.evaluation.statistics import ERROR, LEAST_SHOWN, MIN_USERS

Report = Mapping[str, Any]
Row = Mapping[str, Any]


def write_report(
    report: Report, previous: Sequence[Report], power: Mapping[str, Any] | None, out: Path
) -> None:
    """Writes report.json and report.html into `out`, creating the folder."""
    out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False)
    (out / "report.json").write_text(text + "\n", encoding="utf-8")
    (out / "report.html").write_text(page(report, previous, power), encoding="utf-8")


def page(
    report: Report, previous: Sequence[Report] = (), power: Mapping[str, Any] | None = None
) -> str:
    """Renders the whole page; it needs no other file and no script."""
    css = Path(__file__).with_name("report.css").read_text(encoding="utf-8")
    sections = (
        _headline(report),
        _to_do(report),
        named(report, _metrics(report)),
        _measured(report),
        *_surfaces(report),
        churned(report),
        coverage(report),
        since_anchor(report),
        over_versions(report, previous, _metrics(report)),
        reliability(power) if power else "",
        _left_out(),
    )
    title = f"Audit of {report['version']}"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{css}</style></head>"
        f"<body><main>{''.join(sections)}</main></body></html>\n"
    )


def _metrics(report: Report) -> dict[str, Metric]:
    since = (m for name in report["references"] for m in since_metrics(name))
    beside = book_metrics() if BOOK in report.get("beside", ()) else ()
    told = {row["metric"] for row in report["slices"]}
    more = (m for m in (*POINTED, *SUGGESTED, *DECLINED, *RESIZED) if m.name in told)
    goals = goal_metrics(report.get("goals", ()))
    return {metric.name: metric for metric in (*METRICS, *more, *goals, *beside, *since)}


def _headline(report: Report) -> str:
    verdict = report["verdict"]
    people = sum(s["users"] for s in report["surfaces"])
    visits = sum(s["visits"] for s in report["surfaces"])
    told = NOBODY_COMPARED if is_nobody_compared(report) else HEADLINES[verdict]
    label = '<p class="simulated">Some or all of these people are <b>simulated</b>, not real.</p>'
    return (
        f'<header class="{verdict}"><p class="soft">Audit of version {escape(report["version"])}, '
        f"look {report['look']}</p><h1>{chip(verdict)}: {told}</h1>"
        f"<p>{escape(compared(report))}: "
        f"{people:,} people, {visits:,} visits.{_drawn(report)} "
        "Seconds are <b>modelled, not measured</b>.</p>"
        f"{label if report['simulated'] else ''}</header>"
    )


def _drawn(report: Report) -> str:
    of = report.get("drawn")
    if not of:
        return ""
    return (
        f" {of['people']:,} of the page's {of['of']:,} people were drawn, everybody with the same "
        "chance: small slices have fewer people than the page has."
    )


def _measured(report: Report) -> str:
    rows = "".join(
        f"<tr><th scope=row>{escape(s['surface'])}</th><td>{s['users']:,}</td>"
        f"<td>{s['visits']:,}</td><td>{s['first'][:10]} to {s['last'][:10]}</td>"
        f"<td>{figure(s['seconds'], METRICS[0].unit)}</td>{_by_book(s)}</tr>"
        for s in report["surfaces"]
    )
    return (
        f"<section><h2>What was measured</h2>{_scroll('What was measured')}<table><tr>"
        "<th scope=col>Surface</th><th scope=col>People</th><th scope=col>Visits</th>"
        "<th scope=col>Dates</th><th scope=col>Time against the default layout</th>"
        f"{_head_by_book(report)}"
        f"</tr>{rows}</table></div><p>Every slice is compared with all other people on the same "
        "surface: how much more (or less) does this version cost or give them, against the default "
        "layout on the very same visits? A positive difference means worse off than the rest.</p>"
        '<p class="soft">Green band: the tolerance. Thick line: the '
        f"{1 - ERROR:.0%} interval of this slice. Thin line: the same with the error shared over "
        f"all comparisons and looks, so that a false alarm stays rarer than {ERROR:.0%} over all "
        f"of them. Within: the thick line lies in the band. Exceeds: the thin line lies outside. "
        f"Slices under {MIN_USERS} people are always inconclusive; those under {LEAST_SHOWN} are "
        "listed without figures, which would tell of single persons.</p></section>"
    )


def _by_book(surface: Mapping[str, Any]) -> str:
    if "by_book" not in surface:
        return ""
    return f"<td>{figure(surface['by_book'], METRICS[0].unit)}</td>"


def _head_by_book(report: Report) -> str:
    return "<th scope=col>The same, by book</th>" if BOOK in report.get("beside", ()) else ""


def _surfaces(report: Report) -> Iterable[str]:
    metrics = _metrics(report)
    for surface, group in groupby(report["slices"], key=lambda row: row["surface"]):
        rows = list(group)
        gated = [m for m in metrics.values() if m.tolerance is not None]
        plots = "".join(intervals(m, rows) for m in gated if m in METRICS)
        beside = [m for m in gated if m in book_metrics()]
        if beside:
            plots += _beside(beside, rows)
        others = (*METRICS, *beside)
        since = "".join(intervals(m, rows) for m in gated if m not in others)
        if since:
            told = "Against the champion and the anchor, on the same visits"
            plots += f"<details><summary>{told}</summary>{since}</details>"
        ungated = [m for m in metrics.values() if m.tolerance is None]
        yield (
            f"<section><h2>Surface {escape(surface)}</h2>{plots}"
            "<details><summary>Other figures, which no gate uses</summary>"
            f"{_table(ungated, rows)}</details></section>"
        )


def _beside(metrics: Sequence[Metric], rows: Sequence[Row]) -> str:
    told = (
        "Above, the engine decides for everybody. Here the same people on the same visits are "
        "served by a byte of the page's book, as on a page from a cache; both are judged."
    )
    plots = "".join(intervals(m, rows) for m in metrics)
    return f'<h3>Served by a byte</h3><p class="soft">{told}</p>{plots}'


def _table(metrics: Sequence[Metric], rows: Sequence[Row]) -> str:
    head = "".join(f"<th scope=col>{escape(m.title)}<br>{escape(m.unit)}</th>" for m in metrics)
    cells: dict[str, dict[str, Row]] = {}
    for row in rows:
        cells.setdefault(slice_name(row["slice"]), {})[row["metric"]] = row
    lines = "".join(
        f"<tr><th scope=row>{escape(name)}</th><td>{next(iter(of.values()))['users']:,}</td>"
        + "".join(f"<td>{_plain(of[m.name])}</td>" for m in metrics)
        + "</tr>"
        for name, of in cells.items()
        if not all(too_few(row) for row in of.values())
    )
    return (
        '<p class="soft">The slice\'s own figure, and its difference from the rest with its '
        f"{1 - ERROR:.0%} interval. People differ in these under any layout. "
        f"Slices under {LEAST_SHOWN} people are left out.</p>"
        f"{_scroll('Other figures')}<table><tr><th scope=col>Slice</th>"
        f"<th scope=col>People</th>{head}</tr>{lines}</table></div>"
    )


def _scroll(name: str) -> str:
    """Opens a wide table's own scroll area, which the keyboard reaches."""
    return f'<div class="scroll" tabindex="0" role="region" aria-label="{name}">'


def _plain(row: Row) -> str:
    if row["value"] is None or row["estimate"] is None or too_few(row):
        return "–"
    ends = row["interval"]
    span = f" [{ends[0]:+.3g}, {ends[1]:+.3g}]" if ends else ""
    return f"{row['value']:.3g}<br><span class=soft>{row['estimate']:+.3g}{span}</span>"


def _to_do(report: Report) -> str:
    texts = TO_DO_SERVING if report.get("serves") else TO_DO
    first, *then = texts[report["verdict"]]
    lacking = "" if report["verdict"] == "exceeds" else more_people(report)
    if is_nobody_compared(report):
        first, lacking = TO_DO_ATTRIBUTES, ""
    steps = "".join(f"<p>{step}</p>" for step in then)
    return f"<section><h2>What to do first</h2><p><b>{first}</b></p>{lacking}{steps}</section>"


def _left_out() -> str:
    items = "".join(f"<li>{sentence}</li>" for sentence in LEFT_OUT)
    return f"<section><h2>What these numbers leave out</h2><ul>{items}</ul></section>"
