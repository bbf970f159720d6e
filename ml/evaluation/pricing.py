"""Prices replayed visits, a row per visit with the columns that metrics sum.

A replay has one line per visit: the layout that a policy served and the default it replaced. Both
are priced on the blocks the person then used, each with the familiarity from its own history.
Seconds come from `uiengine.cost.energy` and are modelled, not measured.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from ml.evaluation.metrics import COLD_VISITS
from ml.evaluation.pointing import Pages
from ml.evaluation.replay_file import ReplayVisit
from uiengine.behaviour import profile
from uiengine.cost import energy
from uiengine.explain import LARGEST
from uiengine.page.surface import Surface

HALF_USE = 0.5
"""Prior uses of each block in the choice probability q."""
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
