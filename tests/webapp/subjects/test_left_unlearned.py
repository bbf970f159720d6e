"""A visit that is not learned from, and a week that is forgotten: as if nobody had been there."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.webapp.conftest import Person
from tests.webapp.subjects.correcting import (
    HABITS,
    correct,
    fold_all,
    orders,
    rows,
    state,
    together,
)
from webapp.subjects.models import Event, Visit

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_quiet_visit_teaches_nothing_and_the_next_one_does(owner, colleague, clock):
    together(clock, (owner, HABITS), (colleague, HABITS))
    for person in (owner, colleague):
        layout = person.layout()
        uses = [person.event("use", "quiz"), person.event("dwell", "quiz")]
        person.send(layout, person.event("impression"), *(uses if person is owner else ()))

    assert correct(owner, "quiet")["visit"] == {"learns": False}
    owner.send(owner.layout(), owner.event("use", "assignments"))

    clock.advance(hours=2)
    assert state(owner) == state(colleague) and rows(owner) == rows(colleague)
    assert not Event.objects.filter(block__in=("quiz", "assignments"), visit=last(owner)).exists()
    mine, theirs = orders(clock, owner, colleague)
    assert mine == theirs
    assert state(owner)["profile"]["blocks"]["quiz"]["uses"] == 5


def last(person: Person) -> str:
    mine = Visit.objects.filter(profile__subject__key=person.key)
    return mine.order_by("started_at").last().visit


def test_a_quiet_visit_can_be_learned_from_again(owner, clock):
    owner.send(owner.layout(), owner.event("use", "quiz"))
    correct(owner, "quiet")

    assert correct(owner, "learn")["visit"] == {"learns": True}
    owner.send(owner.layout(), owner.event("use", "forum"))
    clock.advance(days=1)

    assert state(owner)["profile"]["blocks"].keys() == {"forum"}


def test_a_quiet_visit_stays_quiet_when_the_week_is_forgotten(owner, clock):
    layout = owner.layout()
    owner.send(layout, owner.event("use", "quiz"))
    correct(owner, "quiet")
    assert correct(owner, "forget_week")["visit"] == {"learns": False}

    clock.advance(minutes=1)
    owner.send(layout, owner.event("use", "quiz"))
    owner.send(owner.layout(), owner.event("use", "forum"))
    clock.advance(days=1)

    assert state(owner)["profile"]["blocks"] == {}


def test_events_of_a_quiet_visit_that_come_late_are_not_learned(owner, clock):
    layout = owner.layout()
    owner.send(layout, owner.event("impression"))
    correct(owner, "quiet")
    late = owner.event("use", "quiz")
    clock.advance(days=1)
    owner.visit("forum")

    owner.send(layout, late)

    assert state(owner)["profile"]["blocks"].keys() == {"forum"}
    assert not Event.objects.filter(block="quiz").exists()


def test_a_forgotten_week_leaves_the_state_of_somebody_who_was_not_there(owner, colleague, clock):
    together(clock, (owner, HABITS), (colleague, HABITS))
    clock.advance(days=4)
    for blocks in (("glossary", "links"), ("links",)):
        owner.visit(*blocks)
    fold_all()
    clock.advance(hours=1)
    assert owner.layout()["order"] != colleague.layout()["order"]

    correct(owner, "forget_week")

    assert owner.layout()["order"] == colleague.layout()["order"]
    assert state(owner) == state(colleague) and rows(owner) == rows(colleague)
    mine, theirs = orders(clock, owner, colleague)
    assert mine == theirs


def test_a_forgotten_week_takes_its_rows_and_is_not_sent_again(owner, clock, worker):
    together(clock, (owner, HABITS))
    clock.advance(days=9)
    layout, used = owner.layout(), owner.event("use", "links")
    owner.send(layout, owner.event("impression"), used)
    clock.advance(minutes=1)
    pin = owner.wish("pin", "links")
    rank = pin["order"].index("links")

    correct(owner, "forget_week")
    before = state(owner)

    assert not Event.objects.filter(happened_at__gte=clock.now - timedelta(days=7)).exists()
    owner.send(layout, used, owner.event("impression") | {"at": used["at"]})
    assert state(owner) == before and not Event.objects.filter(block="links", kind="use").exists()
    after = owner.layout()
    assert (after["order"][rank], after["pins"]) == ("links", ["links"])
    clock.advance(minutes=1)
    owner.send(after, owner.event("use", "quiz"))  # from now on it is learned
    clock.advance(days=1)
    assert state(owner)["profile"]["blocks"]["quiz"]["uses"] == 3


def test_the_visit_that_the_week_begins_in_is_forgotten_too(owner, clock):
    owner.visit("forum")
    layout = owner.layout()
    owner.send(layout, owner.event("use", "glossary"))
    clock.advance(minutes=20)
    owner.send(layout, owner.event("use", "quiz"))
    fold_all()
    clock.advance(days=7, minutes=-10)

    correct(owner, "forget_week")

    assert [list(uses) for _, uses, _ in rows(owner)] == [["forum"]]
    assert state(owner)["profile"]["blocks"].keys() == {"forum"}
