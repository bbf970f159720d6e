"""Held-back people: who they are, what a version costs them, and whether that is worse than before.

A fifth of a surface's people never trains any of its versions, so that champion and challenger are
compared on visits that neither has seen. Seconds are modelled (`audit_metrics`), not measured.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ml.data.histories import visits_of
from ml.evaluation.metrics import visit_values
from ml.evaluation.policies import policy
from ml.evaluation.replay import replay
from ml.evaluation.replay_file import read_replay, used_blocks
from ml.progress import Progress
from uiengine.cost.energy import Floats
from uiengine.model.version_folder import load_version
from uiengine.page.reading_order import default_order
from uiengine.page.surface import Surface

HELD_BACK = 20
"""Percent of people, always the same ones."""
DRAWS = 2000
"""Of the bootstrap."""
LEVEL = 0.95
"""Of the one-sided interval."""
DEFAULT = "default"
"""Name of the layout that everybody starts with."""


def is_held_back(surface: str, user: str) -> bool:
    digest = hashlib.sha256(f"held back\n{surface}\n{user}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % 100 < HELD_BACK


def split(visits: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows to train on, and those of held-back people."""
    pairs = zip(visits["surface"], visits["user"], strict=True)
    held = np.fromiter((is_held_back(s, u) for s, u in pairs), dtype=bool, count=len(visits))
    return visits[~held], visits[held]


@dataclass(frozen=True)
class Paired:
    """Per held-back person, summed over their visits: seconds under each of two layouts, and uses.

    against: what the challenger is compared with, `champion` or `default`.
    """

    against: str
    champion: tuple[float, ...]
    challenger: tuple[float, ...]
    visits: int


@dataclass(frozen=True)
class Interval:
    """Of the challenger's seconds minus the other's, as a share of the other's. high: upper end of
    the one-sided 95 % interval; low: lower end of the other one-sided one."""

    estimate: float
    low: float
    high: float


def compare(
    visits: pd.DataFrame,
    surface: Surface,
    folders: Mapping[str, Path],
    work: Path,
    progress: Progress = lambda share, text: None,
) -> Paired:
    """Replays held-back visits under each version of `folders`: `challenger`, and `champion` or
    nothing. The past of a visit holds the visits of all people, as it would when serving."""
    _, held = split(visits)
    users = frozenset(held["user"])
    sums: dict[str, pd.DataFrame] = {}
    for number, (name, folder) in enumerate(folders.items()):
        lines = work / f"{name}.heldback.jsonl"

        def show(share: float, at: str, name: str = name, number: int = number) -> None:
            progress((number + share) / len(folders), f"replaying the {name}: {at}")

        _replay(visits, users, surface, folder, lines, show)
        sums[name] = _sums(lines, held, surface)
    challenger = sums["challenger"]
    against = "champion" if "champion" in sums else DEFAULT
    other = (
        sums["champion"]["policy_seconds"]
        if against == "champion"
        else challenger["default_seconds"]
    )
    return Paired(
        against,
        tuple(map(float, other)),
        tuple(map(float, challenger["policy_seconds"])),
        int(challenger["visits"].sum()),
    )


def _replay(
    visits: pd.DataFrame,
    users: frozenset[str],
    surface: Surface,
    folder: Path,
    out: Path,
    progress: Progress,
) -> None:
    defaults = {surface.slug: default_order(surface)}
    decide = policy("engine", load_version(folder), defaults, 64, 0)
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("w", encoding="utf-8") as file:
        pages = {surface.slug: surface}
        for line in replay(visits_of(visits), pages, defaults, decide, progress, only=users):
            file.write(json.dumps(line, ensure_ascii=False) + "\n")


def _sums(lines: Path, held: pd.DataFrame, surface: Surface) -> pd.DataFrame:
    """A row per person, in order of their names."""
    if not len(held):
        return pd.DataFrame(columns=["policy_seconds", "default_seconds", "visits"])
    shown = read_replay(lines, used_blocks(held))
    values = visit_values(shown, {surface.slug: surface})
    columns = ["policy_seconds", "default_seconds", "visits"]
    return values.groupby("user", sort=True)[columns].sum()


def interval(champion: Sequence[float], challenger: Sequence[float], seed: int = 0) -> Interval:
    """People are resampled, not visits: Σ(challenger − champion) / Σ champion. Efron's percentile
    interval; nothing can be said of fewer than two people."""
    base, other = np.array(champion, dtype=float), np.array(challenger, dtype=float)
    if len(base) < 2 or not base.sum():
        return Interval(0.0, -np.inf, np.inf)
    drawn = _resampled(base, other - base, np.random.default_rng(seed))
    low, high = np.quantile(drawn, [1 - LEVEL, LEVEL])
    return Interval(float((other - base).sum() / base.sum()), float(low), float(high))


def _resampled(base: Floats, change: Floats, generator: np.random.Generator) -> Floats:
    """The share in each draw, (DRAWS,)."""
    found = np.empty(DRAWS)
    for i in range(DRAWS):
        people = generator.integers(0, len(base), len(base))
        found[i] = change[people].sum() / base[people].sum()
    return found
