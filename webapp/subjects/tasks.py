"""Celery tasks for folding. A message is only a hint; the rows say what is pending."""

from __future__ import annotations

import logging

from celery import shared_task

from webapp.lib.times import utc_now
from webapp.subjects import fold_request, fold_worker

log = logging.getLogger(__name__)


@shared_task(name="subjects.fold_profile")  # type: ignore[untyped-decorator]
def fold_profile(profile_id: int) -> int:
    return fold_worker.profile_fold(profile_id=profile_id, now=utc_now())


@shared_task(name="subjects.sweep")  # type: ignore[untyped-decorator]
def sweep() -> int:
    """Enqueues profiles again that a worker or broker lost, and closes visits that are over."""
    now = utc_now()
    asked = fold_worker.events_sweep(now=now)
    for profile_id in asked:
        fold_request.folding_request(profile_id)
    over = fold_worker.visits_sweep(now=now)
    for profile_id in over:
        try:
            fold_worker.profile_fold(profile_id=profile_id, now=now)
        except Exception:  # one failure must not stop the others
            log.exception("subjects.fold_failed profile=%s", profile_id)
    return len(asked) + len(over)
