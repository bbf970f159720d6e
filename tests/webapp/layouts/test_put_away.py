"""Folding, the tray and suggestions over the API: at once, over visits, taken back, and told."""

from __future__ import annotations

import pytest
from django.core.cache import cache

from tests.webapp.conftest import COURSE, Person
from uiengine.book.choice import has_wishes
from uiengine.put_away import LEAST_DAYS, LEAST_VISITS
from webapp.layouts.answer.context import decision_context, request_of
from webapp.serving.pages import serving
from webapp.subjects.models import Event, Profile
from webapp.subjects.put_away import put_away_answers
from webapp.surfaces.models import Surface
from webapp.surfaces.services import surface_save

pytestmark = pytest.mark.django_db(transaction=True)


def allow(**more) -> None:
    surface_save({**COURSE, "guardrails": {**COURSE["guardrails"], "put_away": True}, **more})
    serving.refresh()


def refused(person: Person, kind: str, block: str) -> str:
    body = {"decision": person.layout()["decision"], **person.event(kind, block)}
    answer = person.post("feedback", body)
    assert answer.status_code == 400
    return str(answer.json()["type"]).rpartition("#")[2]


def free(payload: dict) -> list[str]:
    """The blocks that may be put away, but for the first two."""
    stays = {b["id"] for b in COURSE["blocks"] if b.get("required") or b.get("pinned")}
    return [block for block in payload["order"][2:] if block not in stays]


def heights(payload: dict, block: str) -> set[int]:
    return {i["h"] for items in payload["layouts"].values() for i in items if i["id"] == block}


def feedback_of(person: Person) -> dict:
    return Profile.objects.get(subject__key=person.key).state["profile"]["feedback"]


def test_it_is_off_until_the_surfaces_owner_turns_it_on(owner):
    shown = owner.layout()
    assert [shown[name] for name in ("put_away", "folded", "tray", "suggestion")] == [
        *(False, [], [], None),
    ]
    for kind in ("fold", "put_away", "bring_back", "decline"):
        assert refused(owner, kind, "glossary") == "put-away-not-allowed"


def test_a_folded_block_keeps_its_place_as_low_as_a_title(owner, worker):
    allow()
    before = owner.layout()
    folded = owner.wish("fold", "glossary")

    assert (folded["folded"], folded["order"]) == (["glossary"], before["order"])
    assert heights(folded, "glossary") == {1} != heights(before, "glossary")
    assert all(
        item["maxH"] == 1
        for items in folded["layouts"].values()
        for item in items
        if item["id"] == "glossary"
    )
    worker.work()
    owner.clock.advance(days=1)
    assert owner.layout()["folded"] == ["glossary"]
    back = owner.wish("bring_back", "glossary")
    assert back["folded"] == [] and heights(back, "glossary") == heights(before, "glossary")


def test_a_block_in_the_tray_is_told_apart_and_comes_back_to_its_place(owner, worker):
    allow()
    before = owner.layout()
    block = free(before)[0]
    rank = before["order"].index(block)

    away = owner.wish("put_away", block)

    assert away["tray"] == [block]
    assert away["order"] == [b for b in before["order"] if b != block]
    assert not heights(away, block) and block in away["elements"]
    del away["held"]
    assert worker.work() and owner.layout() == away, "folded by the worker as read before"
    owner.clock.advance(days=1)
    owner.visit(before["order"][-1])
    worker.work()
    assert owner.layout()["tray"] == [block] and block not in owner.layout()["order"]
    back = owner.wish("bring_back", block)
    assert back["tray"] == [] and back["order"].index(block) == rank


def test_undo_takes_back_the_last_of_them_and_reset_all(owner):
    allow()
    one, two = free(owner.layout())[:2]
    owner.wish("put_away", one)
    owner.wish("fold", two)
    assert owner.layout()["undo"] == "wish"
    undone = owner.wish("undo")
    assert (undone["folded"], undone["tray"]) == ([], [one])
    undone = owner.wish("undo")
    assert undone["tray"] == [] and one in undone["order"]
    owner.wish("put_away", one)
    owner.clock.advance(days=1)
    reset = owner.wish("reset")
    assert reset["tray"] == [] and set(reset["order"]) == {b["id"] for b in COURSE["blocks"]}


