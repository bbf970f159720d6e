"""Simulates a small cohort to audit, for --smoke and the tests; no real people are described.

Everyone has two favourite blocks. The policy puts those on top from the second visit on; the
caller chooses how people of the planted slice are treated instead.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

BLOCKS = tuple("abcdefgh")
Policy = Callable[[list[str], np.random.Generator], tuple[list[str], bool]]
"""Maps the layout that others get to the planted slice's layout and whether it explores."""


def as_others(order: list[str], rng: np.random.Generator) -> tuple[list[str], bool]:
    """Treats the planted slice like everybody else."""
    return order, False


def upside_down(order: list[str], rng: np.random.Generator) -> tuple[list[str], bool]:
    """Reverses the order, so that the most needed blocks come last."""
    return order[::-1], False


def explores(order: list[str], rng: np.random.Generator) -> tuple[list[str], bool]:
    """Shuffles the order on one visit in ten, and flags it as explored."""
    return (list(rng.permutation(order)), True) if rng.random() < 0.1 else (order, False)


def simulate(
    replay: Path, *, users: int, visits: int, planted: Policy = as_others, seed: int = 0
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Writes a replay and returns its visits and people; `planted` acts on disability Y (20 %)."""
    rng = np.random.default_rng(seed)
    people = pd.DataFrame(
        {
            "user": [f"simulated-{i}" for i in range(users)],
            "gender": rng.choice(["F", "M"], users),
            "disability": rng.choice(["Y", "N"], users, p=[0.2, 0.8]),
        }
    )
    favourites = [list(rng.choice(BLOCKS, 2, replace=False)) for _ in range(users)]
    rows, lines = [], []
    for visit in range(visits):
        at = (date(2030, 1, 1) + timedelta(days=visit)).isoformat()
        for i, (user, _, slice_) in enumerate(people.itertuples(index=False, name=None)):
            order = list(BLOCKS)
            if visit:
                order = favourites[i] + [b for b in BLOCKS if b not in favourites[i]]
            policy = planted if slice_ == "Y" else as_others
            order, explored = policy(order, rng)
            lines.append(_line(user, at, visit, order, explored))
            used = {str(rng.choice(favourites[i])), str(rng.choice(BLOCKS))}
            rows += [("page", user, at, block, 1) for block in sorted(used)]
    replay.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return pd.DataFrame(rows, columns=["surface", "user", "at", "block", "uses"]), people


def _line(user: str, at: str, visit: int, order: list[str], explored: bool) -> str:
    layout = [{"id": str(b), "x": 0, "y": y, "w": 12, "h": 1} for y, b in enumerate(order)]
    return json.dumps(
        {
            "user": user,
            "surface": "page",
            "at": at,
            "visit": visit,
            "layout": layout,
            "default": list(BLOCKS),
            "tokens": [0],
            "side_bits": 0,
            "distortion": 0.1,
            "explored": explored,
            "status": "adapted",
            "propensity": 1.0,
            "decide_ms": 1.0,
        }
    )
