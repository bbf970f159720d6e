"""Compares two reports slice by slice, of two versions or of two looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from webapp.audits.models import AuditReport
from webapp.audits.words import slice_name, too_few

Row = Mapping[str, Any]
Key = tuple[str, str, str]
WORST_FIRST = ("exceeds", "inconclusive", "within")


@dataclass(frozen=True)
class Pair:
    """A gated figure of one slice in both reports; None where a report lacks it."""

    slice: str
    metric: str
    unit: str
    tolerance: float
    left: Row | None
    right: Row | None

    @property
    def is_changed(self) -> bool:
        return _verdict(self.left) != _verdict(self.right)

    @property
    def cells(self) -> list[dict[str, str]]:
        return [_cell(row, self.unit) for row in (self.left, self.right)]


@dataclass(frozen=True)
class Comparison:
    left: AuditReport
    right: AuditReport
    pairs: Sequence[Pair]

    @property
    def changed(self) -> list[Pair]:
        return [pair for pair in self.pairs if pair.left and pair.right and pair.is_changed]

    @property
    def same(self) -> list[Pair]:
        return [pair for pair in self.pairs if not pair.is_changed]

    @property
    def single(self) -> list[Pair]:
        """Slices, and comparisons with champion or anchor, that only one report has."""
        return [pair for pair in self.pairs if not (pair.left and pair.right)]

    @property
    def is_one_surface(self) -> bool:
        return self.left.surface_id == self.right.surface_id


def compare(left: AuditReport, right: AuditReport) -> Comparison:
    """Compares two reports given in any order; the older one goes to the left."""
    if left.created_at > right.created_at:
        left, right = right, left
    one, other = _gated(left), _gated(right)
    pairs = [
        Pair(
            slice=f"{name} on {surface}",
            metric=metric.replace("_", " "),
            unit=given["unit"],
            tolerance=given["tolerance"],
            left=one.get((surface, name, metric)),
            right=other.get((surface, name, metric)),
        )
        for (surface, name, metric), given in {**other, **one}.items()
    ]
    return Comparison(left, right, sorted(pairs, key=_place))


def _gated(report: AuditReport) -> dict[Key, Row]:
    return {
        (str(row["surface"]), slice_name(row["slice"]), str(row["metric"])): row
        for row in report.report.get("slices", [])
        if row["verdict"]
    }


def _place(pair: Pair) -> tuple[int, str, str]:
    """Sort key that puts the worst verdict of either report first."""
    found = [_verdict(row) for row in (pair.left, pair.right)]
    return min(WORST_FIRST.index(v) for v in found if v), pair.metric, pair.slice


def _verdict(row: Row | None) -> str:
    return str(row["verdict"]) if row else ""


def _cell(row: Row | None, unit: str) -> dict[str, str]:
    if row is None:
        return {"verdict": "", "text": "not in this report"}
    if why := too_few(row):
        return {"verdict": row["verdict"], "text": "", "reason": why}
    span = _span(row["interval"], unit)
    text = f"{_figure(row['estimate'], unit)} {span} ({row['users']:,} people)"
    return {"verdict": row["verdict"], "text": text, "reason": row.get("reason", "")}


def _figure(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    return f"{100 * value:+.1f} %" if unit.startswith("share") else f"{value:+.2f}"


def _span(ends: Sequence[float] | None, unit: str) -> str:
    return f"[{_figure(ends[0], unit)}, {_figure(ends[1], unit)}]" if ends else ""
