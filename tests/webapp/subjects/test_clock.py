"""Visits after a server's clock ran ahead and was put right."""

from __future__ import annotations

import pytest

from webapp.subjects import fold_worker
from webapp.subjects.models import Profile, Visit

pytestmark = pytest.mark.django_db(transaction=True)


def visits_of(owner) -> int:
    return Profile.objects.get(subject__key=owner.key).state["profile"]["visits"]


@pytest.mark.parametrize("ahead", [{"minutes": 40}, {"days": 1}, {"days": 400}])
@pytest.mark.parametrize("is_closed", [True, False])
def test_uses_after_a_clock_was_put_right_are_visits_as_ever(
    owner, worker, clock, ahead, is_closed
):
    """Half an hour without a use ends a visit, whatever the clock said before."""
    right = clock.now
    clock.advance(**ahead)
    owner.headers = type(owner)(owner.key, clock).headers  # a token that lasts
    owner.send(owner.layout(), owner.event("use", "forum"))
    worker.work()
    if is_closed:
        clock.advance(hours=1)
        (row,) = Profile.objects.all()
        fold_worker.profile_fold(profile_id=row.pk, now=clock.now)
    before = 1  # that of the wrong clock

    clock.now = right
    for _ in range(2):
        for _ in range(6):
            layout = owner.layout()
            assert owner.layout()["decision"] == layout["decision"]
            owner.send(layout, owner.event("use", layout["order"][0]))
            worker.work()
            clock.advance(seconds=10)
        stale = layout
        clock.advance(hours=1)
    owner.send(stale, owner.event("use", stale["order"][1]))  # a page that stayed open
    worker.work()
    clock.advance(hours=1)
    (row,) = Profile.objects.all()
    fold_worker.profile_fold(profile_id=row.pk, now=clock.now)

    assert visits_of(owner) == before + 3
    assert Visit.objects.count() == before + 3
