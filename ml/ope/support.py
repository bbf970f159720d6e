"""Checks whether a log can answer for a target; visits without support are named, never guessed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ml.data.errors import DataError
from ml.ope.estimates import effective_size, numbered
from ml.ope.log import ROUNDING, Decision, Key, LoggedVisit, missing_visits

MOST_WEIGHT = 100.0
"""A layout with a larger importance weight counts as never logged: its few visits would dominate
the estimate."""
NEGLIGIBLE = 1e-3
"""Target probability that may lack support per visit; it bounds the bias, as a share."""
LEAST_USERS = 10
"""Minimum of effective users; with fewer, an interval means nothing."""


class NoSupportError(ValueError):
    """The log cannot answer the question; the message says why and what to do next."""


@dataclass(frozen=True)
class Support:
    """How well a log covers a target.

    overlap: mean probability of the target that the log covers. supported: share of visits that are
    covered completely. effective_*: Kish's effective sample size. mean_weight: near 1 if the
    stated propensities are those of the draws.
    """

    visits: int
    users: int
    overlap: float
    supported: float
    effective_visits: float
    effective_users: float
    mean_weight: float
    largest_weight: float


def join(
    log: Mapping[Key, Decision], target: Mapping[Key, Decision], target_file: str = "target"
) -> list[LoggedVisit]:
    """Joins logged visits that have a use with the target's probabilities of their layouts.

    Raises DataError where the target has no line for a visit.
    """
    missing = missing_visits(log, target, target_file)
    if missing:
        raise DataError(missing)
    visits = []
    for key, decision in log.items():
        if decision.reward is None:
            continue
        wanted = target[key]
        by_layout = dict(zip(wanted.layouts, wanted.propensities.tolist(), strict=True))
        chances = np.array([by_layout.get(layout, 0.0) for layout in decision.layouts])
        visits.append(
            LoggedVisit(
                *key[:2],
                layouts=decision.layouts,
                logged=decision.propensities,
                target=chances,
                energies=decision.energies,
                chosen=decision.chosen,
                reward=decision.reward,
                outside=float(np.clip(1 - chances.sum(), 0, 1)),
            )
        )
    return visits


def unsupported(visit: LoggedVisit) -> float:
    """Returns the target's probability of layouts that the log never, or almost never, serves."""
    rare = visit.target > MOST_WEIGHT * visit.logged
    return visit.outside + float(visit.target[rare].sum())


def is_supported(visit: LoggedVisit) -> bool:
    return unsupported(visit) <= NEGLIGIBLE


def supported_visits(
    visits: Sequence[LoggedVisit], *, supported_only: bool = False
) -> tuple[list[LoggedVisit], Support]:
    """Returns the visits to estimate from. Raises NoSupportError.

    supported_only: leave out visits without support instead of refusing the log.
    """
    _refuse_without_exploration(visits)
    gaps = [unsupported(v) for v in visits]
    kept = [v for v in visits if is_supported(v)]
    if not kept or (len(kept) < len(visits) and not supported_only):
        raise NoSupportError(_gap_message(visits, gaps, len(kept)))
    weights = np.array([v.weight for v in kept])
    users = numbered([v.user for v in kept])
    per_user = np.bincount(users, weights).astype(np.float64)
    support = Support(
        visits=len(kept),
        users=int(users.max()) + 1,
        overlap=1 - float(np.mean(gaps)),
        supported=len(kept) / len(visits),
        effective_visits=effective_size(weights),
        effective_users=effective_size(per_user),
        mean_weight=float(weights.mean()),
        largest_weight=float(weights.max()),
    )
    if support.effective_users < LEAST_USERS:
        raise NoSupportError(
            f"too little support: {support.users} users of the log are worth "
            f"{support.effective_users:.1f} under the target, and {LEAST_USERS} are needed. "
            "Log more visits, or explore a larger share of them."
        )
    return kept, support


def _refuse_without_exploration(visits: Sequence[LoggedVisit]) -> None:
    if not visits:
        raise NoSupportError(
            "no rewards: no logged visit has a use. Log visits with their seconds per use."
        )
    if all(v.logged[v.chosen] >= 1 - ROUNDING for v in visits):
        raise NoSupportError(
            "no exploration: every logged propensity is 1, so the log says nothing about layouts "
            "that it did not serve. Set guardrails.exploration of the surface above 0 (at most "
            "0.2), log anew, and compare then."
        )


def _gap_message(visits: Sequence[LoggedVisit], gaps: Sequence[float], kept: int) -> str:
    worst = visits[int(np.argmax(gaps))]
    return (
        f"no support: at {len(visits) - kept} of {len(visits)} visits the target would serve "
        "layouts that the log serves never, or less than once for "
        f"{MOST_WEIGHT:g} times ({100 * float(np.mean(gaps)):.3g} % of its probability; most for "
        f"user {worst.user!r} on {worst.surface!r}). Log with the target's layouts among the "
        "candidates and a larger exploration share"
        + (f", or pass --supported-only to compare on the {kept} visits that have it." * (kept > 0))
        + ("." * (kept == 0))
    )
