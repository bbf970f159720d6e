"""The metrics of audit, gate, guard and trials; each is a sum over visits divided by another sum.

A replay has one line per visit: the layout that a policy served and the default it replaced. Both
are priced on the blocks the person then used, each with the familiarity from its own history.
Seconds come from `uiengine.cost.energy` and are modelled, not measured.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ml.evaluation.pointing import Pages
from ml.evaluation.replay_file import ReplayVisit
from uiengine.behaviour import profile
from uiengine.cost import energy
from uiengine.explain import LARGEST
from uiengine.page.surface import Surface

COLD_VISITS = 3
"""Number of first visits in which the engine knows little about a person."""
HALF_USE = 0.5
"""Prior uses of each block in the choice probability q."""


@dataclass(frozen=True, slots=True)
class Metric:
    """`numerator` / `denominator`, both summed over the visits of a group of people.

    tolerance: largest difference between a slice and the rest that passes; None: not gated. More is
    worse in every gated metric. visits: the column that counts its visits.
    """

    name: str
    title: str
    unit: str
    numerator: str
    denominator: str
    tolerance: float | None
    meaning: str
    visits: str = "visits"


METRICS = (
    Metric(
        "seconds",
        "Time against the default layout",
        "share of the default's seconds",
        "extra_seconds",
        "default_seconds",
        0.02,
        "modelled seconds under this version minus those under the default, same person, same "
        "visits; below zero means time saved",
    ),
    Metric(
        "exploration_share",
        "Visits used for exploration",
        "share of visits",
        "explored",
        "visits",
        0.02,
        "visits in which the layout was drawn at random to learn from it",
    ),
    Metric(
        "blocks_moved",
        "Blocks moved",
        "blocks a visit",
        "moved",
        "visits",
        0.1,
        "blocks that stand at another rank than in the person's visit before, pushed ones included",
    ),
    Metric(
        "seconds_saved",
        "Seconds saved a visit",
        "s a visit",
        "saved_seconds",
        "visits",
        None,
        "modelled seconds under the default minus those under this version",
    ),
    Metric(
        "cold_start_seconds",
        "Cold start",
        "s a use",
        "cold_extra_seconds",
        "cold_uses",
        None,
        f"modelled seconds above the default's, in a person's first {COLD_VISITS} visits",
    ),
    Metric(
        "target_size",
        "Target size",
        "px",
        "target_px",
        "uses",
        None,
        "the smaller side of the blocks people used",
    ),
    Metric(
        "distortion",
        "Distortion",
        "share of the latent's variance",
        "distortion",
        "coded_visits",
        None,
        "how badly the codebook fits a person's behaviour",
    ),
    Metric(
        "tokens", "Tokens spent", "tokens a visit", "tokens", "visits", None, "codebook indices"
    ),
    Metric(
        "fallback_share",
        "Fallbacks",
        "share of visits",
        "fallback",
        "visits",
        None,
        "visits in which the engine failed and the default was served instead",
    ),
)
POINTED = (
    Metric(
        "pointed_share",
        "Visits that pointed to a block",
        "share of visits",
        "pointed",
        "visits",
        None,
        "visits in which the page pointed to the block expected next",
    ),
    Metric(
        "pointed_right",
        "Pointed to what was used",
        "share of visits that pointed",
        "pointed_right",
        "pointed",
        None,
        "of the visits that pointed to a block, those in which it was used",
    ),
)
"""Of surfaces that point to blocks (`uiengine.emphasis`)."""
GATED = tuple(metric for metric in METRICS if metric.tolerance is not None)

_USE_COLUMNS = (
    "visit_row",
    "rank",
    "pointing",
    "side",
    "known",
    "default_rank",
    "default_pointing",
    "uses",
    "others",
)


def visit_values(
    visits: Iterable[ReplayVisit], surfaces: Mapping[str, Surface] | None = None
) -> pd.DataFrame:
    """Returns one row per visit, in the given (time) order, with the columns of every metric.

    surfaces: real pages by slug; other visits are priced on the one-column page of files
    (`histories.page`).
    """
    walk = _Walk(Pages(surfaces))
    for visit in visits:
        walk.add(visit)
    values = pd.DataFrame(walk.visits)
    _price_uses(values, np.array(walk.uses, dtype=np.float64).reshape(-1, len(_USE_COLUMNS)))
    cold = values["visit"] < COLD_VISITS
    values["visits"] = 1.0
    values["extra_seconds"] = values["policy_seconds"] - values["default_seconds"]
    values["saved_seconds"] = -values["extra_seconds"]
    values["cold_extra_seconds"] = values["extra_seconds"].where(cold, 0.0)
    values["cold_uses"] = values["uses"].where(cold, 0.0)
    return values


class _Walk:
    """Tracks each person's history on each surface under the policy."""

    def __init__(self, pages: Pages) -> None:
        self.pages = pages
        self.profiles: dict[tuple[str, str], profile.Profile] = {}
        self.visits: list[Mapping[str, object]] = []
        self.uses: list[tuple[float, ...]] = []

    def add(self, visit: ReplayVisit) -> None:
        """Prices the visit given the earlier ones, then adds it to the history."""
        person = self.profiles.setdefault((visit.surface, visit.user), profile.Profile())
        order = tuple(visit.layout)
        before = dict(zip(person.order, range(len(order)), strict=False))
        moved = sum(before.get(block, rank) != rank for rank, block in enumerate(order))
        resized = profile.resized_blocks(person.sizes, visit.sizes) if person.order else ()
        larger = {block for block, size_class in visit.sizes.items() if size_class == LARGEST}
        profile.open_visit(person, str(visit.visit), visit.day, order, visit.sizes)
        self._add_uses(person, visit)
        self.visits.append(
            {
                "surface": visit.surface,
                "user": visit.user,
                "instant": visit.instant,
                "visit": visit.visit,
                "moved": float(moved),
                "explored": float(visit.explored),
                "fallback": float(visit.status == "fallback"),
                "pointed": float(bool(visit.expected)),
                "pointed_right": float(visit.expected in visit.blocks),
                "suggested": float(bool(visit.suggested)),
                "resized": float(bool(resized)),
                "larger": float(bool(larger)),
                "larger_right": float(not larger.isdisjoint(visit.blocks)),
                "tokens": float(visit.tokens),
                "distortion": visit.distortion or 0.0,
                "coded_visits": float(visit.distortion is not None),
            }
        )
        for block in visit.blocks:
            profile.add_use(person, block)
        profile.close_visit(person)

    def _add_uses(self, person: profile.Profile, visit: ReplayVisit) -> None:
        past = {block: counters.uses for block, counters in person.blocks.items()}
        credit = sum(past.values()) + HALF_USE * len(visit.layout)
        served, default = self.pages.served(visit), self.pages.default(visit)
        row = float(len(self.visits))
        for block in visit.blocks:
            spot, plain = served[block], default[block]
            uses = float(past.get(block, 0))
            known = person.familiarity.get(block, 0.0)
            others = credit - uses - HALF_USE
            mine = (spot.rank, spot.pointing, spot.side, known)
            self.uses.append((row, *mine, plain.rank, plain.pointing, uses, others))


