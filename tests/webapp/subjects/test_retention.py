"""Retention deletes what a surface no longer keeps, and does not change what people are served."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from webapp.privacy import retention, tasks
from webapp.subjects.models import Event, Profile, ServedDecision, Subject, Visit
from webapp.surfaces.models import Surface

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def surface(page, monkeypatch):
    monkeypatch.setattr(retention, "AT_ONCE", 2)  # several batches
    return page


def test_old_events_and_decisions_go_and_the_layout_stays(surface, owner, worker, clock):
    for block in ("forum", "quiz", "forum"):
        owner.visit(block)
        worker.work()
    surface.event_days = surface.decision_days = 20  # below the 30 days of a test's token
    clock.advance(days=19)
    owner.visit("glossary")
    worker.work()
    before = owner.layout()

    done = retention.retention_apply(surface=surface, now=clock.now + timedelta(days=1))

    assert done["events"] == 6  # impression and use of three visits
    assert {e.block for e in Event.objects.all()} == {"", "glossary"}
    assert ServedDecision.objects.count() == 1
    assert Visit.objects.count() == 4
    after = owner.layout()
    assert after["order"] == before["order"] and after["why"] == before["why"]


def test_what_stays_between_ends_no_walk(surface, owner, colleague, worker, clock):
    """Batches have two rows; those in the middle are kept by another surface, or have events."""
    other = Surface.objects.create(slug="other", definition={}, event_days=900, decision_days=900)
    for person in (owner, colleague, owner, colleague, owner, colleague):
        person.visit("forum")
        worker.work()
    Profile.objects.filter(subject__key=colleague.key).update(surface=other)
    clock.advance(days=100)

    done = retention.retention_apply(surface=surface, now=clock.now)

    assert (done["events"], done["decisions"]) == (6, 3)
    assert set(Event.objects.values_list("profile__surface", flat=True)) == {other.pk}
    assert ServedDecision.objects.count() == 3


def test_visits_of_idle_people_go_some_people_at_a_time(surface, clock):
    people = [Subject.objects.create(key=f"host:{n}") for n in range(5)]
    rows = [Profile.objects.create(subject=subject, surface=surface) for subject in people]
    for row in rows:
        columns = {"profile": row, "started_at": clock.now, "day": 1}
        Visit.objects.bulk_create(Visit(visit=str(n), **columns) for n in range(7))
    Profile.objects.update(updated_at=clock.now - timedelta(days=surface.idle_days + 1))

    with CaptureQueriesContext(connection) as asked:
        done = retention.retention_apply(surface=surface, now=clock.now)

    deleted = [q["sql"] for q in asked if q["sql"].startswith('DELETE FROM "subjects_visit"')]
    assert (done["profiles"], Visit.objects.count()) == (5, 0)
    assert len(deleted) == 3  # of two, two and one


def test_what_is_not_folded_yet_stays(surface, owner, worker, clock):
    owner.visit("forum")
    clock.advance(days=1000)

    retention.retention_apply(surface=surface, now=clock.now)

    assert Event.objects.count() == 2 and Profile.objects.count() == 1


def test_idle_subjects_go_and_others_stay(surface, owner, colleague, worker, clock):
    for person in (owner, colleague):
        person.visit("forum")
        worker.work()
    old = clock.now - timedelta(days=surface.idle_days + 1)
    Profile.objects.filter(subject__key=owner.key).update(updated_at=old)
    Subject.objects.filter(key=owner.key).update(created_at=old)

    done = retention.retention_apply(surface=surface, now=clock.now)

    assert (done["profiles"], done["subjects"]) == (1, 1)
    assert Subject.objects.get().key == colleague.key
    surface.idle_days = 0
    later = clock.now + timedelta(days=10_000)
    assert "profiles" not in retention.retention_apply(surface=surface, now=later)
    assert Profile.objects.count() == 1


def test_events_are_kept_while_they_may_arrive_again(settings):
    field = Surface._meta.get_field("event_days")
    settings.UIENGINE_EVENT_DAYS = 28

    with pytest.raises(ValidationError, match="at least 28 days"):
        field.run_validators(27)
    field.run_validators(28)


def test_one_surface_that_fails_keeps_no_other_from_it(surface, owner, worker, clock):
    owner.visit("forum")
    worker.work()
    broken = Surface.objects.create(slug="a-broken", definition={}, idle_days=9_999_999)
    clock.advance(days=100)

    with pytest.raises(OverflowError):
        tasks.retention()

    assert broken.slug < surface.slug and not Event.objects.exists()
