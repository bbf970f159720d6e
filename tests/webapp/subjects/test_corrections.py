"""Striking out: as if it had never been, from the next layout on, and not learned again."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.webapp.conftest import COURSE, Person
from tests.webapp.subjects.correcting import (
    HABITS,
    correct,
    fold_all,
    orders,
    rows,
    state,
    strike,
    together,
    without,
)
from tests.webapp.subjects.test_erasure import run_with
from webapp.codebooks.models import CodebookVersion, Pipeline
from webapp.codebooks.pipeline.kept_visits import erasures_seen
from webapp.codebooks.pipeline.stored_visits import stored_visits
from webapp.codebooks.registry.training_record import version_erasures
from webapp.privacy.merge import subject_merge
from webapp.subjects.models import Event, Profile, ServedDecision, Subject, Visit
from webapp.surfaces.models import Surface
from webapp.surfaces.services import surface_save

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_next_layouts_are_those_of_somebody_who_never_did_it(owner, colleague, clock):
    together(clock, (owner, HABITS), (colleague, without("glossary")))
    assert owner.layout()["order"] != colleague.layout()["order"]

    strike(owner)

    assert owner.layout()["order"] == colleague.layout()["order"]
    assert state(owner) == state(colleague)
    assert rows(owner) == rows(colleague)
    mine, theirs = orders(clock, owner, colleague)
    assert mine == theirs


def test_it_acts_within_the_open_visit_too(owner, colleague, clock):
    together(clock, (owner, HABITS), (colleague, without("glossary")))
    for person, uses in ((owner, ("glossary", "quiz")), (colleague, ("quiz",))):
        layout = person.layout()
        person.send(layout, person.event("impression"), *(person.event("use", b) for b in uses))

    strike(owner)

    assert owner.layout()["order"] == colleague.layout()["order"]
    for person in (owner, colleague):  # as a page does that is shown
        person.send(person.layout(), person.event("impression"))
    clock.advance(days=1)
    assert owner.layout()["order"] == colleague.layout()["order"]
    assert state(owner) == state(colleague)


def test_undo_after_it_restores_what_the_visit_before_would_have_shown(owner, colleague, clock):
    together(clock, (owner, HABITS), (colleague, without("glossary")))
    for person, uses in ((owner, ("glossary", "quiz")), (colleague, ("quiz",))):
        layout = person.layout()
        person.send(layout, person.event("impression"), *(person.event("use", b) for b in uses))
    strike(owner)
    for person in (owner, colleague):
        person.send(person.layout(), person.event("impression"))
    shown = colleague.layout()["order"]

    mine, theirs = (person.wish("undo")["order"] for person in (owner, colleague))

    assert mine == theirs != shown


def test_what_the_person_set_by_hand_stays(owner, clock):
    together(clock, (owner, HABITS))
    owner.wish("move", "links", rank=2)
    clock.advance(days=1)
    owner.visit("glossary")

    strike(owner)

    layout = owner.layout()
    assert layout["order"][2] == "links" and layout["pins"] == ["links"]


def test_no_row_holds_it_any_more(owner, clock):
    together(clock, (owner, HABITS))
    owner.send(owner.layout(), owner.event("use", "glossary"))  # not folded yet

    strike(owner)

    assert not Event.objects.filter(block="glossary").exists()
    assert not any("glossary" in uses for uses in Visit.objects.values_list("uses", flat=True))
    assert all(not tokens for tokens in ServedDecision.objects.values_list("tokens", flat=True))
    kept = Profile.objects.get().state
    assert "glossary" not in kept["profile"]["blocks"] | kept["profile"]["familiarity"]
    assert "glossary" not in json.dumps([row[3] for row in stored_visits(Surface.objects.get())])


def test_it_is_learned_again_neither_from_the_past_nor_meanwhile(owner, clock, worker):
    layout, was = owner.layout(), owner.event("use", "glossary")
    together(clock, (owner, HABITS))
    strike(owner)
    before = state(owner)

    owner.send(layout, was)  # sent again, as it was
    owner.send(layout, owner.event("use", "glossary"))
    owner.send(owner.layout(), owner.event("use", "glossary"), owner.event("dwell", "glossary"))

    assert state(owner) == before
    assert not Event.objects.filter(block="glossary").exists()


def test_a_page_from_before_brings_no_codes_back(owner, clock):
    together(clock, (owner, HABITS))
    before = owner.layout()
    strike(owner)

    owner.send(before, owner.event("use", "quiz"))
    fold_all()

    assert all(not tokens for tokens in ServedDecision.objects.values_list("tokens", flat=True))
    owner.send(owner.layout(), owner.event("use", "quiz"))
    fold_all()
    assert ServedDecision.objects.order_by("pk").last().tokens


def test_it_is_brought_back_from_now_on(owner, clock):
    old, was = owner.layout(), owner.event("use", "glossary")
    together(clock, (owner, HABITS))
    strike(owner)

    body = correct(owner, "restore", about="use", block="glossary")

    assert not body["struck"]
    owner.send(old, was)
    assert "glossary" not in state(owner)["profile"]["blocks"]
    slow = {"at": (clock.now - timedelta(minutes=20)).isoformat()}  # a clock that runs behind
    owner.send(owner.layout(), owner.event("use", "glossary") | slow)
    clock.advance(days=1)
    assert state(owner)["profile"]["blocks"]["glossary"]["uses"] == 1


def test_struck_twice_is_struck_once(owner, clock):
    together(clock, (owner, HABITS))
    strike(owner)
    before = state(owner), owner.layout()["order"]
    strike(owner)
    assert (state(owner), owner.layout()["order"]) == before


def test_an_expectation_struck_out_now_is_as_if_it_had_been_from_the_start(owner, colleague, clock):
    block = next(c["block"] for c in _claims(owner) if c["about"] == "expected")
    strike(colleague, block, about="expected")
    alike = [tuple(b for b in used if b != block) for used in HABITS]
    together(clock, (owner, alike), (colleague, alike))

    body = strike(owner, block, about="expected")

    assert block not in [c["block"] for c in body["claims"] if c["about"] == "expected"]
    assert [(s["about"], s["block"]) for s in body["struck"]] == [("expected", block)]
    assert owner.layout()["order"] == colleague.layout()["order"]
    assert correct(owner, "restore", about="expected", block=block)["struck"] == []


def _claims(person: Person) -> list[dict[str, Any]]:
    return person.get("me/course-home").json()["claims"]


def test_drawn_layouts_leave_the_log_with_what_they_were_drawn_by(owner, clock):
    surface_save({**COURSE, "guardrails": {**COURSE["guardrails"], "exploration": 0.2}})
    together(clock, (owner, HABITS))
    assert Visit.objects.filter(before__isnull=False).exists()

    strike(owner)

    assert not Visit.objects.filter(before__isnull=False).exists()
    assert set(Visit.objects.values_list("drawn", "reward")) == {(None, None)}


def test_signing_in_does_not_bring_back_what_the_account_struck_out(owner, colleague, clock):
    together(clock, (owner, HABITS), (colleague, HABITS))
    strike(owner)
    source, target = (Subject.objects.get(key=p.key) for p in (colleague, owner))

    subject_merge(source=source, target=target, now=clock.now)

    assert "glossary" not in state(owner)["profile"]["blocks"]
    assert [s["block"] for s in owner.get("me/course-home").json()["struck"]] == ["glossary"]


def test_others_keep_what_they_have(owner, colleague, clock):
    together(clock, (owner, HABITS), (colleague, HABITS))
    before = state(colleague), rows(colleague), colleague.layout()
    strike(owner)
    correct(owner, "forget_week")
    assert (state(colleague), rows(colleague), colleague.layout()) == before


def test_versions_trained_with_it_are_marked_for_retraining(owner, colleague, clock):
    together(clock, (owner, HABITS), (colleague, HABITS))
    version = CodebookVersion.objects.get()
    run = run_with(version, owner.key, colleague.key)

    strike(owner, "announcements")  # nothing was used of it
    assert version_erasures(version) == 0
    strike(owner)
    assert version_erasures(version) == 1
    assert run.training_marks.count() == 1


def test_what_pipelines_have_collected_is_collected_again(owner, clock):
    together(clock, (owner, HABITS))
    line = Pipeline.objects.create(surface=Surface.objects.get(), state=Pipeline.State.RUNNING)
    before = erasures_seen(line)

    strike(owner)

    assert erasures_seen(line) == before + 1
