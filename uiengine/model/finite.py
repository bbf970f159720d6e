"""Refuses NaN and infinity: in what a version is given, and in what its networks answer.

A comparison with NaN is false, so a search among such numbers would quietly choose the first
token, order or layout, and look like a decision.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from uiengine.behaviour.profile import Profile
from uiengine.errors import BehaviourError, VersionError
from uiengine.features import People
from uiengine.model.layout_codec import Graph

_TAKE_BACK = "Roll back to an earlier version, or train this one again."
_REPAIR = "Restore it from a backup, or erase it."


@dataclass(frozen=True, slots=True)
class FiniteGraph:
    """A network that raises VersionError instead of returning NaN or infinity."""

    graph: Graph

    def run(self, names: Sequence[str], feed: Mapping[str, npt.NDArray[Any]]) -> Any:
        out = self.graph.run(names, feed)
        if not _is_small(out[0] if len(out) == 1 else np.concatenate(out, axis=None)):
            for name, array in zip(names, out, strict=True):
                if bad := _first_bad(array):
                    problem = "must be finite, as a network's output"
                    raise VersionError(name, bad[0], problem, _TAKE_BACK)
        return out


def check_people(people: People, profiles: Sequence[Profile]) -> None:
    """Raises BehaviourError if a number of the profiles, from which `people` was gathered, is not
    finite."""
    if _is_small(people.counters) and _is_small(people.history):
        learnt = sum(sum(p.familiarity.values()) + sum(p.day_visits) for p in profiles)
        if math.isfinite(learnt):
            return
    for profile in profiles:
        _check_profile(profile)


def _is_small(array: npt.NDArray[Any]) -> bool:
    """Returns True if the sum of squares is finite, thus all numbers: quicker than isfinite."""
    return math.isfinite(np.vdot(array, array))


def _first_bad(array: npt.NDArray[Any]) -> list[float]:
    """Returns the first number that is not finite, if there is one."""
    return list(array[~np.isfinite(array)].ravel()[:1].tolist())


def _check_profile(profile: Profile) -> None:
    total = profile.visits + profile.first_day + profile.last_day + profile.last_event
    total += sum(profile.day_visits) + sum(profile.familiarity.values())
    for use in profile.blocks.values():
        total += use.day + use.visit + use.uses + use.last_share
        total += sum(use.day_uses) + sum(use.visit_shares)
    if not math.isfinite(total):
        raise BehaviourError("profile", total, "must hold finite numbers only", _REPAIR)


def check_popularity(*arrays: npt.NDArray[Any]) -> None:
    """Raises BehaviourError if a number of the arrays, made from a popularity, is not finite."""
    for array in arrays:
        if bad := _first_bad(array):
            raise BehaviourError("popularity", bad[0], "must hold finite numbers only", _REPAIR)
