"""Everybody's page as it would be decided now, after a replay: what version churn compares."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from ml.data.histories import PopularityDays, RecordedVisit
from uiengine.behaviour.popularity import Popularity
from uiengine.behaviour.profile import Profile
from uiengine.page.surface import Surface
from uiengine.request import Request


def requests_now(
    profiles: Mapping[tuple[str, str], Profile],
    popularity: Popularity,
    surface: Surface,
    day: int,
    most: int,
) -> dict[str, Request]:
    """Returns a request per user of the surface, at most `most` of them, chosen by a hash.

    Nothing is drawn: draws differ without any change of versions.

    Args:
        profiles: by surface and user. popularity: of the surface before `day`.
    """
    page = replace(surface, guardrails=replace(surface.guardrails, exploration=0.0))
    users = chosen_users((user for slug, user in profiles if slug == surface.slug), most)
    return {
        user: Request(
            surface=page,
            profile=profiles[surface.slug, user],
            popularity=popularity,
            day=day,
            visit="churn",
        )
        for user in users
    }


def popularity_before(visits: Sequence[RecordedVisit], slug: str, day: int) -> Popularity:
    """Returns a surface's popularity over all days before `day`. visits: in time order."""
    counted, last = PopularityDays(), dict[str, int]()
    for visit in visits:
        if visit.surface == slug and visit.day < day:
            counted.count(visit, last.get(visit.user))
            last[visit.user] = visit.day
    return counted.before(slug, day)


def chosen_users(users: Iterable[str], most: int) -> list[str]:
    """Chooses at most `most` users by a hash: the same ones each time."""
    return heapq.nsmallest(most, users, key=_hash)


def _hash(user: str) -> bytes:
    return hashlib.sha256(f"churn\n{user}".encode()).digest()
