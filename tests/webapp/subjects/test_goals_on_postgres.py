"""A goal deleted as its event is written, on PostgreSQL; elsewhere `test_goals` runs this."""

from __future__ import annotations

import threading

import pytest
from django.db import connection

from webapp.layouts.events import goals
from webapp.subjects.models import Event, GoalEvent
from webapp.surfaces.models import Goal

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def deleted_meanwhile(page, monkeypatch):
    """The goals `order`, deleted by another connection once events' transaction read it, and
    `reply`."""
    order = Goal.objects.create(surface=page, name="order", title="Orders")
    Goal.objects.create(surface=page, name="reply", title="Replies")
    read = goals.goals_declared

    def delete() -> None:
        order.delete()
        connection.close()

    def read_before(slug: str) -> dict[str, int]:
        declared = read(slug)
        if connection.in_atomic_block and "order" in declared:
            (other := threading.Thread(target=delete)).start()
            other.join()
        return declared

    monkeypatch.setattr(goals, "goals_declared", read_before)


def reached(person, name):
    return {"id": f"{name}-1", "at": person.clock.now.isoformat(), "name": name}


def test_its_event_is_ignored_and_the_others_of_the_batch_are_kept(deleted_meanwhile, owner):
    layout, use = owner.layout(), owner.event("use", "forum")
    sent = [{**reached(owner, name), "type": "goal"} for name in ("order", "reply")]

    assert owner.send(layout, use, *sent) == {"accepted": 2, "duplicate": 0, "ignored": 1}

    assert [event.kind for event in Event.objects.all()] == ["use"]
    assert [event.goal.name for event in GoalEvent.objects.all()] == ["reply"]


def test_its_event_without_a_decision_is_ignored(deleted_meanwhile, owner):
    owner.visit("forum")
    body = {"surface": "course-home", "goals": [reached(owner, "order"), reached(owner, "reply")]}

    answer = owner.post("goals", body)

    assert answer.status_code == 202
    assert answer.json() == {"accepted": 1, "duplicate": 0, "ignored": 1}
