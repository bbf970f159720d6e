"""Adds people with a history to the database; their next layouts are in no cache."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

VISITS = 10
FIRST_DAY = 20_000
AT_ONCE = 5_000
_number = itertools.count()


def past(blocks: list[str]) -> dict[str, Any]:
    """Returns the state of a person after ten visits with one or two used blocks each."""
    from uiengine.behaviour import profile_json
    from uiengine.behaviour.profile import Profile, fold_visit

    known = Profile()
    for day in range(FIRST_DAY, FIRST_DAY + VISITS):
        used = {blocks[day % 7 % len(blocks)], blocks[day % 11 % len(blocks)]}
        fold_visit(known, day, used, blocks)
    return {"profile": profile_json.dump(known), "visit": None, "late": []}


def people_add(slug: str, count: int) -> Iterator[str]:
    """Adds `count` people who know the page; returns an iterator over their keys."""
    from webapp.subjects.models import Profile, Subject
    from webapp.surfaces.models import Surface

    surface = Surface.objects.get(slug=slug)
    state = past([block["id"] for block in surface.definition["blocks"]])
    keys = [f"known:{next(_number)}" for _ in range(count)]
    for start in range(0, count, AT_ONCE):
        some = keys[start : start + AT_ONCE]
        subjects = Subject.objects.bulk_create(Subject(key=key) for key in some)
        Profile.objects.bulk_create(
            Profile(subject=subject, surface=surface, state=state) for subject in subjects
        )
    return iter(keys)
