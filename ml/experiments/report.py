"""Renders the experiments' page from JSON lines, and tables for `ml/README.md`."""

from __future__ import annotations

import html
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ml.experiments.judging import Line
from ml.experiments.tables import of, surfaces, tables

IN_README = (
    "Ours and peers",
    "Bits a user may spend, tokens alone",
    "Bits of a layout that people made",
    "Ideas over seeds",
    "Each idea switched alone",
    "Visits that are learned from",
    "Demand as trained and calibrated",
    "Simulated people over retrains",
    "A retrain from four starts",
)
STYLE = """body{font:16px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;
color:#1c2733}table{border-collapse:collapse;margin:1rem 0}th,td{padding:.2rem .7rem;
text-align:right;border-bottom:1px solid #d8dee5}th:first-child,td:first-child{text-align:left}
svg{max-width:100%;
height:auto}code{background:#f0f3f6;padding:0 .2rem}.note{color:#52606d}.wide{overflow-x:auto}"""
NOTE = """Captured gain: the share of a clairvoyant order's gain in mean rank over the static
popularity order. Only users that nothing was learned from are judged. Seconds and reading are
modelled, not measured, as a share of the static order's."""


def read(folder: Path, names: Iterable[str]) -> list[Line]:
    """Reads all lines of the experiments that have run."""
    found: list[Line] = []
    for name in names:
        path = folder / f"{name}.jsonl"
        if path.exists():
            found += [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return found


def write(lines: Sequence[Line], folder: Path) -> Path:
    """Writes the page, and all lines in one file beside it; returns the page's path."""
    whole = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    (folder / "experiments.jsonl").write_text(whole, "utf-8")
    page = folder / "report.html"
    page.write_text(as_html(lines), "utf-8")
    return page


def markdown(lines: Sequence[Line], titles: Iterable[str]) -> str:
    """Renders the tables with the given titles as Markdown."""
    wanted = set(titles)
    parts = []
    for title, head, rows in tables(lines):
        if title in wanted:
            body = [head, ["---"] * len(head), *rows]
            parts.append(
                f"*{title}*\n\n" + "\n".join("| " + " | ".join(row) + " |" for row in body)
            )
    return "\n\n".join(parts) + "\n"


def as_html(lines: Sequence[Line]) -> str:
    commands = sorted({(x["commit"], x["command"]) for x in lines})
    is_simulated = all(line.get("data") == "simulated" for line in lines)
    note = f"{NOTE} Everything here is simulated, in miniature." if is_simulated else NOTE
    made = "".join(
        f"<li><code>{html.escape(command)}</code> at {html.escape(commit)}</li>"
        for commit, command in commands
    )
    parts = [
        f"<h2>{html.escape(title)}</h2>{_html(head, rows)}" for title, head, rows in tables(lines)
    ]
    return (
        "<!doctype html><html lang='en'><meta charset='utf-8'><title>Experiments</title>"
        f"<style>{STYLE}</style><h1>Experiments</h1><p class='note'>{note}</p><ul>{made}</ul>"
        f"{plots(lines)}{''.join(parts)}</html>\n"
    )


def _html(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    top = "".join(f"<th scope='col'>{html.escape(h)}</th>" for h in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(value)}</td>" for value in row) + "</tr>"
        for row in rows
    )
    return f"<div class='wide'><table><tr>{top}</tr>{body}</table></div>"


def plots(lines: Sequence[Line]) -> str:
    """Draws bits, past visits and retrains against captured gain, as inline SVG."""
    parts = []
    few = of(lines, "curves", kind="few_shot")
    for slug in surfaces(few):
        mine = [x for x in few if x["surface"] == slug]
        parts.append(_plot(mine, "policy", "past", f"{slug}: past visits", is_log=True))
    bits = of(lines, "curves", kind="bits", policy="tokens")
    parts.append(_plot(bits, "surface", "bits", "Bits a user may spend", is_log=True))
    made = [x for x in of(lines, "layouts") if x["bits"]]
    title = "Bits of a layout that people made"
    parts.append(_plot(made, "part", "bits", title, y="matched_iou", is_log=True))
    parts.append(_plot(of(lines, "lock_in"), "learner", "retrains", "Retrains, simulated people"))
    return "".join(parts)


def _plot(
    found: Sequence[Line],
    series: str,
    x: str,
    title: str,
    *,
    y: str = "captured",
    is_log: bool = False,
) -> str:
    """Plots `y` against x, a line per value of `series`; empty where there are no lines."""
    if not found:
        return ""
    figure = Figure(figsize=(7, 3.2), layout="constrained")
    axes: Axes = figure.subplots()
    for name in dict.fromkeys(line[series] for line in found):
        points = sorted((line[x], line[y]) for line in found if line[series] == name)
        across = [p + 1 if is_log and x == "past" else p for p, _ in points]
        axes.plot(across, [gain for _, gain in points], marker="o", ms=3, label=str(name))
    if is_log:
        ticks = sorted({line[x] + (x == "past") for line in found})
        axes.set_xscale("log")
        axes.set_xticks(ticks, [str(t - (x == "past")) for t in ticks])
        axes.minorticks_off()
    axes.set(title=title, ylabel={"captured": "captured gain"}.get(y, y.replace("_", " ")))
    axes.axhline(0, color="#9aa5b1", lw=0.8)
    axes.legend(fontsize=8, frameon=False)
    file = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": title, "svg.fonttype": "none"}):
        figure.savefig(file, format="svg", metadata={"Date": None})
    drawn = file.getvalue()
    return drawn[drawn.index("<svg") :]
