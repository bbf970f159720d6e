"""Renders the report's sections on change: since the anchor, and over audited versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from ml.audit.plots import looks_plot, nothing_to_plot, reach
from ml.audit.references import since_metrics
from ml.audit.words import figure, slice_name, too_few, written
from ml.evaluation.metrics import GATED, Metric
from ml.evaluation.statistics import MIN_USERS

Report = Mapping[str, Any]
Row = Mapping[str, Any]


def since_anchor(report: Report) -> str:
    """Renders the change of slices since the anchor, the first approved version, kept frozen."""
    if "anchor" not in report["references"]:
        told = (
            "This audit was not compared with an anchor: the version is the first approved one "
            "itself, or there is none yet."
        )
        return _section("Since the anchor", f"<p>{told}</p>")
    rows = [r for r in report["slices"] if r["metric"].endswith("_since_anchor")]
    items = "".join(
        f"<li><b>{escape(metric.title)}</b>: {_changed(_of(rows, since))}</li>"
        for metric, since in zip(GATED, since_metrics("anchor"), strict=True)
    )
    told = (
        "The anchor is the first version that was approved here, frozen. Small steps that no "
        "comparison with the last version would notice add up against it. The figures are how much "
        "more (+) or less (−) a slice lost since then than everybody else."
    )
    return _section("Since the anchor", f"<p>{told}</p><ul>{items}</ul>")


def _of(rows: Sequence[Row], metric: Metric) -> list[Row]:
    return [r for r in rows if r["metric"] == metric.name and r["estimate"] is not None]


def _changed(rows: Sequence[Row]) -> str:
    """Counts the verdicts and names the largest change of a slice that is large enough to judge."""
    if not rows:
        return "nothing to compare."
    counts = [row["verdict"] for row in rows]
    tally = ", ".join(f"{counts.count(v)} {v}" for v in dict.fromkeys(sorted(counts)))
    large = [row for row in rows if row["users"] >= MIN_USERS]
    if not large:
        return f"{tally}; no slice has {MIN_USERS} people."
    most = max(large, key=lambda row: abs(row["estimate"]))
    if not most["estimate"]:
        return f"{tally}; nothing changed for any slice of {MIN_USERS} people or more."
    ends = [figure(end, most["unit"]) for end in most["interval"] or ()]
    span = f" ({ends[0]} to {ends[1]})" if ends else ""
    return (
        f"{tally}; the largest change of a slice of {MIN_USERS} people or more is "
        f"{figure(most['estimate'], most['unit'])}{span}, "
        f"{escape(slice_name(most['slice']))} on {escape(most['surface'])}."
    )


def over_versions(report: Report, previous: Sequence[Report], metrics: Mapping[str, Metric]) -> str:
    """Plots each metric of each single-attribute slice, a dot per look; empty at the first look."""
    if not previous:
        return ""
    looks = [*previous, report]
    history: dict[tuple[str, str, str], list[tuple[int, Row]]] = {}
    for one in looks:
        for row in one["slices"]:
            if len(row["slice"]) == 1 and row["estimate"] is not None and not too_few(row):
                key = (row["metric"], row["surface"], slice_name(row["slice"]))
                history.setdefault(key, []).append((one["look"], row))
    gated = [_plots(m, history) for m in metrics.values() if m.tolerance is not None]
    others = [_plots(m, history) for m in metrics.values() if m.tolerance is None]
    names = "".join(f"<li value={one['look']}>{escape(one['version'])}</li>" for one in looks)
    told = (
        "One dot a look with its 95 % interval, oldest on the left; higher is worse off, but for "
        "the figures that no gate uses, where it is more. Each look counts only the visits since "
        "the last."
    )
    return _section(
        "Over the versions",
        f"<p>{told}</p><details><summary>Which version each look was of</summary><ol>{names}</ol>"
        f"</details>{''.join(gated)}<details><summary>Figures that no gate uses</summary>"
        f"{''.join(others)}</details>",
    )


def _plots(metric: Metric, history: Mapping[tuple[str, str, str], list[tuple[int, Row]]]) -> str:
    shown = {key: rows for key, rows in history.items() if key[0] == metric.name}
    if not shown:
        return ""
    every = [row for rows in shown.values() for _, row in rows]
    if told := nothing_to_plot(every):
        return f'<h3>{escape(metric.title)}</h3><p class="soft">{told}</p>'
    scale = reach(every)
    plots = "".join(
        f"<div>{looks_plot(rows, scale, f'{s} on {surface}')}{escape(s)} on {escape(surface)}</div>"
        for (_, surface, s), rows in shown.items()
    )
    is_open = " open" if metric == GATED[0] else ""
    reached = written(scale, metric.unit, sign=False)
    return (
        f"<details{is_open}><summary><b>{escape(metric.title)}</b> "
        f'<span class="soft">drawn to ± {reached} ({escape(metric.unit)})</span></summary>'
        f'<div class="looks">{plots}</div></details>'
    )


def _section(title: str, inside: str) -> str:
    return f"<section><h2>{title}</h2>{inside}</section>"
