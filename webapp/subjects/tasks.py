"""Celery's door to folding. A message is a hint: what it names is read from the rows."""

from __future__ import annotations

import logging

from celery import shared_task
from django.utils import timezone

from webapp.surfaces.models import Surface

from . import events, folding, revoked
from .retention import months_renew, retention_apply

log = logging.getLogger(__name__)


@shared_task(name="subjects.fold_profile")  # type: ignore[untyped-decorator]
def fold_profile(profile_id: int) -> int:
    return folding.profile_fold(profile_id=profile_id, now=timezone.now())


@shared_task(name="subjects.sweep")  # type: ignore[untyped-decorator]
def sweep() -> int:
    """Asks again for what was lost with a worker or a broker, and closes visits that are over."""
    now = timezone.now()
    asked = folding.events_sweep(now=now)
    for profile_id in asked:
        events.folding_request(profile_id)
    over = folding.visits_sweep(now=now)
    for profile_id in over:
        try:
            folding.profile_fold(profile_id=profile_id, now=now)
        except Exception:  # the others are not kept waiting
            log.exception("subjects.fold_failed profile=%s", profile_id)
    return len(asked) + len(over)


@shared_task(name="subjects.retention")  # type: ignore[untyped-decorator]
def retention() -> dict[str, dict[str, int]]:
    """Deletes what each surface keeps no longer; what was deleted is in the worker's log.

    Raises the last error, once every surface had its turn.
    """
    done: dict[str, dict[str, int]] = {}
    failed: Exception | None = None
    revoked.expired_delete(now=timezone.now())
    try:
        log.info("subjects.months %s", months_renew(now=timezone.now()))
    except Exception as error:  # no lock to be had: tomorrow again
        log.exception("subjects.months_failed")
        failed = error
    for surface in Surface.objects.all():
        try:
            done[surface.slug] = retention_apply(surface=surface, now=timezone.now())
        except Exception as error:
            log.exception("subjects.retention_failed surface=%s", surface.slug)
            failed = error
    log.info("subjects.retention %s", done)
    if failed:
        raise failed
    return done
