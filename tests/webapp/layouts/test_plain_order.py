"""The order without profiling: the page's default, chosen by the person, and nothing is learned."""

from __future__ import annotations

import pytest

from uiengine.page.reading_order import default_order
from webapp.subjects.models import Event, Profile, Visit
from webapp.surfaces.mappers import to_surface
from webapp.surfaces.models import PopularityDay, Surface

pytestmark = pytest.mark.django_db(transaction=True)


def learned(key: str) -> dict:
    """What the profile knows of behaviour."""
    profile = Profile.objects.get(subject__key=key).state["profile"]
    return {name: profile[name] for name in ("blocks", "visits", "day_visits", "last_day")}


@pytest.fixture
def regular(owner, worker):
    """Somebody whose page has adapted."""
    for _ in range(4):
        owner.visit("glossary", "live")
        worker.work()
    return owner


def default() -> list[str]:
    return list(default_order(to_surface(Surface.objects.get())))


def test_it_is_the_default_order_at_once_and_over_visits(regular, worker):
    assert regular.layout()["order"] != default()

    payload = regular.wish("plain")

    assert (payload["status"], payload["order"]) == ("plain", default())
    for _ in range(2):
        shown = regular.visit("glossary", "live")
        worker.work()
        assert (shown["status"], shown["order"]) == ("plain", default())
        assert not shown["why"] and not shown["stability"]["moved"]


def test_nothing_is_stored_or_learned_of_a_person_without_profiling(regular, worker):
    regular.wish("plain")
    worker.work()
    before = learned(regular.key)
    counts = [model.objects.count() for model in (Event, Visit, PopularityDay)]

    for _ in range(3):
        sent = regular.send(regular.layout(), regular.event("use", "quiz"))
        assert sent == {"accepted": 0, "duplicate": 0, "ignored": 1}
        regular.clock.advance(days=1)
        worker.work()

    assert learned(regular.key)["blocks"] == before["blocks"]
    assert [model.objects.count() for model in (Event, Visit, PopularityDay)] == counts


def test_another_tabs_uses_from_before_are_not_learned(regular, worker):
    there = regular.layout()
    regular.wish("plain")
    worker.work()
    before = learned(regular.key)

    assert regular.send(there, regular.event("use", "quiz"))["accepted"] == 1
    worker.work()
    regular.clock.advance(days=1)
    worker.work()

    assert "quiz" not in learned(regular.key)["blocks"] and "quiz" not in before["blocks"]


def test_pins_hold_and_wishes_are_kept(regular):
    last = default()[-1]
    regular.wish("plain")

    payload = regular.wish("move", last, rank=1)

    assert payload["status"] == "plain" and payload["order"][1] == last
    regular.clock.advance(days=1)
    after = regular.layout()
    assert (after["status"], after["order"][1], after["pins"]) == ("plain", last, [last])


def test_it_is_taken_back_and_the_past_is_there_again(regular, worker):
    known = learned(regular.key)["blocks"].keys()
    regular.wish("plain")

    payload = regular.wish("plain", on=False)

    assert payload["status"] != "plain" and payload["order"] == default()
    for _ in range(2):
        regular.visit("glossary", "live")
        worker.work()
    assert regular.layout()["status"] == "adapted"
    assert regular.layout()["order"] != default()
    assert learned(regular.key)["blocks"].keys() == known


def test_it_outlasts_a_freeze_and_undo_does_not_end_it(regular):
    regular.wish("freeze")

    assert regular.wish("plain")["order"] == default()
    assert regular.wish("undo")["status"] == "plain"
    assert regular.wish("plain", on=False)["status"] == "frozen"


def test_a_person_without_profiling_gets_no_byte_of_a_book(regular):
    regular.wish("plain")
    assert regular.get("token?surface=course-home").json()["served"] == "engine"


def test_the_wish_is_exported(regular, worker):
    regular.wish("plain")
    worker.work()
    assert regular.get("me").json()["profiles"][0]["state"]["profile"]["feedback"]["plain"] is True
