"""Goals: from a page or a server, once per id, and kept, exported and erased with their person."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from tests.webapp.on_postgresql import has_no_other_run, run_on_postgresql
from webapp.privacy import merge
from webapp.privacy.retention import retention_apply
from webapp.subjects.keys import server_key_make
from webapp.subjects.models import Event, GoalEvent, Profile, Subject
from webapp.surfaces.models import Goal

pytestmark = pytest.mark.django_db(transaction=True)

if has_no_other_run():

    def test_a_goal_deleted_as_its_event_is_written_on_postgresql():
        run_on_postgresql("tests/webapp/subjects/test_goals_on_postgres.py")


@pytest.fixture
def order(page) -> Goal:
    return Goal.objects.create(surface=page, name="order", title="Orders", most=100.0)


def goal(person, name="order", **more):
    at = person.clock.now.isoformat()
    return {"id": "order-1", "at": at, "name": name, **more}


def sent(person, *goals):
    response = person.post("goals", {"surface": "course-home", "goals": list(goals)})
    assert response.status_code == 202, response.content
    return response.json()


def rows():
    return list(GoalEvent.objects.values_list("profile__subject__key", "event_id", "value"))


def test_a_page_sends_it_beside_its_events(order, owner, worker):
    layout = owner.layout()
    reached = {**goal(owner, value=59.9), "type": "goal"}

    counted = owner.send(layout, owner.event("use", "forum"), reached)
    again = owner.send(layout, reached, {**reached, "at": owner.clock.now.isoformat()})

    assert counted == {"accepted": 2, "duplicate": 0, "ignored": 0}
    assert again == {"accepted": 0, "duplicate": 2, "ignored": 0}
    assert rows() == [(owner.key, "order-1", 59.9)]
    worker.work()
    assert [event.kind for event in Event.objects.all()] == ["use"]


def test_a_goal_alone_opens_no_visit_and_moves_nothing(order, owner, worker):
    before = owner.layout()
    owner.send(before, {**goal(owner), "type": "goal"})
    worker.work()

    assert not Event.objects.exists() and rows() == [(owner.key, "order-1", 1.0)]
    assert owner.layout()["order"] == before["order"]
    assert Profile.objects.get().state == {}


def test_a_server_sends_it_without_a_decision_and_the_id_counts_once(order, owner, colleague):
    owner.visit("forum")
    _, secret = server_key_make(name="shop", scopes=["events:write"])
    headers = {"Authorization": f"Bearer {secret}", "X-Subject": owner.key}

    def post(*goals):
        body = {"surface": "course-home", "goals": list(goals)}
        kind = "application/json"
        return Client().post("/api/goals", body, content_type=kind, headers=headers).json()

    first = goal(owner, value=10)
    assert post(first, {**first, "value": 99})["duplicate"] == 1
    assert post({**first, "at": (owner.clock.now - timedelta(days=1)).isoformat()}) == {
        "accepted": 0,
        "duplicate": 1,
        "ignored": 0,
    }
    assert rows() == [(owner.key, "order-1", 10.0)]
    assert GoalEvent.objects.get().by_server
    colleague.visit("forum")
    assert sent(colleague, goal(colleague))["accepted"] == 1  # another person's


def test_nothing_is_kept_of_who_never_came_or_chose_no_profiling(order, owner, stranger, worker):
    assert sent(stranger, goal(stranger))["ignored"] == 1
    owner.visit("forum")
    owner.wish("plain", on=True)
    worker.work()

    assert sent(owner, goal(owner))["ignored"] == 1
    shown = owner.layout()
    assert owner.send(shown, {**goal(owner), "type": "goal"})["ignored"] == 1
    assert not GoalEvent.objects.exists()
    assert not Subject.objects.filter(key=stranger.key).exists()


@pytest.mark.parametrize(
    ("body", "kind", "field"),
    [
        ({"name": "reply"}, "goal-not-declared", "goals[0].name"),
        ({"value": -1}, "field-not-valid", "goals[0].value"),
        ({"value": "nan"}, "field-not-valid", "goals[0].value"),
        ({"value": 1e10}, "field-not-valid", "goals[0].value"),
        ({"id": "a b"}, "field-not-valid", "goals[0].id"),
        ({"at": "2020-01-01T00:00:00Z"}, "event-too-old", "goals[0].at"),
    ],
)
def test_what_cannot_be_counted_is_refused_with_the_next_step(order, owner, body, kind, field):
    owner.visit("forum")

    answer = owner.post("goals", {"surface": "course-home", "goals": [{**goal(owner), **body}]})

    assert answer.status_code == 400
    told = answer.json()
    assert told["type"].endswith(kind) and told["field"] == field and told["next_step"]
    assert not GoalEvent.objects.exists()


def test_without_a_declared_goal_nothing_is_counted(page, owner):
    layout = owner.layout()
    body = {"decision": layout["decision"], "events": [{**goal(owner), "type": "goal"}]}
    answer = owner.post("events", body)

    assert answer.status_code == 400 and "Declare it" in answer.json()["next_step"]
    assert answer.json()["field"] == "events[0].name"
    no_name = {**body["events"][0]}
    del no_name["name"]
    refused = owner.post("events", {**body, "events": [no_name]})
    assert refused.status_code == 400 and refused.json()["field"] == "events[0].name"


def test_it_is_exported_and_erased_with_the_person(order, owner, colleague):
    for person in (owner, colleague):
        person.visit("forum")
        sent(person, goal(person, value=7))

    ((exported,),) = [profile["goals"] for profile in owner.get("me").json()["profiles"]]
    assert (exported["name"], exported["event_id"], exported["value"]) == ("order", "order-1", 7.0)

    assert owner.client.delete("/api/me", headers=owner.headers).status_code == 200
    assert rows() == [(colleague.key, "order-1", 7.0)]
    assert sent_after_erasure(owner)["ignored"] == 1


def sent_after_erasure(person):
    """By a new token, as the old one ended with the erasure."""
    person.token_renew()
    return sent(person, goal(person))


def test_an_id_sent_before_and_after_signing_in_stays_counted_once(order, owner, colleague):
    for person in (owner, colleague):
        person.visit("forum")
        sent(person, goal(person, value=5))
    sent(owner, {**goal(owner), "id": "order-2"})
    people = [Subject.objects.get(key=person.key) for person in (owner, colleague)]

    merge.subject_merge(source=people[0], target=people[1], now=timezone.now())

    assert sorted(rows()) == [(colleague.key, "order-1", 5.0), (colleague.key, "order-2", 1.0)]


def test_it_goes_with_old_events_but_not_while_a_trial_counts_it(order, page, owner, clock):
    owner.visit("forum")
    sent(owner, goal(owner))
    Goal.objects.update(held_since=clock.now - timedelta(days=2))
    later = clock.now + timedelta(days=page.event_days + 1)

    assert retention_apply(surface=page, now=later)["goals"] == 0
    Goal.objects.update(held_since=clock.now + timedelta(days=1))  # a later trial
    assert retention_apply(surface=page, now=later - timedelta(days=3))["goals"] == 0
    assert retention_apply(surface=page, now=later)["goals"] == 1
    sent_before = rows()
    Goal.objects.update(held_since=None)
    assert sent_before == [] and retention_apply(surface=page, now=later)["goals"] == 0


def test_a_goal_that_no_trial_counts_goes_after_the_events_days(order, page, owner, clock):
    owner.visit("forum")
    sent(owner, goal(owner))

    later = clock.now + timedelta(days=page.event_days + 1)
    assert retention_apply(surface=page, now=later)["goals"] == 1


def test_a_browsers_session_needs_the_csrf_token_and_who_is_nobody_is_told(order, owner, client):
    owner.visit("forum")
    body = {"surface": "course-home", "goals": [goal(owner)]}
    client.handler.enforce_csrf_checks = True
    client.force_login(User.objects.create_user("ada"))

    def post(asked):
        return asked.post("/api/goals", body, content_type="application/json")

    assert post(client).status_code == 403
    assert post(Client()).json()["type"].endswith("nobody-to-do-this-for")
    assert not GoalEvent.objects.exists()


def test_a_forgotten_week_takes_its_goals_along_and_they_do_not_come_back(order, owner, clock):
    owner.visit("forum")
    sent(owner, {**goal(owner), "id": "old"})
    clock.advance(days=20)
    owner.visit("forum")
    late = {**goal(owner), "id": "late", "at": (clock.now - timedelta(hours=5)).isoformat()}
    sent(owner, goal(owner))

    assert owner.post("me/course-home", {"act": "forget_week"}).status_code == 200

    assert [event_id for _, event_id, _ in rows()] == ["old"]
    assert sent(owner, late, goal(owner))["ignored"] == 1  # `goal` is of now, after forgetting
    clock.advance(minutes=1)
    assert sent(owner, {**goal(owner), "id": "new"})["accepted"] == 1
    assert sorted(event_id for _, event_id, _ in rows()) == ["new", "old", "order-1"]
