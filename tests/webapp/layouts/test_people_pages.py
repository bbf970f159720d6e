"""Pages for people: what decides an order and how to change it; how accessible it is, and shown by
which tests."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.test import Client

from tests.webapp.conftest import COURSE, Person
from uiengine.page.surface_json import parse
from webapp.codebooks.models import CodebookVersion, KeptBook
from webapp.codebooks.weights import weights_make, weights_of
from webapp.layouts.people.statement import statement
from webapp.surfaces.mappers import to_surface
from webapp.surfaces.services import surface_save

pytestmark = pytest.mark.django_db(transaction=True)
TESTS = Path(__file__).parents[2]


@pytest.fixture
def booked(page, clock, monkeypatch):
    """The page with a small book of today and few simulated people."""
    monkeypatch.setattr("uiengine.book.weights.SIMULATED", 3)
    monkeypatch.setattr("uiengine.book.weights.VISITS", 3)
    KeptBook.objects.create(
        surface=page,
        content=page_version(),
        revision=page.revision,
        day=int(clock.now.timestamp()) // 86_400,
        hash="0" * 16,
        body=b"",
        made_at=clock.now,
    )
    return page


def page_version() -> str:
    return str(CodebookVersion.objects.get(name="innate").manifest["id"])


def test_without_people_the_weights_are_of_simulated_ones_and_say_so(booked, clock):
    assert weights_make(now=clock.now) == 1
    assert weights_make(now=clock.now) == 0

    found = weights_of("course-home")
    assert (found["source"], found["people"]) == ("simulated", 3)
    assert set(found["effects"]) == {"own_use", "others", "known_places"}
    assert all(0 <= share <= 1 for share in found["effects"].values())
    said = Client().get("/api/about/course-home").content.decode()
    assert "3 simulated people" in said


def test_with_ten_people_they_are_of_them_and_own_use_weighs(booked, clock, worker):
    for number in range(10):
        person = Person(f"host:{number}", clock)
        for _ in range(2):
            person.visit("glossary", "live")
            worker.work()
            clock.advance(days=-1)
            clock.advance(minutes=40)
    KeptBook.objects.update(day=int(clock.now.timestamp()) // 86_400)

    weights_make(now=clock.now)

    found = weights_of("course-home")
    assert (found["source"], found["people"]) == ("people", 10)
    assert found["effects"]["own_use"] > 0


@pytest.mark.parametrize("language", ["en", "de", "ar"])
def test_the_page_says_what_decides_in_the_readers_language_to_anybody(page, language):
    answer = Client(headers={"Accept-Language": language}).get("/api/about/course-home")
    said = answer.content.decode()

    assert answer.status_code == 200 and f'lang="{language}"' in said
    assert ("What decides, and how much it weighs" in said) == (language == "en")
    assert "Set-Cookie" not in answer.headers
    assert Client().get("/api/about/nowhere").status_code == 404


def test_every_test_that_a_statement_names_is_there():
    blocks = [{**b, "navigation": True, "help": True} for b in COURSE["blocks"]]
    named = [t for c in statement(parse({**COURSE, "blocks": blocks})) for t in c.tests]
    assert len(named) > 10
    for test in named:
        file, function = test.split("::")
        assert re.search(rf"^def {function}\(", (TESTS / file).read_text(), re.M), test


def test_a_statement_claims_an_order_only_of_marked_blocks(page):
    plain = {c.number: c for c in statement(to_surface(page))}
    blocks = [{**b, "help": b["id"] in ("links", "glossary")} for b in COURSE["blocks"]]
    marked = {
        c.number: c for c in statement(to_surface(surface_save({**COURSE, "blocks": blocks})))
    }

    assert not plain["3.2.6"].tests and "No block is marked help" in plain["3.2.6"].how
    assert marked["3.2.6"].tests and not marked["3.2.3"].tests
    assert {"1.3.2", "1.4.10", "2.1.1", "2.4.3", "2.5.7", "2.5.8", "3.2.3", "4.1.3"} <= set(marked)


def test_the_statement_is_a_page_and_json(page):
    said = Client().get("/api/accessibility/course-home").content.decode()
    rows = Client().get("/api/accessibility/course-home?format=json").json()["criteria"]

    assert all(f"{row['number']} {row['name']}" in said for row in rows)
    assert all(row["tests"] or "No block is marked" in row["how"] for row in rows)