def test_what_another_tab_sends_of_a_block_in_the_tray_is_taken_and_moves_nothing(owner):
    allow()
    before = owner.layout()
    block = free(before)[0]
    away = owner.wish("put_away", block)
    assert owner.send(away, owner.event("dwell", block, ms=2000))["accepted"] == 1
    for kind in ("move", "pin"):
        body = {"decision": before["decision"], **owner.event(kind, block, rank=2)}
        shown = owner.post("feedback", body).json()
        assert (shown["order"], shown["tray"], shown["pins"]) == (away["order"], [block], [])


def test_pins_hold_beside_the_tray(owner):
    allow()
    before = owner.layout()
    block, held = free(before)[:2]
    rank = before["order"].index(held)
    owner.wish("pin", held, rank=rank)
    away = owner.wish("put_away", block)
    assert away["pins"] == [held] and away["order"].index(held) == rank - 1
    owner.clock.advance(days=1)
    assert owner.layout()["order"].index(held) == rank - 1
    assert owner.wish("bring_back", block)["order"].index(held) == rank


def test_required_and_pinned_blocks_stay_and_so_does_the_last_one(owner):
    stays = [b["id"] for b in COURSE["blocks"] if b.get("required") or b.get("pinned")]
    allow()
    for block in stays:
        assert refused(owner, "put_away", block) == "block-must-stay"
        assert refused(owner, "fold", block) == "block-must-stay"
    assert refused(owner, "put_away", "nowhere") == "block-not-on-page"
    allow(blocks=[{"id": "one"}, {"id": "two"}])
    owner.wish("put_away", "one")
    assert refused(owner, "put_away", "two") == "block-must-stay"


def test_what_the_team_comes_to_require_is_back_and_what_is_turned_off_too(owner):
    allow()
    owner.wish("put_away", "glossary")
    required = [{**b, "required": True} for b in COURSE["blocks"]]
    allow(blocks=required)
    assert "glossary" in owner.layout()["order"] and owner.layout()["tray"] == []
    allow()
    assert owner.layout()["tray"] == ["glossary"]
    surface_save(COURSE)
    serving.refresh()
    assert "glossary" in owner.layout()["order"] and owner.layout()["tray"] == []


@pytest.mark.parametrize("kind", ["pin", "move"])
def test_what_is_back_on_the_page_can_be_placed_and_leaves_the_tray(owner, kind):
    allow()
    owner.wish("put_away", "glossary")
    allow(blocks=[{**b, "required": True} for b in COURSE["blocks"]])
    rank = 2 if owner.layout()["order"].index("glossary") != 2 else 4
    placed = owner.wish(kind, "glossary", rank=rank)
    assert placed["pins"] == ["glossary"] and owner.layout()["undo"] == "wish"
    owner.clock.advance(days=1)
    assert owner.layout()["order"].index("glossary") == rank
    allow()
    assert owner.layout()["tray"] == []


def test_a_pin_that_comes_late_does_not_hold_what_was_put_away(owner, worker):
    allow()
    before = owner.layout()
    late = owner.event("pin", "glossary", rank=3)
    owner.visit("forum")
    owner.wish("put_away", "glossary")
    worker.work()
    owner.send(before, late)
    assert (owner.layout()["pins"], owner.layout()["tray"]) == ([], ["glossary"])


def test_the_last_one_put_away_comes_last_whatever_their_names(owner, worker):
    allow()
    order = sorted(free(owner.layout()), key=lambda block: (-len(block), block))
    for block in order:
        owner.wish("put_away", block)
    worker.work()
    cache.clear()
    assert owner.layout()["tray"] == order


