"""The metrics of audit, gate, guard and trials; each is a sum over visits divided by another sum.

`ml.evaluation.pricing` makes the columns that they name, of replayed visits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

COLD_VISITS = 3
"""Number of first visits in which the engine knows little about a person."""


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


def user_sums(values: pd.DataFrame, metrics: Sequence[Metric]) -> pd.DataFrame:
    """Sums the columns of the metrics per (surface, user)."""
    columns = {c for m in metrics for c in (m.visits, m.numerator, m.denominator)}
    return values.groupby(["surface", "user"], sort=True)[sorted(columns)].sum().reset_index()