def _price_uses(values: pd.DataFrame, rows: energy.Floats) -> None:
    """Adds policy_seconds, default_seconds, uses and target_px per visit. rows: (uses, columns).

    The default never moves, so familiarity with it is the number of uses.
    """
    column = dict(zip(_USE_COLUMNS, rows.T, strict=True))
    demand = np.stack([column["uses"] + HALF_USE, column["others"]], axis=-1)
    choice = energy.choice_probability(demand)[:, 0]
    policy = energy.selection_seconds(
        column["rank"], energy.expertise(column["known"]), choice, column["pointing"]
    )
    default = energy.selection_seconds(
        column["default_rank"],
        energy.expertise(column["uses"]),
        choice,
        column["default_pointing"],
    )
    per_use = {
        "policy_seconds": policy,
        "default_seconds": default,
        "uses": np.ones_like(choice),
        "target_px": column["side"],
    }
    visit = column["visit_row"].astype(np.int64)
    for name, numbers in per_use.items():
        values[name] = np.bincount(visit, weights=numbers, minlength=len(values))


def user_sums(values: pd.DataFrame, metrics: Sequence[Metric]) -> pd.DataFrame:
    """Sums the columns of the metrics per (surface, user)."""
    columns = {c for m in metrics for c in (m.visits, m.numerator, m.denominator)}
    return values.groupby(["surface", "user"], sort=True)[sorted(columns)].sum().reset_index()
