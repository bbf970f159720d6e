"""Rolls back a live version that fails, falls back too often, or slows people down.

A window has a version's figures of ten minutes. Two bad windows in a row cause a rollback; a window
with too few answers is ignored; after a rollback the next one waits.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db.models import Sum

from webapp.codebooks.gate.rollout import rollout_of
from webapp.codebooks.models import (
    Alias,
    AliasMove,
    CodebookVersion,
    GuardWindow,
    LiveMinute,
    Rollout,
)
from webapp.codebooks.registry.aliases import alias_drop, alias_move, champion_before
from webapp.lib import database
from webapp.surfaces.models import Surface

log = logging.getLogger(__name__)
MINUTES = 10
WINDOW = timedelta(minutes=MINUTES)
BAD_WINDOWS = 2
"""Consecutive bad windows before a rollback."""
KEPT = timedelta(days=7)
"""Retention of the counts by minute."""
GUARD = "live guardrails"
"""Author of the guard's moves in the record."""


def window_begin(now: datetime) -> datetime:
    """The start of the last complete window."""
    return now.replace(minute=now.minute // MINUTES * MINUTES, second=0, microsecond=0) - WINDOW


def window_close(
    *, alias: Alias, since: datetime, visits: int, excess: float | None
) -> tuple[GuardWindow, bool]:
    """The version's window that begins at `since`, and True if it is new.

    visits, excess: recently judged visits, and their modelled seconds above the default's.
    """
    rules, version = rollout_of(alias.surface), alias.version
    counted = LiveMinute.objects.filter(
        surface=alias.surface,
        content=str(version.manifest.get("id", "")),
        minute__gte=since,
        minute__lt=since + WINDOW,
    ).aggregate(answers=Sum("answers"), errors=Sum("errors"), fallbacks=Sum("fallbacks"))
    answers = counted["answers"] or 0
    figures: dict[str, float] = {}
    if answers >= rules.least_answers:
        figures["errors"] = (counted["errors"] or 0) / answers
        figures["fallbacks"] = (counted["fallbacks"] or 0) / answers
    if excess is not None and visits >= rules.least_answers:
        figures["seconds"] = excess
    return GuardWindow.objects.get_or_create(
        surface=alias.surface,
        version=version,
        since=since,
        defaults={
            "answers": answers,
            "visits": visits,
            "figures": figures,
            "bad": _broken(figures, rules),
            "is_enough": bool(figures),
        },
    )


def _broken(figures: dict[str, float], rules: Rollout) -> list[str]:
    limits = {
        "errors": rules.most_errors,
        "fallbacks": rules.most_fallbacks,
        "seconds": rules.most_seconds,
    }
    return [name for name, value in figures.items() if value > limits[name]]


@database.atomic
def guard_act(*, alias: Alias, now: datetime) -> AliasMove | None:
    """Rolls the version back if its last windows are bad; returns None otherwise."""
    surface = Surface.objects.select_for_update().get(pk=alias.surface_id)
    rules = rollout_of(surface)
    if not rules.rolls_back or not Alias.objects.filter(pk=alias.pk, version=alias.version):
        return None
    windows = GuardWindow.objects.filter(
        surface=surface, version=alias.version, since__gte=alias.since, is_enough=True
    )
    last = list(windows.order_by("-since")[:BAD_WINDOWS])
    if len(last) < BAD_WINDOWS or not all(window.bad for window in last):
        return None
    names = {name for window in last for name in window.bad}
    if _is_cooling_down(surface, rules, now):
        log.warning("guard.cooling_down surface=%s version=%s", surface.slug, alias.version.name)
        return None
    figures = {w.since.isoformat(): {"answers": w.answers, **w.figures} for w in reversed(last)}
    why = f"Two windows in a row with too much of: {', '.join(sorted(names))}."
    return _take_back(surface, alias, why, figures)


def _is_cooling_down(surface: Surface, rules: Rollout, now: datetime) -> bool:
    after = now - timedelta(minutes=rules.cooldown_minutes)
    return AliasMove.objects.filter(surface=surface, by_name=GUARD, at__gt=after).exists()


def _take_back(
    surface: Surface, alias: Alias, why: str, figures: dict[str, dict[str, float]]
) -> AliasMove | None:
    """Rolls a champion back, or ends a challenge, and refuses the version."""
    if alias.name == Alias.Name.CHALLENGER:
        move = alias_drop(surface=surface, name=alias.name, why=why, by_name=GUARD, figures=figures)
    else:
        before = champion_before(surface, alias.version)
        if before is None:
            log.error("guard.nothing_to_go_back_to surface=%s: %s", surface.slug, why)
            return None
        move = alias_move(
            surface=surface,
            version=before,
            why=why,
            by_name=GUARD,
            is_rollback=True,
            figures=figures,
        )
    refused = CodebookVersion.Status.REFUSED
    CodebookVersion.objects.filter(pk=alias.version_id).update(status=refused)
    log.warning("guard.taken_back surface=%s version=%s: %s", surface.slug, alias.version.name, why)
    return move
