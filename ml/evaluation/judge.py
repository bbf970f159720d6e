"""Judges a replay: captured gain, modelled seconds, reading and moves, visit by visit.

The time to select a block at rank r (from 0), for a user of expertise e who chooses it with
probability q:

    T        = (1 − e)·T_search + e·min(T_decide, T_search) + T_point      seconds
    T_search = 0.30 + 0.08·(r + 1)      T_decide = 0.24 − 0.08·log2 q
    T_point  = 0.37 + 0.13·log2(r + 1.5)

The coefficients are written out here, so that the judge does not change with the engine. Reading
follows Todi et al. (CHI 2021).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from uiengine.behaviour.profile import familiarity_kept
from uiengine.cost.energy import expertise

Floats = npt.NDArray[np.float64]


@dataclass
class SeenLayouts:
    """The orders one user has seen on a surface under one policy, and the resulting familiarity."""

    order: tuple[str, ...] = ()
    familiarity: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def see(self, order: tuple[str, ...]) -> tuple[dict[str, int], int]:
        """Shows an order; returns each block's rank in the previous visit and the number moved."""
        now = {b: r for r, b in enumerate(order)}
        before = {b: r for r, b in enumerate(self.order)} or now
        for block, rank in now.items():
            self.familiarity[block] *= familiarity_kept(rank - before.get(block, rank))
        moved = sum(before.get(b, r) != r for b, r in now.items())
        self.order = order
        return before, moved

    def use(self, blocks: Iterable[str]) -> None:
        for block in blocks:
            self.familiarity[block] += 1


def selection_seconds(
    used: Sequence[str], order: Sequence[str], walk: SeenLayouts, choice: dict[str, float]
) -> float:
    """Returns the mean T over the used blocks. choice: q of each block."""
    ranks = np.array([order.index(b) for b in used], dtype=np.float64)
    expert = expertise(np.array([walk.familiarity[b] for b in used]))
    search = 0.30 + 0.08 * (ranks + 1)
    decide = 0.24 - 0.08 * np.log2(np.array([choice[b] for b in used]))
    point = 0.37 + 0.13 * np.log2(ranks + 1.5)
    return float(np.mean((1 - expert) * search + expert * np.minimum(decide, search) + point))


def reading_seconds(
    used: Sequence[str], order: Sequence[str], before: dict[str, int], uses: dict[str, float]
) -> float:
    """Returns the mean reading time of the used blocks.

    Each of the blocks down to the smaller of old and new rank costs 2 / (1 + uses) seconds; a block
    that moved down adds 0.2 + 2·(places moved) seconds.
    """
    total = 0.0
    for block in used:
        rank, old = order.index(block), before.get(block, order.index(block))
        total += sum(2.0 / (1 + uses[b]) for b in order[: min(rank, old) + 1])
        total += 0.2 + 2.0 * (rank - old) if rank > old else 0.0
    return total / len(used)


def judge_visit(row: dict[str, Any], used: list[str], subject: dict[str, Any]) -> dict[str, float]:
    """Returns the figures of one visit: policy (P), static order (S), clairvoyant order (C)."""
    blocks, uses = row["default"], subject["uses"]
    total = sum(uses.values()) + 0.5 * len(blocks)
    choice = {b: max(0.001, (uses[b] + 0.5) / total) for b in blocks}
    figures = {"C": (len(used) - 1) / 2}
    for name, order in (("P", [p["id"] for p in row["layout"]]), ("S", row["default"])):
        walk = subject[name]
        before, moved = walk.see(tuple(order))
        figures[name] = float(np.mean([order.index(b) for b in used]))
        figures[f"seconds_{name}"] = selection_seconds(used, order, walk, choice)
        figures[f"reading_{name}"] = reading_seconds(used, order, before, uses)
        figures[f"moved_{name}"] = float(moved)
        walk.use(used)
    for block in used:
        uses[block] += 1
    return figures


def judge(
    rows: Iterable[dict[str, Any]], visits: dict[tuple[str, str, str], list[str]]
) -> Iterator[dict[str, Any]]:
    """Yields a summary per surface. visits: blocks used per (surface, user, at)."""
    subjects: dict[tuple[str, str], dict[str, Any]] = {}
    figures: dict[str, list[dict[str, float]]] = defaultdict(list)
    for row in rows:
        key = (row["surface"], row["user"])
        new = {"P": SeenLayouts(), "S": SeenLayouts(), "uses": defaultdict(float)}
        subject = subjects.setdefault(key, new)
        used = visits[(row["surface"], row["user"], str(row["at"]))]
        found = judge_visit(row, used, subject)
        figures[row["surface"]].append(
            {**found, "visit": row["visit"], "tokens": len(row["tokens"])}
        )
    for surface in sorted(figures):
        yield {"surface": surface, **summary(figures[surface])}


def summary(found: list[dict[str, float]]) -> dict[str, float]:
    """Averages a surface's figures; seconds and reading are relative to the static order."""
    columns = {name: np.array([f[name] for f in found]) for name in found[0]}
    first = columns["visit"] < 3
    return {
        "visits": len(found),
        "captured": captured(columns, np.ones_like(first)),
        "captured_first_three": captured(columns, first),
        "captured_first": captured(columns, columns["visit"] == 0),
        "seconds": float(columns["seconds_P"].mean() / columns["seconds_S"].mean()),
        "reading": float(columns["reading_P"].mean() / columns["reading_S"].mean()),
        "moved": float(columns["moved_P"].mean()),
        "tokens": float(columns["tokens"].mean()),
    }


def captured(columns: dict[str, Floats], where: npt.NDArray[np.bool_]) -> float:
    """Returns (S − P)/(S − C), the share of the clairvoyant order's gain in mean rank."""
    static, policy, best = (columns[name][where].mean() for name in "SPC")
    return float((static - policy) / (static - best)) if static > best else 0.0
