"""Renders the experiments' page from JSON lines, and tables for `ml/README.md`."""

from __future__ import annotations

import html
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ml.experiments.judging import Line

IN_README = (
    "Ours and peers",
    "Bits a user may spend, tokens alone",
    "Bits of a layout that people made",
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


def of(lines: Sequence[Line], experiment: str, **where: Any) -> list[Line]:
    wanted = {"experiment": experiment, **where}
    return [line for line in lines if all(line.get(k) == v for k, v in wanted.items())]


def surfaces(lines: Sequence[Line]) -> list[str]:
    return sorted({line["surface"] for line in lines if "surface" in line})


Table = tuple[str, list[str], list[list[str]]]


def tables(lines: Sequence[Line]) -> list[Table]:
    """Returns title, head and rows of every table that has lines."""
    made = [
        _policies(lines),
        _bits(lines),
        _layouts(lines),
        _few_shot(lines),
        _ablations(lines),
        _usage(lines),
        _limits(lines),
        _calibration(lines),
        _unseen(lines),
        _lock_in(lines),
        _retrains(lines),
    ]
    return [table for table in made if table[2]]


def _number(value: Any, digits: int = 3) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _wide(found: Sequence[Line], key: str, columns: Sequence[tuple[str, str]]) -> Table:
    """Builds a row per value of `key`, repeating the columns per surface."""
    names = list(dict.fromkeys(line[key] for line in found))
    slugs = surfaces(found)
    head = [key, *(f"{slug} {title}" for slug in slugs for _, title in columns)]
    cell = {(line[key], line["surface"]): line for line in found}
    rows = []
    for name in names:
        row = [str(name)]
        for slug in slugs:
            line = cell.get((name, slug), {})
            row += [_number(line.get(column)) for column, _ in columns]
        rows.append(row)
    return "", head, rows


def _policies(lines: Sequence[Line]) -> Table:
    found = [*of(lines, "curves", kind="policy"), *of(lines, "peers"), *of(lines, "codebooks")]
    columns = [
        ("captured", "all"),
        ("captured_first_three", "first three"),
        ("seconds", "seconds"),
        ("reading", "reading"),
        ("moved", "moved"),
    ]
    return ("Ours and peers", *_wide(found, "policy", columns)[1:])


def _bits(lines: Sequence[Line]) -> Table:
    found = of(lines, "curves", kind="bits", policy="tokens")
    columns = [("captured", "all"), ("captured_first_three", "first three")]
    return ("Bits a user may spend, tokens alone", *_wide(found, "bits", columns)[1:])


def _layouts(lines: Sequence[Line]) -> Table:
    rows = [
        [
            f"{line['part']} ({line['layouts']})",
            str(line["bits"]),
            _number(line["matched_iou"]),
            _number(line["without_search"]),
        ]
        for line in of(lines, "layouts")
    ]
    head = ["layouts of", "bits", "matched IoU", "without search"]
    return ("Bits of a layout that people made", head, rows)


def _retrains(lines: Sequence[Line]) -> Table:
    columns = [
        ("moved", "moved a person"),
        ("people_moved", "people moved"),
        ("first_token_kept", "first token kept"),
        ("engine", "captured"),
        ("eager", "captured, eager"),
        ("seconds", "s"),
    ]
    return ("A retrain from four starts", *_wide(of(lines, "retrains"), "part", columns)[1:])


def _few_shot(lines: Sequence[Line]) -> Table:
    found = of(lines, "curves", kind="few_shot")
    past = sorted({line["past"] for line in found})
    rows = [
        [
            f"{slug}, {policy}",
            *(
                _number(next((x["captured"] for x in mine if x["past"] == p), None), 2)
                for p in past
            ),
        ]
        for slug in surfaces(found)
        for policy in dict.fromkeys(line["policy"] for line in found)
        if (mine := [x for x in found if x["surface"] == slug and x["policy"] == policy])
    ]
    head = ["policy", *(f"{p}{'+' if p > 2 else ''}" for p in past)]
    return ("Captured gain by number of past visits", head, rows)


def _ablations(lines: Sequence[Line]) -> Table:
    found = of(lines, "ablations")
    columns = [
        ("captured", "eager"),
        ("captured_first_three", "first three"),
        ("tokens_captured", "tokens"),
        ("mean_tokens", "spent"),
    ]
    _, head, rows = _wide(found, "variant", columns)
    facts = {line["variant"]: line for line in found}
    for row in rows:
        fact = facts[row[0]]
        row += [_number(fact.get("used")), _number(fact.get("perplexity"), 0)]
        row.append(_number(fact.get("kl_within_band"), 2))
    return ("Each idea switched alone", [*head, "slots used", "perplexity", "KL in band"], rows)


def _usage(lines: Sequence[Line]) -> Table:
    names = ("stage", "slots", "used_slots", "spent_slots", "perplexity", "entropy_bits")
    rows = [[str(line[n]) for n in names] for line in of(lines, "curves", kind="usage")]
    head = ["stage", "slots", "used", "used as served", "perplexity", "entropy, bits"]
    return ("Codes that held-out users use", head, rows)


def _limits(lines: Sequence[Line]) -> Table:
    """Tabulates what a limit on the visits learned from costs; a row per limit and seed."""
    found = [{**x, "limit": f"{x['part']}, seed {x['seed']}"} for x in of(lines, "limits")]
    columns = [("captured", "all"), ("captured_first_three", "first three")]
    _, head, rows = _wide(found, "limit", columns)
    facts = {line["limit"]: line for line in found}
    for row in rows:
        row += [f"{facts[row[0]][name]:,.0f}" for name in ("learned_visits", "train_seconds")]
    return ("Visits that are learned from", [*head, "visits", "seconds"], rows)


def _calibration(lines: Sequence[Line]) -> Table:
    """Tabulates demand with the side input, as trained and as calibrated."""
    names = ("log_loss", "brier", "calibration_error")
    rows = []
    for line in of(lines, "calibration"):
        side = line["measured"]["side"]
        row = [line["surface"], line["part"], line["calibrated_on"]]
        row += [_number(side[when][name], 4) for name in names for when in ("before", "after")]
        rows.append([*row, _number(line["captured"])])
    measured = [
        f"{name.replace('_', ' ')}{when}" for name in names for when in ("", ", calibrated")
    ]
    head = ["surface", "trained", "calibrated on", *measured, "captured gain"]
    return ("Demand as trained and calibrated", head, rows)


def _unseen(lines: Sequence[Line]) -> Table:
    columns = [("captured_first", "first"), ("captured", "all")]
    found = _wide(of(lines, "unseen"), "policy", columns)
    return ("A course left out of training, against alphabetical order", *found[1:])


def _lock_in(lines: Sequence[Line]) -> Table:
    found = of(lines, "lock_in")
    rounds = sorted({line["retrains"] for line in found})
    rows = []
    for learner in dict.fromkeys(line["learner"] for line in found):
        mine = {x["retrains"]: x for x in found if x["learner"] == learner}
        for key, words in (("captured", "captured gain"), ("rare_found", "rare needs met")):
            values = [_number(mine[r][key], 2) if r in mine else "-" for r in rounds]
            rows.append([f"{learner}, {words}", *values])
    return ("Simulated people over retrains", ["learner", *map(str, rounds)], rows)


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
