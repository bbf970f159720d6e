"""Erasure: what is deleted, what an open page can still do, which versions a person trained."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.test import Client

from webapp.codebooks.models import CodebookVersion, Run
from webapp.codebooks.registry.training_record import (
    training_record,
    version_erasures,
    version_subjects,
)
from webapp.layouts.events import accept
from webapp.privacy.apps import PrivacyConfig
from webapp.privacy.erase import subject_erase
from webapp.subjects.models import Event, Profile, Subject, TrainingMark
from webapp.surfaces.models import Surface

pytestmark = pytest.mark.django_db(transaction=True)


def erase(person):
    response = person.client.delete("/api/me", headers=person.headers)
    assert response.status_code == 200
    assert person.get("me").status_code == 401
    person.token_renew()
    return response.json()


def run_with(version: CodebookVersion, *keys: str) -> Run:
    surface = Surface.objects.get()
    run = Run.objects.create(
        kind="train", surface=surface, key=f"k{Run.objects.count()}", state="done"
    )
    training_record(run=run, keys=keys)
    Run.objects.filter(pk=run.pk).update(version=version)
    return run


@pytest.fixture
def version(page) -> CodebookVersion:
    return CodebookVersion.objects.get()


def test_an_old_decision_does_not_bring_events_back(owner, worker, clock):
    first = owner.layout()
    owner.send(first, owner.event("use", "forum"))
    second = owner.layout()
    worker.work()
    erase(owner)

    for old in (first, second):
        for at in (clock.now - timedelta(hours=1), clock.now + timedelta(hours=1)):
            late = {**owner.event("use", "quiz"), "at": at.isoformat()}
            counted = owner.send(old, late)
            assert counted == {"accepted": 0, "duplicate": 0, "ignored": 1}

    assert not Subject.objects.exists() and not Event.objects.exists()


def test_after_an_erasure_one_begins_anew(owner, worker, clock):
    first = owner.layout()
    owner.send(first, owner.event("use", "forum"))
    erase(owner)
    erase(owner)

    fresh = owner.layout()
    assert fresh["decision"] != first["decision"]
    assert owner.send(fresh, owner.event("use", "quiz"))["accepted"] == 1

    worker.work()
    (event,) = Event.objects.all()
    assert event.block == "quiz"


@pytest.mark.usefixtures("one_minute")
@pytest.mark.parametrize("why", ["throttled", "failed"])
def test_a_fallback_page_counts_for_who_was_erased_before(owner, settings, monkeypatch, why):
    owner.visit("forum")
    erase(owner)
    if why == "failed":
        monkeypatch.setattr("uiengine.engine.decide", None)
    settings.UIENGINE_THROTTLES = {"layout": 1 if why == "throttled" else 99, "write": 99}

    fallen = [owner.layout() for _ in range(3)][-1]
    assert fallen["status"] == "fallback"

    assert owner.send(fallen, owner.event("use", "forum"))["accepted"] == 1


def test_an_old_page_can_wish_for_nothing(owner, worker):
    old = owner.layout()
    erase(owner)

    response = owner.post("feedback", {"decision": old["decision"], **owner.event("freeze")})

    assert response.status_code == 403
    assert not Profile.objects.exists()


def test_erasing_names_the_versions_trained_with_one(owner, colleague, stranger, version):
    owner.visit("forum")
    run = run_with(version, owner.key, colleague.key)
    Subject.objects.create(key=colleague.key)
    training_record(run=run, keys=[owner.key, colleague.key])  # a second call adds nothing

    mine = owner.get("me").json()["trained_versions"]
    answer = erase(owner)

    assert [v["version"] for v in answer["trained_versions"]] == [version.name]
    assert mine == answer["trained_versions"]
    assert erase(stranger)["trained_versions"] == []
    assert (version_erasures(version), version_subjects(version)) == (2, 1)
    assert erase(owner)["trained_versions"] == []


def test_a_version_refreshed_from_one_with_somebody_is_named_too(
    owner, colleague, stranger, version
):
    for person in (owner, colleague, stranger):
        Subject.objects.create(key=person.key)
    run_with(version, owner.key)
    child = CodebookVersion.objects.create(name="refreshed", folder="none", parent=version)
    run_with(child, colleague.key)
    other = CodebookVersion.objects.create(name="other", folder="none")
    run_with(other, stranger.key)

    named = {v["version"] for v in erase(owner)["trained_versions"]}

    assert named == {version.name, "refreshed"}
    assert [version_erasures(v) for v in (version, child, other)] == [1, 1, 0]
    assert version_subjects(child) == 1


def test_who_is_erased_while_a_run_reads_counts_as_erased(owner, version):
    run_with(version, "host:gone-in-between")

    assert version_erasures(version) == 1
    assert not TrainingMark.objects.exists()


def test_marks_do_not_hold_keys_and_differ_between_runs(owner, version):
    Subject.objects.create(key=owner.key)
    run_with(version, owner.key)
    run_with(version, owner.key)

    marks = list(TrainingMark.objects.values_list("mark", flat=True))
    assert len(set(marks)) == 2 and not any(owner.key in mark for mark in marks)


def test_a_visitors_training_becomes_the_users(page, version, owner, admin_user):
    client = Client()
    client.post("/api/me", {"consent": True}, "application/json")
    layout = client.get("/api/layout?surface=course-home").json()
    body = {"decision": layout["decision"], "events": [owner.event("use", "forum")]}
    client.post("/api/events", body, "application/json")
    run_with(version, Subject.objects.get().key)
    client.post("/admin/login/", {"username": "admin", "password": "password"})
    assert Subject.objects.get().key == f"django:{admin_user.pk}"

    trained = client.delete("/api/me").json()["trained_versions"]

    assert [v["version"] for v in trained] == [version.name]


def test_deleting_the_account_erases(page, version, clock):
    user = User.objects.create_user("gone")
    subject = Subject.objects.create(key=f"django:{user.pk}", user=user)
    run_with(version, subject.key)

    user.delete()

    assert not Subject.objects.exists()
    assert version_erasures(version) == 1


def test_an_erasure_while_events_come_in_leaves_nothing(owner, worker, clock, monkeypatch):
    owner.visit("forum")
    layout = owner.layout()  # a new visit, whose decision has no row yet
    is_void, asked = accept._is_void, []

    def erased_after_the_first(*given):
        found = is_void(*given)
        if not asked:
            asked.append(subject_erase(key=owner.key))
        return found

    monkeypatch.setattr(accept, "_is_void", erased_after_the_first)

    counted = owner.send(layout, owner.event("use", "quiz"))

    assert counted == {"accepted": 0, "duplicate": 0, "ignored": 1}
    assert not Subject.objects.exists() and not Event.objects.exists()


def test_a_deleted_user_is_erased_whoever_made_the_subject(page):
    user = User.objects.create_user("somebody")
    Subject.objects.create(key=f"django:{user.pk}")

    user.delete()

    assert not Subject.objects.exists()


def test_an_account_that_is_deleted_through_a_proxy_is_erased(page):
    class Student(User):
        class Meta:
            proxy = True
            app_label = "auth"

    try:
        PrivacyConfig.create("webapp.privacy").ready()
        user = User.objects.create_user("ann")
        Subject.objects.create(key=f"django:{user.pk}")  # created through a server key

        Student.objects.get(pk=user.pk).delete()

        assert not Subject.objects.exists()
    finally:
        del apps.all_models["auth"]["student"]
        apps.clear_cache()
