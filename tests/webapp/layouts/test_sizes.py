"""Sizes over the API: the engine's, over visits; a person's own as a wish; off, as before."""

from __future__ import annotations

import pytest

from tests.webapp.conftest import COURSE, Person
from uiengine.book.choice import has_wishes
from webapp.layouts.answer.context import decision_context, request_of
from webapp.serving.pages import serving
from webapp.subjects.decisions import read
from webapp.subjects.models import Profile, ServedDecision
from webapp.surfaces.services import surface_save

pytestmark = pytest.mark.django_db(transaction=True)
AT = COURSE["breakpoints"][-1]["name"]
COURSE_BLOCKS = [block["id"] for block in COURSE["blocks"]]


def allow(**more) -> None:
    surface_save({**COURSE, "guardrails": {**COURSE["guardrails"], "sizes": True}, **more})
    serving.refresh()


def size(payload: dict, block: str, at: str = AT) -> tuple[int, int]:
    return next((i["w"], i["h"]) for i in payload["layouts"][at] if i["id"] == block)


def item(payload: dict, block: str) -> dict:
    return next(i for i in payload["layouts"][AT] if i["id"] == block)


def resized(person: Person, block: str, w: int, h: int, at: str = AT) -> dict:
    return person.wish("resize", block, breakpoint=at, w=w, h=h)


def visited(person: Person, worker, times: int, *blocks: str) -> dict:
    for _ in range(times):
        person.visit(*blocks)
        worker.work()
    return person.layout()


def feedback_of(person: Person) -> dict:
    return Profile.objects.get(subject__key=person.key).state["profile"]["feedback"]


def test_off_a_size_is_refused_by_name_and_only_told_of_in_a_batch(owner, worker):
    shown = owner.layout()
    assert shown["sizes"] is False and shown["stability"]["resized"] == []
    event = owner.event("resize", "glossary", breakpoint=AT, w=6, h=2)
    answer = owner.post("feedback", {"decision": shown["decision"], **event})
    problem = answer.json()
    assert answer.status_code == 400 and problem["type"].endswith("#sizes-not-allowed")
    assert (problem["field"], problem["value"]) == ("type", "resize")

    assert owner.send(shown, event)["accepted"] == 1
    worker.work()
    assert owner.layout()["layouts"] == shown["layouts"]
    assert feedback_of(owner)["own_sizes"] == {}


def test_a_wish_names_breakpoint_and_size_and_a_breakpoint_of_the_page(owner):
    allow()
    decision = owner.layout()["decision"]
    for missing in ("breakpoint", "w", "h"):
        event = owner.event("resize", "glossary", breakpoint=AT, w=6, h=2)
        del event[missing]
        answer = owner.post("feedback", {"decision": decision, **event})
        assert answer.status_code == 400 and answer.json()["field"] == missing
    event = owner.event("resize", "glossary", breakpoint="nowhere", w=6, h=2)
    answer = owner.post("feedback", {"decision": decision, **event})
    assert answer.status_code == 400 and answer.json()["field"] == "breakpoint"
    assert AT in answer.json()["detail"]
    team = owner.event("resize", "announcements", breakpoint=AT, w=6, h=2)
    answer = owner.post("feedback", {"decision": decision, **team})
    assert answer.json()["type"].endswith("#block-held-by-team")


def test_a_persons_size_holds_at_its_breakpoint_within_the_limits_until_reset(owner, worker):
    allow()
    before = owner.layout()
    limits = item(before, "glossary")
    shown = resized(owner, "glossary", limits["maxW"], 99)
    assert size(shown, "glossary") == (limits["maxW"], limits["maxH"])
    assert size(shown, "glossary", "phone") == size(before, "glossary", "phone")
    assert shown["order"] == before["order"]
    worker.work()
    owner.clock.advance(days=1)
    later = owner.layout()
    assert size(later, "glossary") == (limits["maxW"], limits["maxH"])
    assert later["why"]["glossary"].endswith("You chose the size of Glossary.")
    assert feedback_of(owner)["own_sizes"] == {"glossary": {AT: [limits["maxW"], 99]}}

    assert size(owner.wish("reset"), "glossary") == size(before, "glossary")
    worker.work()
    assert feedback_of(owner)["own_sizes"] == {}


def test_undo_takes_a_size_back_and_it_is_exported(owner, worker):
    allow()
    before = owner.layout()
    limits = item(before, "glossary")
    shown = resized(owner, "glossary", limits["maxW"], limits["maxH"])
    assert shown["undo"] == "wish"
    worker.work()
    kept = owner.get("me").content.decode()
    assert '"own_sizes":{"glossary"' in kept.replace(" ", "")
    assert size(owner.wish("undo"), "glossary") == size(before, "glossary")


def test_turned_off_again_all_have_their_default_size(owner):
    allow()
    before = owner.layout()
    limits = item(before, "glossary")
    resized(owner, "glossary", limits["maxW"], limits["maxH"])
    surface_save(COURSE)
    serving.refresh()
    assert size(owner.layout(), "glossary") == size(before, "glossary")


def test_who_resized_a_block_is_served_by_the_engine(owner):
    allow()
    limits = item(owner.layout(), "glossary")
    page = serving.page("course-home")
    found = decision_context(key=owner.key, page=page, now=owner.clock.now)
    assert not has_wishes(request_of(found))
    resized(owner, "glossary", limits["maxW"], limits["maxH"])
    found = decision_context(key=owner.key, page=page, now=owner.clock.now)
    assert has_wishes(request_of(found))


def test_what_the_engine_resized_stays_from_visit_to_visit_and_counts_as_moved(owner, worker):
    allow()
    shown = visited(owner, worker, 8, "glossary")
    while not read(shown["decision"]).sizes:
        shown = visited(owner, worker, 1, "glossary")
    shown = visited(owner, worker, 1, "glossary")
    sized = read(shown["decision"]).sizes
    assert sized and set(sized) <= set(COURSE_BLOCKS)
    state = Profile.objects.get(subject__key=owner.key).state["profile"]
    assert state["sizes"]
    moved = {*shown["stability"]["moved"], *shown["stability"]["resized"]}
    assert len(moved) <= COURSE["guardrails"]["move_budget"]
    for block, size_class in sized.items():
        word = "larger" if size_class == 2 else "smaller"
        assert f"is {word} than usual: you used it in" in shown["why"][block]
    rows = ServedDecision.objects.filter(profile__subject__key=owner.key)
    assert any(row.sizes for row in rows)


def test_an_undone_size_of_the_engine_comes_back_and_is_not_proposed_for_28_days(owner, worker):
    allow()
    shown = visited(owner, worker, 2, "glossary")
    while not shown["stability"]["resized"]:
        shown = visited(owner, worker, 1, "glossary")
    changed = shown["stability"]["resized"]
    owner.send(shown, owner.event("impression"))
    back = owner.wish("undo")
    before = Profile.objects.get(subject__key=owner.key).state["profile"]["sizes_before"]
    assert read(back["decision"]).sizes == before
    worker.work()
    assert set(changed) <= set(feedback_of(owner)["kept_sizes"])
    later = visited(owner, worker, 3, "glossary")
    assert {b: read(later["decision"]).sizes.get(b, 1) for b in changed} == {
        b: before.get(b, 1) for b in changed
    }


def test_without_sizes_the_signed_decision_is_of_the_same_columns_as_before(owner):
    served = read(owner.layout()["decision"])
    assert served.sizes == {} and "sizes" not in repr(served)
