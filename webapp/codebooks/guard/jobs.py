"""Checks all live versions: the guard rolls bad ones back, the shadow compares challengers."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef

from webapp.codebooks.guard import shadow, windows
from webapp.codebooks.models import Alias, LiveMinute
from webapp.lib.times import utc_now
from webapp.subjects.models import Profile, Visit
from webapp.surfaces import mappers
from webapp.surfaces.models import Surface

LATELY = timedelta(hours=24)
"""Age of the visits that the guard prices; it is long as seconds per use change slowly."""
MOST_PEOPLE = 300


def guard_all() -> int:
    """Closes due windows of all live versions and rolls bad versions back; returns their number."""
    now = utc_now()
    since, taken = windows.window_begin(now), 0
    live = Alias.objects.exclude(name=Alias.Name.ANCHOR).exclude(surface__mode=Surface.Mode.OFF)
    for alias in live.select_related("surface", "version"):
        is_shadow = alias.name == Alias.Name.CHALLENGER and not alias.share
        if is_shadow or alias.version.guard_windows.filter(surface=alias.surface, since=since):
            continue
        visits, excess = live_cost_of(alias, now)
        windows.window_close(alias=alias, since=since, visits=visits, excess=excess)
        taken += windows.guard_act(alias=alias, now=now) is not None
    LiveMinute.objects.filter(minute__lt=now - windows.KEPT).delete()
    return taken


def live_cost_of(alias: Alias, now: datetime) -> tuple[int, float | None]:
    """Returns recent visits under the version, and their seconds above the default layout's."""
    from ml.evaluation.live_seconds import Happened, live_cost

    content, after = str(alias.version.manifest.get("id", "")), max(alias.since, now - LATELY)
    judged = Visit.objects.filter(
        profile=OuterRef("pk"), decision__version=content, started_at__gte=after, is_closed=True
    )
    people = Profile.objects.filter(Exists(judged), surface=alias.surface)
    chosen = list(people.order_by("-updated_at").values_list("pk", flat=True)[:MOST_PEOPLE])
    rows = Visit.objects.filter(profile__in=chosen, is_closed=True).select_related("decision")
    visits = [
        Happened(
            user=str(row.profile_id),
            at=row.started_at,
            order=row.order,
            blocks=list(row.uses),
            is_judged=row.started_at >= after
            and row.decision is not None
            and row.decision.version == content,
        )
        for row in rows.order_by("started_at", "pk")
    ]
    cost = live_cost(visits, mappers.to_surface(alias.surface))
    return cost.visits, cost.excess


def shadow_all() -> int:
    """Compares every challenger with its champion; returns how many comparisons were made."""
    aliases = Alias.objects.filter(name=Alias.Name.CHALLENGER).select_related("surface", "version")
    looks = [shadow.challenger_compare(alias=alias, now=utc_now()) for alias in aliases]
    return sum(look is not None for look in looks)
