"""The report's section that names the slices which the verdict is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from .audit_metrics import Metric
from .audit_statistics import MIN_USERS
from .audit_words import figure, slice_name, written

Row = Mapping[str, Any]


def named(report: Mapping[str, Any], metrics: Mapping[str, Metric]) -> str:
    """Which slices the verdict is about, by name."""
    gated = [row for row in report["slices"] if row["verdict"]]
    exceeding = [row for row in gated if row["verdict"] == "exceeds"]
    worse = [row for row in exceeding if row["direction"] == "worse"]
    unclear = [row for row in gated if row["verdict"] == "inconclusive"]
    large = [row for row in unclear if row["users"] >= MIN_USERS]
    small = {_place(row): None for row in gated if row["users"] < MIN_USERS}
    parts = []
    if exceeding:
        note = (
            f'<p class="soft">{len(exceeding) - len(worse)} more comparisons exceed it in favour '
            "of the slice: mostly the same differences seen from the other side.</p>"
        )
        parts.append(_items("Served worse than the rest, beyond the tolerance", worse, metrics))
        parts.append(note if len(exceeding) > len(worse) else "")
    if large:
        parts.append(_items("Enough people, but still too uncertain to tell", large, metrics))
    if small:
        names = "; ".join(map(escape, small))
        parts.append(
            f"<details><summary>{len(small)} slices under {MIN_USERS} people, about which "
            f"no conclusion is drawn</summary><p>{names}</p></details>"
        )
    return f"<section><h2>By name</h2>{''.join(parts)}</section>" if parts else ""


def _items(title: str, rows: Sequence[Row], metrics: Mapping[str, Metric]) -> str:
    items = "".join(
        f"<li><b>{escape(_place(row))}</b>: {escape(metrics[row['metric']].title.lower())} "
        f"{figure(row['estimate'], row['unit'])} against the rest ({row['users']:,} people; "
        f"tolerance ± {written(row['tolerance'], row['unit'], sign=False)})</li>"
        for row in rows
    )
    return f"<h3>{title}</h3><ul>{items}</ul>"


def _place(row: Row) -> str:
    return f"{slice_name(row['slice'])} on {row['surface']}"
