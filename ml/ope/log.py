"""Reads a log of decisions and a target's decisions (format: `ml.ope.__main__`). No torch here."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from ml.data.errors import BadValue, DataError
from ml.data.json_lines import parse_line, text_lines

Floats = npt.NDArray[np.float64]
Order = tuple[str, ...]
Key = tuple[str, str, str]
"""User, surface, visit."""
ROUNDING = 1e-6
"""Tolerance for propensities that were rounded when written in decimals."""


@dataclass(frozen=True)
class Decision:
    """One line of a log or of a target.

    layouts: the K reading orders that could be drawn. propensities: (K,), summing to 1. energies:
    (K,) modelled seconds, None where the line has none. chosen: index of the served layout, −1
    where a target's line names none. reward: None for a visit without a use.
    """

    layouts: tuple[Order, ...]
    propensities: Floats
    energies: Floats | None
    chosen: int
    reward: float | None


@dataclass(frozen=True)
class LoggedVisit:
    """A logged visit joined with the target's decision.

    layouts: the K that could be drawn. logged, target: (K,) probabilities under the log and under
    the target. outside: the target's probability of all other layouts.
    """

    user: str
    surface: str
    layouts: tuple[tuple[str, ...], ...]
    logged: Floats
    target: Floats
    energies: Floats | None
    chosen: int
    reward: float
    outside: float = 0.0

    @property
    def weight(self) -> float:
        return float(self.target[self.chosen] / self.logged[self.chosen])


class _BadLine(Exception):
    """The first error of a line; arguments are field, value and rule."""


def read_decisions(path: Path, *, is_log: bool) -> dict[Key, Decision]:
    """Reads all lines by user, surface and visit. Raises DataError that names every bad line."""
    if not path.is_file():
        raise DataError([BadValue(str(path), 0, "file", str(path), "the file must exist")])
    found: dict[Key, Decision] = {}
    problems = []
    for row, line in tqdm(text_lines(path), path.name, disable=None, unit=" visits"):
        try:
            key, decision = _parse(line, is_log)
            if key in found:
                raise _BadLine("visit", key, "a visit must have one line")
            found[key] = decision
        except _BadLine as bad:
            field, value, rule = bad.args
            problems.append(BadValue(path.name, row, field, str(value)[:80], rule))
    if not found and not problems:
        problems.append(BadValue(path.name, 0, "lines", "none", "at least one decision is needed"))
    if problems:
        raise DataError(problems)
    return found


def _parse(line: str, is_log: bool) -> tuple[Key, Decision]:
    try:
        data = parse_line(line)
    except ValueError as error:
        raise _BadLine("line", line.strip(), f"must be JSON: {error}") from error
    if not isinstance(data, Mapping):
        raise _BadLine("line", line.strip(), "must be a JSON object")
    user, surface, visit = (_name(data, field) for field in ("user", "surface", "visit"))
    candidates = list(_candidates(data))
    layouts = tuple(order for order, _, _ in candidates)
    propensities = np.array([propensity for _, propensity, _ in candidates])
    if len(set(layouts)) < len(layouts):
        raise _BadLine("candidates", len(layouts), "must be distinct layouts")
    if abs(propensities.sum() - 1) > ROUNDING:
        raise _BadLine("candidates", propensities.sum(), "their propensities must sum to 1")
    energies = [energy for _, _, energy in candidates if energy is not None]
    decision = Decision(
        layouts,
        propensities / propensities.sum(),
        np.array(energies) if len(energies) == len(layouts) else None,
        _chosen(data, layouts, propensities) if is_log or "layout" in data else -1,
        _reward(data) if is_log else None,
    )
    return (user, surface, visit), decision


def _name(data: Mapping[str, Any], field: str) -> str:
    value = data.get(field)
    if not isinstance(value, str | int) or isinstance(value, bool) or value == "":
        raise _BadLine(field, value, "must be a name or a number")
    return str(value)


def _candidates(data: Mapping[str, Any]) -> Iterator[tuple[Order, float, float | None]]:
    given = data.get("candidates")
    if given is None:
        if _number("propensity", data.get("propensity")) < 1:
            raise _BadLine("candidates", None, "must list all layouts where propensity is below 1")
        given = [data]
    if not isinstance(given, list) or not given:
        raise _BadLine("candidates", given, "must be a list of layouts")
    for one in given:
        if not isinstance(one, Mapping):
            raise _BadLine("candidates", one, "must be objects with layout and propensity")
        propensity = _number("propensity", one.get("propensity"))
        if not 0 <= propensity <= 1 + ROUNDING:
            raise _BadLine("propensity", propensity, "must lie between 0 and 1")
        energy = one.get("energy")
        yield (
            _order(one.get("layout")),
            propensity,
            None if energy is None else _number("energy", energy),
        )


def _order(layout: Any) -> Order:
    """Returns ids in reading order, from ids or items with an id (as `ml.replay` writes them)."""
    if not isinstance(layout, list) or not layout:
        raise _BadLine("layout", layout, "must be the ids of the blocks in reading order")
    given = [item.get("id") if isinstance(item, Mapping) else item for item in layout]
    ids = tuple(one for one in given if isinstance(one, str))
    if len(set(ids)) < len(given):
        raise _BadLine("layout", layout, "must be distinct ids of blocks")
    return ids


def _chosen(data: Mapping[str, Any], layouts: tuple[Order, ...], propensities: Floats) -> int:
    order = _order(data.get("layout"))
    if order not in layouts:
        raise _BadLine("layout", list(order), "must be among the candidates")
    chosen = layouts.index(order)
    stated = _number("propensity", data.get("propensity"))
    if stated <= 0 or abs(stated - propensities[chosen]) > ROUNDING:
        raise _BadLine("propensity", stated, "must be above 0 and the candidate's own")
    return chosen


def _reward(data: Mapping[str, Any]) -> float | None:
    if data.get("reward", 0) is None:
        return None
    reward = _number("reward", data.get("reward"))
    if reward > 0:
        raise _BadLine("reward", reward, "must be minus the seconds per use, so at most 0")
    return reward


def _number(field: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _BadLine(field, value, "must be a finite number")
    return float(value)


def missing_visits(log: Iterable[Key], target: Mapping[Key, Decision], file: str) -> list[BadValue]:
    """Returns a problem per logged visit that the target lacks.

    Dropping these visits instead would silently change the quantity that is estimated.
    """
    rule = "the target must decide every logged visit"
    return [
        BadValue(file, 0, "user, surface, visit", ", ".join(key), rule)
        for key in log
        if key not in target
    ]
