"""Erases a subject from every table."""

from __future__ import annotations

from functools import partial

from webapp.codebooks.pipeline.kept_visits import snapshots_drop
from webapp.codebooks.registry import training_record
from webapp.codebooks.registry.training_record import TrainedVersion
from webapp.lib import database
from webapp.lib.times import utc_now
from webapp.subjects import erasure, state_cache
from webapp.subjects.ended import erased
from webapp.subjects.imports.parts.sweep import AT_REST, imports_sweep
from webapp.subjects.locks import people_lock
from webapp.subjects.looks import looks_unname
from webapp.subjects.models import Event, GoalEvent, Profile, ServedDecision, Subject, Visit
from webapp.surfaces.models import Surface


@database.atomic
def subject_erase(*, key: str) -> list[TrainedVersion]:
    """Deletes the subject with profile, events, decisions and attributes.

    Returns the codebook versions that were trained with its visits, which are marked for
    retraining. Decisions and user tokens signed earlier become void.
    """
    state_cache.erase_on_commit(key, Surface.objects.values_list("slug", flat=True))
    now = utc_now()
    # Creating the row and locking it waits for events that are being accepted; they go as well.
    Subject.objects.select_for_update().get_or_create(key=key)
    people_lock([key])
    looks_unname(key)
    _rows_delete(key)
    erasure.erasure_record(key=key, now=now)
    database.on_commit(erased.renew, robust=True)  # user tokens end; other processes see it soon
    snapshots_drop()
    database.on_commit(partial(imports_sweep, now=now, idle=AT_REST), robust=True)
    return training_record.trained_versions_mark(key=key, now=now)


def _rows_delete(key: str) -> None:
    """Deletes the subject from the leaves up, a statement per table, because Django would first
    load all decisions to look for what refers to them.
    """
    for model in (Event, GoalEvent, Visit, ServedDecision):
        rows = model.objects.filter(profile__in=Profile.objects.filter(subject__key=key))
        rows._raw_delete(rows.db)
    Subject.objects.filter(key=key).delete()
