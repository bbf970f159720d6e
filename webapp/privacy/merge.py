"""Merges a visitor, or another subject, into a subject."""

from __future__ import annotations

from datetime import datetime

from uiengine.behaviour import merging
from webapp.codebooks.registry import training_record
from webapp.lib import database
from webapp.lib.times import utc_now
from webapp.privacy.corrections import struck_again
from webapp.privacy.merge_rows import rows_move
from webapp.subjects import keys, mappers, state_cache, unlearned, visit_state
from webapp.subjects.fold_worker import profile_fold
from webapp.subjects.locks import people_lock
from webapp.subjects.looks import looks_unname
from webapp.subjects.models import Profile, Subject
from webapp.subjects.services import subject_get
from webapp.subjects.visit_state import State, settle
from webapp.surfaces.models import Surface


def visitor_merge(*, visitor: str, user_id: str) -> None:
    """Gives the user the history that a visitor had before signing in."""
    source = Subject.objects.filter(key=visitor).first()
    if source is not None:
        target = subject_get(key=keys.account_key(user_id), user_id=user_id)
        subject_merge(source=source, target=target, now=utc_now())


def subject_merge(*, source: Subject, target: Subject, now: datetime) -> None:
    """Merges the source's history into the target and deletes the source.

    Does nothing where either was erased meanwhile.
    """
    with database.atomic():
        if len(people_lock([source.key, target.key])) < 2:
            return
        for row in Profile.objects.filter(subject=source).order_by("pk"):
            profile_fold(profile_id=row.pk, now=now)
        for row in Profile.objects.filter(subject=source).order_by("pk"):
            _profile_move(row, target)
        source.attributes.exclude(surface__in=target.attributes.values("surface")).update(
            subject=target
        )
        training_record.training_carry(source=source.key, target=target.key)
        looks_unname(source.key)
        source.delete()
        slugs = list(Surface.objects.values_list("slug", flat=True))
        state_cache.erase_on_commit(source.key, slugs)
        state_cache.forget_on_commit(target.key, slugs)


def _profile_move(row: Profile, target: Subject) -> None:
    kept = Profile.objects.filter(subject=target, surface=row.surface).first()
    if kept is None:
        row.subject = target
        row.version += 1
        row.save()
        return
    same = rows_move(row, kept)
    one, other = mappers.to_state(row), mappers.to_state(kept)
    if visit := one.visit:
        visit.decision = same.get(visit.decision, visit.decision)
        visit.drawn = same.get(visit.drawn, visit.drawn)
    kept.state = visit_state.dump(_merged(one, other))
    kept.version += 1
    kept.open_until = None
    kept.save()
    row.delete()
    struck_again(kept)


def _merged(one: State, other: State) -> State:
    for state in (one, other):
        settle(state, state.last, 0)
    later = max((one, other), key=lambda state: state.last)
    marks = unlearned.merged(one.unlearned, other.unlearned)
    return State(merging.merge(one.profile, other.profile), later.visit, unlearned=marks)
