"""POST /api/events."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from celery import current_app
from django.core.signing import Signer
from django.test import Client

from webapp.subjects import decisions, fold_request
from webapp.subjects.models import Event, Profile, ServedDecision, Subject
from webapp.subjects.services import clock_advance

pytestmark = pytest.mark.django_db(transaction=True)


def test_keeps_the_rows_before_it_answers_and_asks_a_worker(owner, worker):
    counted = owner.send(owner.layout(), owner.event("impression"), owner.event("use", "forum"))

    assert counted == {"accepted": 2, "duplicate": 0, "ignored": 0}
    rows = Event.objects.order_by("pk")
    assert [(row.kind, row.block, row.fold) for row in rows] == [
        ("impression", "", "pending"),
        ("use", "forum", "pending"),
    ]
    assert worker.sent == [Profile.objects.get().pk]
    assert list(rows[0].decision.order) == owner.layout()["order"]


def test_needs_no_operator_that_sqlite_before_3_38_lacks(owner, worker, older_sqlite):
    assert owner.send(owner.layout(), owner.event("use", "forum"))["accepted"] == 1


def test_a_retry_counts_once(owner, worker):
    layout, event = owner.layout(), owner.event("use", "forum")
    owner.send(layout, event)
    worker.work()

    counted = owner.send(layout, event, owner.event("use", "quiz"))

    assert counted == {"accepted": 1, "duplicate": 1, "ignored": 0}
    worker.work()
    profile = Profile.objects.get()
    assert profile.state["visit"]["uses"] == {"forum": 1, "quiz": 1}


def test_waits_while_too_many_events_are_pending(owner, worker, settings):
    settings.UIENGINE_BACKLOG = 2
    layout = owner.layout()
    sent = [owner.event("use", block) for block in ("forum", "quiz", "glossary")]
    assert owner.send(layout, *sent)["accepted"] == 3
    health = owner.get("health").json()
    assert health["backlog"] == {"pending": 3, "most": 2}

    body = {"decision": layout["decision"], "events": [owner.event("use", "live")]}
    response = owner.post("events", body)

    assert response.status_code == 429 and int(response["Retry-After"]) > 0
    assert "/api/errors#backlog-full" in response.json()["type"]
    assert Event.objects.count() == 3
    assert owner.wish("freeze")["status"] == "frozen"  # a wish is one event, folded at once

    worker.work()
    assert owner.post("events", body).status_code == 202


def test_a_broker_that_is_away_is_not_waited_for_again(monkeypatch):
    asked: list[int] = []

    def away(task: str, arguments: list[int]) -> None:
        asked.extend(arguments)
        raise ConnectionError("planted")

    monkeypatch.setattr(current_app, "send_task", away)
    broker = fold_request.Broker()

    for profile_id in (1, 2, 3):
        broker.send(profile_id)
    assert asked == [1]

    broker.silent_until = 0.0  # the pause is over
    broker.send(4)
    assert asked == [1, 4]


def test_the_same_id_at_another_time_is_another_event(owner, clock):
    layout, event = owner.layout(), owner.event("use", "forum")
    owner.send(layout, event)
    later = {**event, "at": (clock.now + timedelta(seconds=1)).isoformat()}

    assert owner.send(layout, later)["accepted"] == 1


@pytest.mark.parametrize("change", ["append", "drop", "other_secret", "other_salt", "empty"])
def test_refuses_a_decision_that_is_not_ours(owner, change):
    signed = owner.layout()["decision"]
    content = list(Signer(salt=decisions.SALT).unsign_object(signed))
    forged = {
        "append": signed + "x",
        "drop": signed[1:],
        "other_secret": Signer(key="guess", salt=decisions.SALT).sign_object(content),
        "other_salt": Signer(salt="webapp.user-token").sign_object(content),
        "empty": "x",
    }[change]

    response = owner.post("events", {"decision": forged, "events": [owner.event("impression")]})

    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["field"] == "decision"
    assert response.json()["next_step"]
    assert not Event.objects.exists()


def test_refuses_a_decision_made_for_somebody_else(owner, colleague, stranger):
    layout = owner.layout()
    body = {"decision": layout["decision"], "events": [owner.event("use", "forum")]}

    assert colleague.post("events", body).status_code == 403
    assert stranger.post("events", body).status_code == 403
    assert Client().post("/api/events", body, "application/json").status_code == 401
    assert not Subject.objects.exists()


def test_keeps_nothing_of_nobody(page, owner):
    client = Client()
    layout = client.get("/api/layout?surface=course-home").json()
    body = {"decision": layout["decision"], "events": [owner.event("use", "forum")]}

    response = client.post("/api/events", body, "application/json")

    assert response.json() == {"accepted": 0, "duplicate": 0, "ignored": 1}
    assert not Subject.objects.exists()


def test_names_the_field_the_value_and_the_next_step(owner, clock):
    decision = owner.layout()["decision"]
    old = (clock.now - timedelta(days=40)).isoformat()
    cases = [
        ({"type": "use", "block": "nowhere"}, "events[0].block", "nowhere"),
        ({"type": "use", "block": ""}, "events[0].block", ""),
        ({"type": "peek"}, "events[0].type", "peek"),
        ({"at": "yesterday"}, "events[0].at", "yesterday"),
        ({"at": old}, "events[0].at", old),
        ({"id": "x" * 65}, "events[0].id", "x" * 65),
        ({"type": "move", "block": "forum"}, "events[0].rank", None),
    ]
    for change, field, value in cases:
        event = {**owner.event("impression"), **change}
        response = owner.post("events", {"decision": decision, "events": [event]})
        problem = response.json()
        assert (response.status_code, problem["field"]) == (400, field), problem
        assert problem.get("value") == value
        assert problem["next_step"]


def test_names_every_mistake_of_a_batch_the_first_one_first(owner, clock):
    good, old = owner.event("use", "forum"), (clock.now - timedelta(days=40)).isoformat()
    cases = [
        (
            [{"ms": -1, "id": "a b"}, {}, {"type": "peek"}, {"at": "yesterday"}],
            ["events[0].id", "events[0].ms", "events[2].type", "events[3].at"],
            ["a b", -1, "peek", "yesterday"],
        ),
        (
            [{"block": "nowhere"}, {}, {"at": old}, {"block": "gone"}],
            ["events[0].block", "events[2].at", "events[3].block"],
            ["nowhere", old, "gone"],
        ),
        (
            [{"block": f"no-{i}"} for i in range(20)],
            [f"events[{i}].block" for i in range(10)],
            [f"no-{i}" for i in range(10)],
        ),
        (
            [{"x": -i - 1} for i in range(20)],
            [f"events[{i}].x" for i in range(10)],
            [*range(-1, -11, -1)],
        ),
    ]
    decision = owner.layout()["decision"]
    for changes, fields, values in cases:
        events = [{**good, "id": f"e{i}", **change} for i, change in enumerate(changes)]
        problem = owner.post("events", {"decision": decision, "events": events}).json()
        errors = problem["errors"]
        assert [e["field"] for e in errors] == fields
        assert [e["value"] for e in errors] == values
        assert errors[0] == {name: problem[name] for name in ("field", "value", "detail")}
        assert all(e["detail"] for e in errors)


@pytest.mark.parametrize(
    ("path", "known"),
    [("events", "use, dismiss"), ("feedback", "freeze, move, pin, reset, undo, unpin")],
)
def test_an_unknown_type_is_refused_with_the_list_of_them(owner, path, known):
    decision, event = owner.layout()["decision"], {**owner.event("impression"), "type": "peek"}
    one = {"decision": decision, **event}
    sent = one if path == "feedback" else {"decision": decision, "events": [event]}

    detail = owner.post(path, sent).json()["detail"]

    assert detail.startswith('"peek" is not a valid choice. Send one of: ')
    assert set(known.split(", ")) <= set(detail.rpartition(": ")[2].rstrip(".").split(", "))


def test_bounds_the_batch_and_the_body(owner, settings):
    decision = owner.layout()["decision"]
    many = [owner.event("impression") for _ in range(101)]
    answer = owner.post("events", {"decision": decision, "events": many})
    assert answer.status_code == 400 and "More than 100" in answer.json()["detail"]
    assert "split the batch" in answer.json()["detail"]
    assert owner.post("events", {"decision": decision, "events": []}).status_code == 400

    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    response = owner.post("events", {"decision": decision, "events": many[:10]})

    assert response.status_code == 413
    assert "takes 1000 bytes" in response.json()["detail"]
    assert response.json()["field"] == "body" and response.json()["value"] > 1000
    assert response["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("body", ["", "{", "[]", '"x"', "null", '{"decision": 1}', "[" * 5000])
def test_malformed_bodies_are_refused(owner, body):
    response = owner.client.post("/api/events", body, "application/json", headers=owner.headers)

    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"


@pytest.mark.usefixtures("one_minute")
def test_says_when_to_come_back(owner, settings):
    settings.UIENGINE_THROTTLES = {"layout": 9, "write": 1}
    layout = owner.layout()
    owner.send(layout, owner.event("impression"))
    body = {"decision": layout["decision"], "events": [owner.event("impression")]}

    response = owner.post("events", body)

    assert response.status_code == 429
    assert 0 < int(response["Retry-After"]) <= 60


def test_a_session_needs_no_csrf_token_where_the_decision_proves_the_page(
    page, clock, worker, django_user_model
):
    client = Client(enforce_csrf_checks=True)
    client.force_login(django_user_model.objects.create_user("anna"))
    layout = client.get("/api/layout?surface=course-home").json()
    event = {"id": "1", "at": clock.now.isoformat(), "type": "use", "block": "forum"}
    body = {"decision": layout["decision"], "events": [event]}

    assert client.post("/api/events", body, "application/json").status_code == 202
    subject = Subject.objects.get()
    assert subject.key == f"django:{subject.user_id}"


def test_a_broker_that_is_away_costs_no_event(owner, monkeypatch, caplog):
    monkeypatch.undo()

    def refuse(*_: object) -> None:
        raise OSError("no broker")

    monkeypatch.setattr(current_app, "send_task", refuse)
    fold_request.Broker().send(1)
    assert "broker_unavailable" in caplog.text


def test_the_decision_stays_small(owner):
    served = decisions.read(owner.layout()["decision"])
    twenty = tuple(f"a-long-block-name-{i}" for i in range(20))
    big = decisions.Served(**{**served.__dict__, "order": twenty, "tokens": (255,) * 8})

    assert len(decisions.sign(big)) < 2000
    assert decisions.read(decisions.sign(big)) == big


def test_a_decision_is_read_as_it_was_signed_in_any_script(owner):
    """Also reads decisions packed by Django's signer, as older releases did: in ASCII only."""
    served = replace(decisions.read(owner.layout()["decision"]), order=("форум", "日本", "😀"))
    values = [decisions.FORMAT, *(getattr(served, name) for name in decisions.SIGNED)]
    packed = Signer(salt=decisions.SALT).sign_object(values, compress=True)

    assert decisions.read(decisions.sign(served)) == served
    assert decisions.read(packed) == served


