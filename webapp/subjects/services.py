"""What can be done with a subject: begin its next visit, merge, export, erase."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from uiengine import profile as profiles
from webapp import mappers
from webapp.codebooks.snapshots import snapshots_drop
from webapp.surfaces.models import Surface

from . import erasure, live
from .erasure import TrainedVersion
from .folding import profile_fold
from .merging import rows_move
from .models import Profile, Subject
from .visits import State, settle


def subject_get(*, key: str, user_id: str | None = None, source: str = "live") -> Subject:
    defaults = {"user_id": user_id, "source": source}
    return Subject.objects.get_or_create(key=key, defaults=defaults)[0]


@transaction.atomic
def clock_advance(*, subject: Subject, seconds: int) -> None:
    """Lets this subject's clock run ahead by so much more. For demonstrations: nobody waits."""
    Subject.objects.filter(pk=subject.pk).update(clock_offset=F("clock_offset") + seconds)
    subject.refresh_from_db(fields=["clock_offset"])
    live.forget_on_commit(subject.key, Surface.objects.values_list("slug", flat=True))


def visit_end(*, subject: Subject, surface: Surface, days: int = 0) -> None:
    """Ends the open visit as minutes without an event would: the next read begins another.

    days: how many days later that is. Folds what is pending first.
    """
    row = Profile.objects.filter(subject=subject, surface=surface).first()
    if row:
        profile_fold(profile_id=row.pk, now=timezone.now())
    clock_advance(subject=subject, seconds=surface.visit_minutes * 60 + 1 + days * 86_400)


def visitor_merge(*, visitor: str, user_id: str) -> None:
    """What a visitor did before signing in belongs to the user from now on."""
    source = Subject.objects.filter(key=visitor).first()
    if source is not None:
        target = subject_get(key=f"django:{user_id}", user_id=user_id)
        subject_merge(source=source, target=target, now=timezone.now())


def subject_merge(*, source: Subject, target: Subject, now: datetime) -> None:
    """A visitor signed in: one history from now on, and the visitor's subject is gone."""
    for row in source.profiles.all():
        profile_fold(profile_id=row.pk, now=now)
    with transaction.atomic():
        for row in Profile.objects.select_for_update().filter(subject=source):
            _profile_move(row, target)
        source.attributes.exclude(surface__in=target.attributes.values("surface")).update(
            subject=target
        )
        erasure.training_carry(source=source.key, target=target.key)
        source.delete()
        slugs = list(Surface.objects.values_list("slug", flat=True))
        live.forget_on_commit(source.key, slugs)
        live.forget_on_commit(target.key, slugs)


def _profile_move(row: Profile, target: Subject) -> None:
    existing = Profile.objects.select_for_update().filter(subject=target, surface=row.surface)
    kept = existing.first()
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
    kept.state = mappers.from_state(_merged(one, other))
    kept.version += 1
    kept.open_until = None
    kept.save()
    row.delete()


def _merged(one: State, other: State) -> State:
    for state in (one, other):
        settle(state, state.last, 0)
    later = max((one, other), key=lambda state: state.last)
    return State(profiles.merge(one.profile, other.profile), later.visit)


@transaction.atomic
def subject_erase(*, key: str) -> list[TrainedVersion]:
    """Deletes the subject with profile, events, decisions and attributes.

    Returns the codebook versions that were trained with its visits, which are marked for
    retraining. Decisions that were signed before are void.
    """
    live.forget_on_commit(key, Surface.objects.values_list("slug", flat=True))
    now = timezone.now()
    # Made where there is none: events that are just being accepted are waited for, and go as well.
    Subject.objects.select_for_update().get_or_create(key=key)
    Subject.objects.filter(key=key).delete()
    erasure.erasure_record(key=key, now=now)
    snapshots_drop()
    return erasure.trained_versions_mark(key=key, now=now)