def test_a_dry_run_shows_the_whole_default_page(owner):
    allow()
    owner.wish("put_away", "glossary")
    allow(mode="dry_run")
    shown = owner.layout()
    assert "glossary" in shown["order"]
    assert (shown["put_away"], shown["tray"]) == (False, [])


def test_no_byte_serves_a_person_with_something_put_away(owner):
    def wishes() -> bool:
        page = serving.page("course-home")
        found = decision_context(key=owner.key, page=page, now=owner.clock.now)
        return has_wishes(request_of(found))

    allow()
    assert not wishes()
    owner.wish("put_away", "glossary")
    owner.clock.advance(days=1)
    assert wishes() and owner.get("token?surface=course-home").json()["served"] == "engine"
    owner.wish("bring_back", "glossary")
    owner.clock.advance(days=1)
    assert not wishes()


def test_it_is_exported_and_erased(owner, worker):
    allow()
    owner.wish("put_away", "glossary")
    owner.wish("fold", "quiz")
    worker.work()
    profile = owner.get("me").json()["profiles"][0]
    kept = profile["state"]["profile"]["feedback"]
    assert ([b for b, _ in kept["tray"]], kept["folded"]) == (["glossary"], ["quiz"])
    assert [e["kind"] for e in profile["events"]] == ["put_away", "fold"]
    assert owner.client.delete("/api/me", headers=owner.headers).status_code == 200
    owner.token_renew()
    assert owner.layout()["tray"] == [] and not Event.objects.exists()


def regular(person: Person, worker) -> dict:
    """Used the glossary once, then the forum for long."""
    person.token_renew()
    person.visit("glossary")
    person.clock.advance(days=max(LEAST_DAYS - LEAST_VISITS, 0))
    for _ in range(LEAST_VISITS):
        person.visit("forum")
    worker.work()
    return person.layout()


def test_after_long_disuse_it_is_suggested_once_and_the_engine_never_does_it(owner, worker):
    allow()
    shown = regular(owner, worker)
    found = shown["suggestion"]
    assert (found["block"], found["visits"]) == ("glossary", LEAST_VISITS)
    assert "Glossary" in found["says"] and str(LEAST_VISITS) in found["says"]
    assert "glossary" in shown["order"] and shown["tray"] == []
    owner.send(shown, owner.event("suggested", "glossary"))
    assert owner.layout()["suggestion"] == found, "a reload says the same"
    worker.work()
    owner.clock.advance(days=30)
    owner.token_renew()
    assert owner.layout()["suggestion"] is None
    assert list(feedback_of(owner)["suggested"]) == ["glossary"]


def test_a_no_is_remembered(owner, worker):
    allow()
    shown = regular(owner, worker)
    assert shown["suggestion"]["block"] == "glossary"
    assert owner.wish("decline", "glossary")["suggestion"] is None
    worker.work()
    owner.wish("reset")
    for _ in range(2):
        owner.clock.advance(days=30)
        owner.token_renew()
        assert owner.layout()["suggestion"] is None
    worker.work()
    assert feedback_of(owner)["declined"] == ["glossary"]


def test_audits_know_who_was_asked_and_who_refused(owner, colleague, stranger, worker):
    allow()
    surface = Surface.objects.get()
    assert put_away_answers(surface, range(256)) == {}
    for person in (owner, colleague):
        regular(person, worker)
        person.send(person.layout(), person.event("suggested", "glossary"))
    for person in (owner, stranger):
        person.token_renew()
    owner.wish("decline", "glossary")
    stranger.visit("forum")
    worker.work()
    assert put_away_answers(surface, range(256)) == {owner.key: (1, 1), colleague.key: (1, 0)}


def test_a_yes_is_put_away_like_any_other(owner, worker):
    allow()
    regular(owner, worker)
    away = owner.wish("put_away", "glossary")
    assert (away["tray"], away["suggestion"]) == (["glossary"], None)
