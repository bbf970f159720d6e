"""Selects the audit reports of a version that still count: evidence adds up.

An audit looks only at visits since the previous audit, so the latest report may rest on a few
visits. It therefore does not undo an earlier one that found more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

EXCEEDS = "exceeds"


@dataclass(frozen=True)
class Look:
    """One audit report of a version on a surface. users, visits: how many it compared."""

    pk: int
    verdict: str
    attributes: frozenset[str]
    users: int
    visits: int
    acknowledged_at: datetime | None = None

    def replaces(self, other: Look) -> bool:
        """Returns True if this later look covers at least the other's attributes, users and
        visits."""
        return (
            self.attributes >= other.attributes
            and self.users >= other.users
            and self.visits >= other.visits
        )


def look_of(row: Mapping[str, Any]) -> Look:
    """Builds a look from a row's pk, verdict, attributes, acknowledged_at and report__surfaces."""
    pages = row["report__surfaces"] or ()
    return Look(
        pk=row["pk"],
        verdict=row["verdict"],
        attributes=frozenset(row["attributes"]),
        users=sum(page["users"] for page in pages),
        visits=sum(page["visits"] for page in pages),
        acknowledged_at=row["acknowledged_at"],
    )


def standing(looks: Iterable[Look]) -> list[Look]:
    """Returns the looks that still count, latest first, from looks in time order.

    A report that *exceeds* counts until a later one without an excess replaces it. Any other counts
    unless later looks asked for all its attributes; the latest always counts.
    """
    later: list[Look] = []
    found: list[Look] = []
    covered: set[str] = set()
    for look in reversed(list(looks)):
        if look.verdict == EXCEEDS:
            counts = not any(x.verdict != EXCEEDS and x.replaces(look) for x in later)
        else:
            counts = not later or not look.attributes <= covered
        if counts:
            found.append(look)
        later.append(look)
        covered |= look.attributes
    return found
