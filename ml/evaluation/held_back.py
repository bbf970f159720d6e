"""Compares champion and challenger on people whom no version was trained on.

A fifth of a surface's people is held back from every training. Seconds are modelled (`metrics`),
not measured.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.data.histories import visits_of
from ml.data.sample import is_drawn
from ml.data.sums import Sums
from ml.evaluation.engine_policy import unexplained
from ml.evaluation.one_core import one_core
from ml.evaluation.pricing import visit_values
from ml.evaluation.replay import replay
from ml.evaluation.replay_file import read_replay, used_blocks
from ml.progress import Progress, within
from uiengine.behaviour.popularity import Popularity
from uiengine.cost.energy import Floats
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
    held = _rows_of(visits, is_held_back)
    return visits[~held], visits[held]


def _rows_of(visits: pd.DataFrame, is_wanted: Callable[[str, str], bool]) -> npt.NDArray[np.bool_]:
    """Marks the rows of people who are wanted, each of whom is asked for once."""
    people = pd.MultiIndex.from_frame(visits[["surface", "user"]])
    rows, found = people.factorize()
    wanted: npt.NDArray[np.bool_] = np.array([is_wanted(*person) for person in found], dtype=bool)
    return np.asarray(wanted[rows])


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
        visits: of all people, as every visit counts for the page's popularity.
        folders: version folders, `challenger` and optionally `champion`; without a champion the
            challenger is compared with the default layout.
        work: folder for the replay files.
    """
    known = Sums.of(visits_of(visits)).before_days()
    seconds = people_seconds([visits], known, surface, folders, work, progress)
    return paired([seconds], "champion" in folders)


def people_seconds(
    groups: Iterable[pd.DataFrame],
    popularity: Mapping[tuple[str, int], Popularity],
    surface: Surface,
    folders: Mapping[str, Path],
    work: Path,
    progress: Progress = lambda share, text: None,
    share: float = 1.0,
) -> pd.DataFrame:
    """Returns a row per held-back person of some people: user, modelled seconds, visits; nothing
    at all without groups.

    groups: all visits of different people, some people at a time. popularity: before each day, of
    everybody's visits (`ml.data.sums`). share: of the held-back people, drawn by a hash. The rest:
    see `compare`.
    """
    walks = [_Walk(name, folder, surface, work) for name, folder in folders.items()]
    found = []

    def is_walked(slug: str, user: str) -> bool:
        return is_held_back(slug, user) and is_drawn(slug, user, share)

    for visits in groups:
        held = visits[_rows_of(visits, is_walked)]
        sums = {}
        for number, walk in enumerate(walks):
            show = within(progress, number / len(walks), 1 / len(walks))
            sums[walk.name] = walk.sums(held, popularity, show)
        found.append(_side_by_side(sums))
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame()


def paired(parts: Iterable[pd.DataFrame], has_champion: bool) -> Paired:
    """Joins `people_seconds` of different people, in any order."""
    against = "champion" if has_champion else DEFAULT
    found = [part for part in parts if len(part)]
    if not found:
        return Paired(against, (), (), 0)
    rows = pd.concat(found).sort_values("user")
    champion, challenger = (tuple(map(float, rows[name])) for name in (against, "challenger"))
    return Paired(against, champion, challenger, int(rows["visits"].sum()))


class _Walk:
    """Replays people under one version. It uses one core: others walk other people."""

    def __init__(self, name: str, folder: Path, surface: Surface, work: Path) -> None:
        self.name, self.pages = name, {surface.slug: surface}
        self.defaults = {surface.slug: default_order(surface)}
        self.decide = unexplained(one_core(folder))
        self.file = work / f"{name}.heldback.jsonl"

    def sums(
        self,
        held: pd.DataFrame,
        popularity: Mapping[tuple[str, int], Popularity],
        progress: Progress,
    ) -> pd.DataFrame:
        """Sums seconds and visits per person, ordered by name."""
        columns = ["policy_seconds", "default_seconds", "visits"]
        if held.empty:
            return pd.DataFrame(columns=columns, index=pd.Index([], name="user"), dtype=float)

        def show(share: float, at: str) -> None:
            progress(share, f"replaying the {self.name}: {at}")

        self.file.parent.mkdir(parents=True, exist_ok=True)
        given = (visits_of(held), self.pages, self.defaults, self.decide, show)
        with self.file.open("w", encoding="utf-8") as file:
            for line in replay(*given, popularity=popularity):
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
        values = visit_values(read_replay(self.file, used_blocks(held)), self.pages)
        # Exact sums: pandas' own differ in the last bit by who else is in the table.
        return values.groupby("user", sort=True)[columns].agg(math.fsum)


def _side_by_side(sums: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """One row a person, with a column of seconds for each version and for the default layout."""
    seconds = {name: rows["policy_seconds"] for name, rows in sums.items()}
    first = sums["challenger"]
    more = {DEFAULT: first["default_seconds"], "visits": first["visits"]}
    return pd.DataFrame({**seconds, **more}).reset_index()


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
