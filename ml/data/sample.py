"""Draws whom a training learns from, where all visits would be too many.

People are drawn whole, by a hash of their keys, so a second draw is the same. It is stratified:
somebody's place in the line is their hash times the visits of the smallest slice they belong to, so
small slices and newcomers stay whole where they can (sequential Poisson sampling, Ohlsson 1998,
with slices' sizes as weights). Attributes choose who is drawn and nothing else.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from uiengine.behaviour.popularity import NEWCOMER_VISITS

NEWCOMERS = "newcomers"
"""The slice of people with at most NEWCOMER_VISITS visits."""
UNKNOWN = "unknown"
"""The value of a missing attribute."""
LEAST_LISTED = 10
"""People of a slice below which nothing of it is listed, as a card is read by many."""


@dataclass(frozen=True)
class Sample:
    """users: in alphabetical order. facts: how many of how many, in all and per slice."""

    users: tuple[str, ...]
    facts: Mapping[str, Any]


def draw(
    surface: str,
    visits: Mapping[str, int],
    most: int,
    people: Iterable[Mapping[str, str]] = (),
    by: Sequence[str] = (),
) -> Sample:
    """Draws people with at most `most` visits together; all of them where these are no more.

    visits: number by user. people: `user` and the attributes in `by`.
    """
    slices = _slices(visits, people, by)
    sizes: Counter[str] = Counter()
    for user, names in slices.items():
        for name in names:
            sizes[name] += visits[user]
    total = sum(visits.values())

    def place(user: str) -> tuple[float, str]:
        smallest = min((sizes[name] for name in slices[user]), default=total)
        return _place(surface, user) * smallest, user

    chosen, left = [], most
    for user in sorted(visits, key=place):
        if visits[user] <= left:  # whoever does not fit any more is passed over
            chosen.append(user)
            left -= visits[user]
    return Sample(tuple(sorted(chosen)), _facts(chosen, visits, slices))


def is_drawn(surface: str, user: str, share: float) -> bool:
    """Draws a share (0 to 1) of people by a hash, everybody with the same chance."""
    return _place(surface, user) < share


def _slices(
    visits: Mapping[str, int], people: Iterable[Mapping[str, str]], by: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """Returns the slices of each person."""
    same: dict[tuple[str, ...], tuple[str, ...]] = {}  # people are many, their slices few

    def one(*names: str) -> tuple[str, ...]:
        return same.setdefault(names, names)

    unknown = one(*(f"{name} {UNKNOWN}" for name in by))
    known = {
        row["user"]: one(*(f"{name} {row.get(name) or UNKNOWN}" for name in by)) for row in people
    }
    return {
        user: one(*((NEWCOMERS,) if count <= NEWCOMER_VISITS else ()), *known.get(user, unknown))
        for user, count in visits.items()
    }


def _facts(
    chosen: Sequence[str], visits: Mapping[str, int], slices: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    """Counts visits and people, drawn and of all, in all and per slice."""
    found: dict[str, Counter[str]] = {"": _none()}
    drawn = set(chosen)
    for user, count in visits.items():
        for name in ("", *slices[user]):
            row = found.setdefault(name, _none())
            row.update(of_visits=count, of_people=1)
            if user in drawn:
                row.update(visits=count, people=1)
    whole = dict(found.pop(""))
    listed = {n: dict(row) for n, row in sorted(found.items()) if row["of_people"] >= LEAST_LISTED}
    return {**whole, "slices": listed}


def _none() -> Counter[str]:
    return Counter(visits=0, of_visits=0, people=0, of_people=0)


def _place(surface: str, user: str) -> float:
    """A number from 0 to 1, evenly spread and unrelated to who is held back."""
    digest = hashlib.sha256(f"sample\n{surface}\n{user}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
