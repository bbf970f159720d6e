"""Chooses the people a refresh trains on: recent ones, balanced over slices.

Only this choice reads attributes. It hands on a list of keys; an equal list gives an equal version.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

PER_SLICE = 150
"""Maximum people per slice."""
UNKNOWN = ""
"""The value of a missing attribute; people without it form a slice too."""


def balanced_batch(
    last_seen: Mapping[str, float],
    people: Iterable[Mapping[str, str]],
    by: Sequence[str],
    most: int = PER_SLICE,
) -> tuple[list[str], dict[str, int]]:
    """Returns keys in alphabetical order, and the number of them in each slice.

    last_seen: time of the last visit of everybody who may be learned from. people: `user` and the
    attributes in `by`.
    """
    known = {row["user"]: row for row in people}
    slices: dict[str, list[str]] = {}
    latest = sorted(last_seen, key=lambda user: (-last_seen[user], user))
    for user in latest:
        row = known.get(user, {})
        for name in by or ("",):
            value = row.get(name, UNKNOWN) or "unknown"
            slices.setdefault(f"{name} {value}".strip(), []).append(user)
    chosen = {user for members in slices.values() for user in members[:most]}
    counts = {name: len(chosen.intersection(members)) for name, members in slices.items()}
    return sorted(chosen), dict(sorted(counts.items()))
