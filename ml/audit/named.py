"""Renders the report's section that lists the slices behind the verdict by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from ml.audit.words import figure, own_side, slice_name, written
from ml.evaluation.metrics import Metric
from ml.evaluation.statistics import MIN_USERS

Row = Mapping[str, Any]


def named(report: Mapping[str, Any], metrics: Mapping[str, Metric]) -> str:
    """Renders the section; empty where every slice is within the tolerance."""
    gated = [row for row in report["slices"] if row["verdict"]]
    exceeding = [row for row in gated if row["verdict"] == "exceeds"]
    worse = [row for row in exceeding if row["direction"] == "worse"]
    unclear = [row for row in gated if row["verdict"] == "inconclusive"]
    large = [row for row in unclear if row["users"] >= MIN_USERS]
    small = _people(row for row in gated if row["users"] < MIN_USERS)
    parts = []
    if exceeding:
        better = len(exceeding) - len(worse)
        note = (
            f'<p class="soft">{counted(better, "more comparison")} in favour of the slice, beyond '
            "it too: mostly the same differences seen from the other side.</p>"
        )
        title = "Served worse than the rest, beyond the tolerance"
        parts.append(_items(title, worse, metrics, _by_place(report["slices"])))
        parts.append(note if better else "")
    if large:
        count = counted(len({_place(row) for row in large}), "slice")
        title = f"{count} of {MIN_USERS} people and more, still too uncertain to tell"
        parts.append(f"<details><summary>{title}</summary>{_items('', large, metrics)}</details>")
    if small:
        names = "; ".join(f"{escape(place)} ({people})" for place, people in small.items())
        count = counted(len(small), "slice")
        parts.append(
            f"<details><summary>{count} under {MIN_USERS} people, about which "
            f"no conclusion is drawn (how many in brackets)</summary><p>{names}</p></details>"
        )
    return f"<section><h2>By name</h2>{''.join(parts)}</section>" if parts else ""


def counted(count: int, noun: str) -> str:
    """Writes a number with its noun."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _items(
    title: str,
    rows: Sequence[Row],
    metrics: Mapping[str, Metric],
    own: Mapping[str, Mapping[str, Row]] | None = None,
) -> str:
    """Renders one item per slice with all its rows.

    own: rows by metric per slice; with them the item says whether the slice itself gains.
    """
    by_place: dict[str, list[Row]] = {}
    for row in rows:
        by_place.setdefault(_place(row), []).append(row)
    own = own or {}
    items = "".join(
        f"<li><b>{escape(place)}</b> ({max(row['users'] for row in mine):,} people)"
        f"<ul>{_own(mine, own.get(place, {}))}"
        f"{''.join(_item(row, metrics) for row in mine)}</ul></li>"
        for place, mine in by_place.items()
    )
    return f"{f'<h3>{title}</h3>' if title else ''}<ul>{items}</ul>"


def _item(row: Row, metrics: Mapping[str, Metric]) -> str:
    why = row.get("reason") or f"tolerance ± {written(row['tolerance'], row['unit'], sign=False)}"
    title = escape(metrics[row["metric"]].title.lower())
    return (
        f"<li>{title} {figure(row['estimate'], row['unit'])} against the rest; {escape(why)}</li>"
    )


def _by_place(rows: Sequence[Row]) -> dict[str, dict[str, Row]]:
    found: dict[str, dict[str, Row]] = {}
    for row in rows:
        found.setdefault(_place(row), {})[row["metric"]] = row
    return found


def _own(named: Sequence[Row], rows: Mapping[str, Row]) -> str:
    """Says whether the slice itself gains, where its seconds are among the rows."""
    told = own_side(rows) if any(row["metric"] == "seconds" for row in named) else ""
    return f"<li>{escape(told)}</li>" if told else ""


def _people(rows: Iterable[Row]) -> dict[str, int]:
    """Counts people per slice: the maximum over its metrics, as some metrics miss some people."""
    found: dict[str, int] = {}
    for row in rows:
        found[_place(row)] = max(row["users"], found.get(_place(row), 0))
    return found


def _place(row: Row) -> str:
    return f"{slice_name(row['slice'])} on {row['surface']}"
