"""GET, POST and DELETE /api/me: export, consent, erasure; and signing in as a visitor."""

from __future__ import annotations

import json

import pytest
from django.apps import apps
from django.test import Client

from webapp.subjects.keys import VISITOR_COOKIE
from webapp.subjects.models import Event, PersonalAttributes, Profile, Subject, Visit

pytestmark = pytest.mark.django_db(transaction=True)


def with_history(person, worker, clock):
    person.visit("forum", "quiz")
    worker.work()
    person.visit("forum")
    subject = Subject.objects.get(key=person.key)
    PersonalAttributes.objects.create(
        subject=subject, values={"gender": "F"}, consented_at=clock.now, consent_note="form"
    )
    return subject


def test_exports_all_that_is_kept(owner, colleague, worker, clock):
    with_history(owner, worker, clock)
    with_history(colleague, worker, clock)

    body = owner.get("me").json()

    assert body["subject"] == owner.key
    assert body["attributes"][0]["values"] == {"gender": "F"}
    (profile,) = body["profiles"]
    assert {e["block"] for e in profile["events"]} == {"", "forum", "quiz"}
    assert profile["visits"][0]["uses"] == {"forum": 1, "quiz": 1}
    assert profile["decisions"] and profile["state"]
    assert colleague.key not in json.dumps(body)


def test_erases_everything_and_only_that(owner, colleague, worker, clock):
    subject = with_history(owner, worker, clock)
    with_history(colleague, worker, clock)
    adapted = owner.layout()

    assert owner.client.delete("/api/me", headers=owner.headers).status_code == 200

    assert not Subject.objects.filter(key=owner.key).exists()
    assert Subject.objects.filter(key=colleague.key).exists()
    for model in apps.get_app_config("uiengine_subjects").get_models():
        for field in model._meta.fields:
            if field.related_model is Subject:
                assert not model.objects.filter(**{field.attname: subject.pk}).exists()
    assert Profile.objects.count() == 1
    owner.token_renew()
    assert owner.layout()["decision"] != adapted["decision"]
    assert worker.work() >= 0  # messages sent before the erasure find nothing
    assert owner.get("me").json()["profiles"] == []


def test_nobody_has_nothing_to_see(page):
    for response in (Client().get("/api/me"), Client().delete("/api/me")):
        assert response.status_code == 403
        assert response["Content-Type"] == "application/problem+json"


def consenting(client: Client) -> None:
    assert client.post("/api/me", {"consent": True}, "application/json").status_code == 204


def sign_in(client: Client) -> None:
    credentials = {"username": "admin", "password": "password"}
    assert client.post("/admin/login/", credentials).status_code == 302


def test_a_visitor_is_known_after_consent_only(page, owner, worker, clock):
    client = Client()
    assert client.get("/api/layout?surface=course-home").json()["status"] == "default"
    consenting(client)
    cookie = client.cookies[VISITOR_COOKIE]
    assert cookie["httponly"] and cookie["samesite"] == "Lax"

    layout = client.get("/api/layout?surface=course-home").json()
    assert layout["status"] == "adapted"
    body = {"decision": layout["decision"], "events": [owner.event("use", "forum")]}
    assert client.post("/api/events", body, "application/json").json()["accepted"] == 1
    assert Subject.objects.get().key.startswith("anon:")

    client.cookies[VISITOR_COOKIE] = cookie.value[:-1] + "x"
    assert client.get("/api/layout?surface=course-home").json()["status"] == "default"


def test_consent_cannot_be_given_from_another_site(page):
    client = Client(enforce_csrf_checks=True)

    response = client.post("/api/me", {"consent": True}, "application/json")

    assert response.status_code == 403
    assert VISITOR_COOKIE not in client.cookies


def test_signing_in_brings_the_visitors_history_along(page, owner, worker, clock, admin_user):
    client = Client()
    consenting(client)
    layout = client.get("/api/layout?surface=course-home").json()
    body = {"decision": layout["decision"], "events": [owner.event("use", "forum")]}
    client.post("/api/events", body, "application/json")

    sign_in(client)

    subject = Subject.objects.get()
    assert subject.key == f"django:{admin_user.pk}"
    assert subject.profiles.get().state["visit"]["uses"] == {"forum": 1}
    # A page opened before the sign-in still sends its events.
    late = {"decision": layout["decision"], "events": [owner.event("use", "quiz")]}
    assert client.post("/api/events", late, "application/json").status_code == 202
    assert Subject.objects.count() == 1


def test_signing_in_merges_with_what_the_user_had(page, owner, worker, clock, admin_user):
    def once(client: Client, block: str) -> None:
        layout = client.get("/api/layout?surface=course-home").json()
        body = {"decision": layout["decision"], "events": [owner.event("use", block)]}
        assert client.post("/api/events", body, "application/json").json()["accepted"] == 1
        clock.advance(days=1)
        worker.work()

    client = Client()
    client.force_login(admin_user)
    once(client, "forum")
    visitor = Client()
    consenting(visitor)
    once(visitor, "quiz")

    sign_in(visitor)

    profile = Subject.objects.get().profiles.get()
    assert set(profile.state["profile"]["blocks"]) == {"forum", "quiz"}
    assert profile.state["profile"]["visits"] == 2
    assert Visit.objects.filter(profile=profile, is_closed=True).count() == 2


def as_visitor(client: Client, person, block: str) -> None:
    layout = client.get("/api/layout?surface=course-home").json()
    body = {"decision": layout["decision"], "events": [person.event("use", block)]}
    assert client.post("/api/events", body, "application/json").json()["accepted"] == 1


def test_a_visitor_may_sign_in_out_and_in_again(page, owner, worker, admin_user):
    client = Client()
    consenting(client)
    cookie = client.cookies[VISITOR_COOKIE].value
    for block in ("forum", "quiz", "forum"):
        as_visitor(client, owner, block)
        sign_in(client)
        client.logout()
        client.cookies[VISITOR_COOKIE] = cookie

    visit = Visit.objects.get()  # only one: nothing was stored of the visitor in between
    assert visit.uses == {"forum": 2, "quiz": 1}
    assert Subject.objects.get().key == f"django:{admin_user.pk}"
    assert {e.decision.profile_id for e in Event.objects.all()} == {visit.profile_id}


def test_a_merge_that_fails_stops_nobody_and_loses_nothing(
    page, owner, worker, admin_user, monkeypatch
):
    client = Client()
    consenting(client)
    as_visitor(client, owner, "forum")

    def fail(*_):
        raise ValueError("broken")

    monkeypatch.setattr("webapp.privacy.merge._profile_move", fail)
    sign_in(client)

    visitor = Subject.objects.get(key__startswith="anon:")
    assert visitor.profiles.get().events.count() == 1


def test_withdrawing_consent_erases_the_visitor(page, owner, worker):
    client = Client()
    consenting(client)
    as_visitor(client, owner, "forum")

    assert client.post("/api/me", {"consent": False}, "application/json").status_code == 204

    assert not Subject.objects.exists() and not client.cookies[VISITOR_COOKIE].value
