"""Compares champion and challenger on people whom no version was trained on.

A fifth of a surface's people is held back from every training. Seconds are modelled (`metrics`),
not measured.
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
"""Percent of people held back, always the same ones."""
DRAWS = 2000
"""Bootstrap draws."""
LEVEL = 0.95
"""Level of the one-sided interval."""
DEFAULT = "default"
"""Name of the default layout in comparisons."""


def is_held_back(surface: str, user: str) -> bool:
    """Decides by a hash of surface and user."""
    digest = hashlib.sha256(f"held back\n{surface}\n{user}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % 100 < HELD_BACK


def split(visits: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Splits rows into those to train on and those of held-back people."""
    pairs = zip(visits["surface"], visits["user"], strict=True)
    held = np.fromiter((is_held_back(s, u) for s, u in pairs), dtype=bool, count=len(visits))
    return visits[~held], visits[held]


@dataclass(frozen=True)
class Paired:
    """Modelled seconds of each held-back person under two policies, summed over visits.

    against: what the challenger is compared with, `champion` or `default`; `champion` holds its
    seconds in both cases. visits: number of visits compared.
    """

    against: str
    champion: tuple[float, ...]
    challenger: tuple[float, ...]
    visits: int


@dataclass(frozen=True)
class ExcessInterval:
    """The challenger's extra seconds as a share of the other's, with one-sided 95 % bounds."""

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
    """Replays the visits of held-back people under challenger and champion.

    Args:
        visits: of all people, as every visit counts as history.
        folders: version folders, `challenger` and optionally `champion`; without a champion the
            challenger is compared with the default layout.
        work: folder for the replay files.
    """
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
    """Sums seconds and visits per person, ordered by name."""
    if not len(held):
        return pd.DataFrame(columns=["policy_seconds", "default_seconds", "visits"])
    shown = read_replay(lines, used_blocks(held))
    values = visit_values(shown, {surface.slug: surface})
    columns = ["policy_seconds", "default_seconds", "visits"]
    return values.groupby("user", sort=True)[columns].sum()


def interval(
    champion: Sequence[float], challenger: Sequence[float], seed: int = 0
) -> ExcessInterval:
    """Estimates Σ(challenger − champion) / Σ champion with Efron's percentile interval.

    People are resampled, not visits. With fewer than two people the bounds are infinite.
    """
    base, other = np.array(champion, dtype=float), np.array(challenger, dtype=float)
    if len(base) < 2 or not base.sum():
        return ExcessInterval(0.0, -np.inf, np.inf)
    drawn = _resampled(base, other - base, np.random.default_rng(seed))
    low, high = np.quantile(drawn, [1 - LEVEL, LEVEL])
    return ExcessInterval(float((other - base).sum() / base.sum()), float(low), float(high))


def _resampled(base: Floats, change: Floats, generator: np.random.Generator) -> Floats:
    """Returns the estimate of each bootstrap draw, (DRAWS,)."""
    found = np.empty(DRAWS)
    for i in range(DRAWS):
        people = generator.integers(0, len(base), len(base))
        found[i] = change[people].sum() / base[people].sum()
    return found
