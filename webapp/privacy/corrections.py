"""Corrects what a page knows of a person, as if it had never been: at once, and for good.

The profile is folded anew from the visits that stay, so the person's next layout is that of
somebody who never did what was struck out. Rows that held it go: events, uses of visits, codes of
decisions, profiles that layouts were drawn by. Marks (`Unlearned`) keep it from being learned
again. Sums over people (popularity of past days) stay, as they name nobody; versions that were
trained with it are marked for retraining.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from webapp.codebooks.pipeline.kept_visits import snapshots_drop
from webapp.codebooks.registry import training_record
from webapp.lib import database
from webapp.lib.times import to_milliseconds, utc_now
from webapp.privacy import imported_past
from webapp.privacy.forgotten_week import week_forget
from webapp.privacy.known_profile import (
    Known,
    known_read,
    known_write,
    latest_event,
    present_visit,
    refold,
)
from webapp.subjects.erasure import times_erased
from webapp.subjects.fold_worker import profile_fold
from webapp.subjects.locks import people_lock
from webapp.subjects.models import Profile, ServedDecision, Subject, Visit
from webapp.surfaces.models import Surface


class Act(StrEnum):
    """strike, restore: what the page holds true of a block; quiet, learn: whether it learns from
    the present visit; forget_week: all of the last seven days."""

    STRIKE = "strike"
    RESTORE = "restore"
    QUIET = "quiet"
    LEARN = "learn"
    FORGET_WEEK = "forget_week"


class About(StrEnum):
    """use: what the person used; expected: what others' use makes the page expect."""

    USE = "use"
    EXPECTED = "expected"


class ErasedError(Exception):
    """Whoever asks was erased, and there is nothing to correct."""


@dataclass(frozen=True)
class Correction:
    act: Act
    about: About = About.USE
    block: str = ""


@database.atomic
def profile_correct(
    *,
    key: str,
    user_id: str | None,
    surface: Surface,
    correction: Correction,
    now: datetime,
    erasures: int | None = None,
) -> None:
    """Corrects the profile under the lock that all writes of a person take.

    Pending events are folded first, so they are corrected as well. Idempotent.

    erasures: of the person when the caller's credential was issued; None where it never ends.

    Raises:
        ErasedError: the person was erased since. Nothing is kept of them anew.
    """
    locked = Subject.objects.select_for_update()  # waits for an erasure under way
    subject, _ = locked.get_or_create(key=key, defaults={"user_id": user_id})
    pk = Profile.objects.get_or_create(subject=subject, surface=surface)[0].pk
    people_lock([key])
    if erasures is not None and times_erased(key) > erasures:
        raise ErasedError  # what was made above is rolled back
    profile_fold(profile_id=pk, now=now)
    known = known_read(Profile.objects.select_related("subject", "surface").get(pk=pk), now)
    has_removed = _ACTS[correction.act](known, correction)
    known_write(known)
    if has_removed:
        subject.rehearsed_weeks.all().delete()
        snapshots_drop()
        training_record.trained_versions_mark(key=key, now=now)


def struck_again(row: Profile) -> None:
    """Takes out of a profile what its marks leave out, after another was merged into it."""
    known = known_read(row, utc_now())
    if known.state.unlearned is None:
        return
    for block in known.state.unlearned.struck:
        _unlearn(known, block)
    refold(known)
    known_write(known)


def _strike(known: Known, correction: Correction) -> bool:
    block = correction.block
    if correction.about == About.EXPECTED:
        feedback = known.state.profile.feedback
        feedback.unexpected = tuple(sorted({*feedback.unexpected, block}))
        has_removed = False
    else:
        known.marks.blocks[block] = None
        has_removed = _unlearn(known, block)
    refold(known)
    return has_removed


def _restore(known: Known, correction: Correction) -> bool:
    block, feedback = correction.block, known.state.profile.feedback
    if correction.about == About.EXPECTED:
        feedback.unexpected = tuple(b for b in feedback.unexpected if b != block)
    elif block in known.marks.struck:
        known.marks.blocks[block] = (known.here, known.made)
    return False


def _quiet(known: Known, correction: Correction) -> bool:
    """Takes out what this visit has taught, none of which counts before it closes."""
    visit = present_visit(known)
    if visit not in known.marks.visits:
        known.marks.visits.append(visit)
    known.behaviour.filter(visit=visit).delete()
    known.visits.filter(visit=visit).update(uses={}, drawn=None, before=None, reward=None)
    if known.state.open:
        known.state.open.uses = {}
        known.state.open.drawn = known.state.open.before = None
    return False


def _learn(known: Known, correction: Correction) -> bool:
    visit = present_visit(known)
    known.marks.visits = [v for v in known.marks.visits if v != visit]
    return False


def _forget(known: Known, correction: Correction) -> bool:
    week_forget(known)
    return True


def _unlearn(known: Known, block: str) -> bool:
    """Takes a block's use out of rows and state. Returns True if there was any in closed visits."""
    known.behaviour.filter(block=block).delete()
    imported_past.strike(known.row, block)
    ServedDecision.objects.filter(profile=known.row).update(tokens=[])
    drawn = known.visits.filter(before__isnull=False)
    drawn.update(drawn=None, before=None, reward=None)
    used = list(known.visits.filter(uses__has_key=block))
    for visit in used:
        del visit.uses[block]
    Visit.objects.bulk_update(used, ["uses"], batch_size=500)
    state, kept = known.state, known.state.profile
    if state.visit:
        state.visit.uses.pop(block, None)
        state.visit.drawn = state.visit.before = None
    latest = latest_event(known.row)
    if latest is not None:  # what was deleted may have been the last
        kept.last_event = to_milliseconds(latest) / 1000
    state.late = [late for late in state.late if late[0] != block]
    return bool(used) or block in kept.blocks


_ACTS: dict[Act, Callable[[Known, Correction], bool]] = {
    Act.STRIKE: _strike,
    Act.RESTORE: _restore,
    Act.QUIET: _quiet,
    Act.LEARN: _learn,
    Act.FORGET_WEEK: _forget,
}