def test_one_decision_row_for_many_events(owner):
    layout = owner.layout()
    for _ in range(3):
        owner.send(layout, owner.event("impression"))

    assert ServedDecision.objects.count() == 1


def test_half_a_character_is_refused_not_crashed_on(owner):
    response = owner.post("events", {"decision": "\ud800", "events": []})
    assert response.status_code == 400
    assert "surrogate" in response.json()["detail"]


def test_a_far_future_time_is_held_within_what_the_server_knows(owner, clock):
    owner.send(owner.layout(), owner.event("impression"))
    clock_advance(subject=Subject.objects.get(), seconds=3600)
    event = {**owner.event("use", "forum"), "at": "9999-12-31T23:59:59Z"}

    assert owner.send(owner.layout(), event)["accepted"] == 1
    assert Event.objects.get(kind="use").happened_at == clock.now + timedelta(seconds=3600)


def test_numbers_that_are_not_finite_are_named(owner):
    layout = owner.layout()
    event = json.dumps(owner.event("move", "forum", rank=0)).replace('"rank": 0', '"rank": 1e400')
    body = f'{{"decision": "{layout["decision"]}", "events": [{event}]}}'

    response = owner.client.post("/api/events", body, "application/json", headers=owner.headers)

    said = response.json()
    assert (response.status_code, said["field"], said["value"]) == (400, "events[0].rank", "inf")
