"""Deciding beside the champion: what a challenger would have shown people who were here lately.

Done by a worker, off the path of requests, from the profiles as they are; only sums are kept.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from django.conf import settings

from uiengine import engine
from uiengine.behaviour.days import day_of
from uiengine.behaviour.popularity import Popularity
from uiengine.model.prediction import Version
from uiengine.page.surface import Surface
from uiengine.put_away import page_of
from uiengine.request import Request
from webapp.codebooks.models import Agreement, Alias
from webapp.codebooks.registry import artefacts
from webapp.lib import times
from webapp.subjects import mappers
from webapp.subjects.models import Profile
from webapp.subjects.visit_state import State, settle
from webapp.surfaces.mappers import to_popularity, to_surface
from webapp.surfaces.models import PopularityDay

MOST = 500
"""Maximum number of subjects compared at once."""


def challenger_compare(*, alias: Alias, now: datetime) -> Agreement | None:
    """Compares decisions for subjects seen since the last comparison; None where there are none."""
    row = alias.surface
    champion = row.aliases.filter(name=Alias.Name.CHAMPION).select_related("version").first()
    last = Agreement.objects.filter(surface=row, challenger=alias.version).first()
    since = max(last.until, alias.since) if last else alias.since
    if champion is None or since >= now:
        return None
    seen = Profile.objects.filter(
        surface=row, decisions__received_at__gt=since, decisions__received_at__lte=now
    )
    profiles = seen.distinct().order_by("-updated_at")[:MOST]
    versions = [
        artefacts.load(version.folder, version.manifest)
        for version in (champion.version, alias.version)
    ]
    surface = to_surface(row)
    day = day_of(times.to_milliseconds(now), surface.zone)
    popularity = to_popularity(PopularityDay.objects.filter(surface=row, day__lt=day), day)
    sums: Counter[str] = Counter()
    for profile in profiles:
        state = mappers.to_state(profile)
        settle(state, times.to_milliseconds(now), row.visit_minutes * 60_000)
        sums.update(_compared(_request(surface, state, popularity, day), *versions))
    if not sums:
        return None
    return Agreement.objects.get_or_create(
        surface=row,
        challenger=alias.version,
        since=since,
        defaults={"champion": champion.version, "until": now, **sums},
    )[0]


def _request(surface: Surface, state: State, popularity: Popularity, day: int) -> Request:
    return Request(
        surface=page_of(surface, state.profile.feedback),
        profile=state.profile,
        popularity=popularity,
        day=day,
        visit="shadow",
        budget=settings.UIENGINE_BUDGET,
    )


def _compared(request: Request, champion: Version, challenger: Version) -> dict[str, int]:
    """Compares the decisions for one subject."""
    shown = engine.decide(request, champion).layout.order
    try:
        other = engine.decide(request, challenger).layout.order
    except Exception:  # a failing challenger is counted; it served no one
        return {"decisions": 1, "failed": 1}
    moved = sum(a != b for a, b in zip(shown, other, strict=True))
    return {"decisions": 1, "same": int(not moved), "moved": moved}
