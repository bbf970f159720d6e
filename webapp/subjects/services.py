"""Gets a subject, advances its clock, ends its visit."""

from __future__ import annotations

from django.db.models import F

from webapp.lib import database
from webapp.lib.times import utc_now
from webapp.subjects import state_cache
from webapp.subjects.fold_worker import profile_fold
from webapp.subjects.keys import subject_key_checked
from webapp.subjects.models import Profile, Subject
from webapp.surfaces.models import Surface


def subject_get(*, key: str, user_id: str | None = None, source: str = "live") -> Subject:
    """Finds or creates the subject. Raises UnusableKeyError."""
    key = subject_key_checked(key)
    defaults = {"user_id": user_id, "source": source}
    return Subject.objects.get_or_create(key=key, defaults=defaults)[0]


@database.atomic
def clock_advance(*, subject: Subject, seconds: int) -> None:
    """Advances the subject's clock, so that a demonstration need not wait."""
    Subject.objects.filter(pk=subject.pk).update(clock_offset=F("clock_offset") + seconds)
    subject.refresh_from_db(fields=["clock_offset"])
    state_cache.forget_on_commit(subject.key, Surface.objects.values_list("slug", flat=True))


def visit_end(*, subject: Subject, surface: Surface, days: int = 0) -> None:
    """Ends the open visit as if it had timed out, so that the next read begins another.

    days: days until the next visit. Folds pending events first.
    """
    row = Profile.objects.filter(subject=subject, surface=surface).first()
    if row:
        profile_fold(profile_id=row.pk, now=utc_now())
    clock_advance(subject=subject, seconds=surface.visit_minutes * 60 + 1 + days * 86_400)
