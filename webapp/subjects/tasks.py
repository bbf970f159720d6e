"""Celery tasks for folding and imports. A message is only a hint; the rows say what is pending."""

from __future__ import annotations

import logging
import random

from celery import group, shared_task

from uiengine.behaviour.shards import SHARDS
from webapp.lib.learning_extra import missing_sentence
from webapp.lib.times import utc_now
from webapp.subjects import due, fold_request, fold_worker
from webapp.subjects.imports.parts.together import import_help

log = logging.getLogger(__name__)
FEW = 100
"""Profiles due up to which the sweep folds by itself."""
EXPIRES = 10
"""Seconds after which a part of a sweep is not worth taking: the next sweep asks again."""


@shared_task(name="subjects.fold_profile")  # type: ignore[untyped-decorator]
def fold_profile(profile_id: int) -> int:
    return fold_worker.profile_fold(profile_id=profile_id, now=utc_now())


@shared_task(name="subjects.sweep")  # type: ignore[untyped-decorator]
def sweep() -> int:
    """Enqueues profiles again that a worker or broker lost, and closes visits that are over.

    Where there are many, shards are handed out to all workers.
    """
    now = utc_now()
    waiting = due.due_count(now=now, most=FEW + 1)
    if waiting > FEW and _handed_out():
        return waiting
    asked = fold_worker.events_sweep(now=now)
    for profile_id in asked:
        fold_request.folding_request(profile_id)
    return len(asked) + due.visits_close(shards=range(SHARDS), now=now)


@shared_task(name="subjects.sweep_shards")  # type: ignore[untyped-decorator]
def sweep_shards(first: int, stop: int) -> int:
    """Folds what is due in the shards from `first` to below `stop`."""
    return due.due_fold(shards=range(first, stop), now=utc_now())


@shared_task(name="subjects.import_part")  # type: ignore[untyped-decorator]
def import_part(import_id: int) -> None:
    """Stores a part of an import that nobody has, and asks for the next; see `imports/parts`."""
    if lacking := missing_sentence():
        log.warning("subjects.import_part %s", lacking)
    elif import_help(import_id):
        import_part.delay(import_id)


def _handed_out() -> bool:
    """Sends the parts of a sweep to all workers; False if no broker takes them."""
    parts = [sweep_shards.s(part.start, part.stop) for part in due.shard_ranges()]
    random.shuffle(parts)  # where the last expire, others do next time
    try:
        group(parts).apply_async(expires=EXPIRES)
    except Exception:
        log.warning("subjects.sweep_alone", exc_info=True)
        return False
    return True
