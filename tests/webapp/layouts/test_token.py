"""GET /api/token, and events of a page that was placed by a byte."""

from __future__ import annotations

import itertools
import time

import pytest
from django.core.cache import cache
from django.db import OperationalError
from django.test import Client

from tests.webapp.codebooks.conftest import judged, trained
from tests.webapp.layouts.kept_books import book_of_today
from tests.webapp.layouts.readers import Reader
from webapp.audits.models import AuditReport
from webapp.codebooks.gate.promotion import innate_ship
from webapp.codebooks.gate.rollout import challenger_set
from webapp.codebooks.registry.store import version_store
from webapp.layouts.answer.token import token_read
from webapp.privacy.erase import subject_erase
from webapp.serving.books import books
from webapp.serving.pages import serving
from webapp.subjects import state_cache
from webapp.subjects.keys import VISITOR_COOKIE, visitor_make
from webapp.subjects.models import Event, Profile, ServedDecision, Visit
from webapp.surfaces import mappers
from webapp.surfaces.models import Surface

__all__ = ["trained"]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def book(page, clock):
    return book_of_today(page)


@pytest.fixture
def reader(book, clock, worker) -> Reader:
    return Reader("host:reader", clock)


def nobody(path="token?surface=course-home"):
    return Client().get(f"/api/{path}")


def test_a_newcomer_has_the_first_entry_in_200_bytes(reader, book):
    answer = reader.get("token?surface=course-home")

    token = answer.json()
    assert (token["byte"], token["book"]) == (0, book.hash)
    assert set(token) == {"byte", "book", "visit", "signature", "until"}
    longest = answer.content.replace(b'"byte":0', b'"byte":255')
    assert len(longest) <= 200
    assert answer["Cache-Control"] == "private, no-store"
    assert not answer.cookies


def test_nobody_has_the_first_entry_and_no_cookie(book):
    answer = nobody()

    assert answer.json()["byte"] == 0
    assert answer.json()["visit"] == ""
    assert not answer.cookies


def test_a_byte_follows_a_habit_and_moves_between_visits_only(reader, worker):
    last = reader.order(reader.token())[-1]
    orders = []
    for _ in range(8):
        token = reader.read(last)
        worker.work()
        orders.append(reader.order(token))

    assert orders[-1].index(last) < orders[0].index(last)
    budget = mappers.to_surface(Surface.objects.get()).guardrails.move_budget
    for before, after in itertools.pairwise(orders):
        assert sum(a != b for a, b in zip(before, after, strict=True)) <= budget


def test_an_open_visit_keeps_its_byte(reader, worker, clock):
    for _ in range(3):
        reader.read("glossary")
        worker.work()
    token = reader.token()
    reader.send(reader.decision(token), reader.event("impression"), reader.event("use", "links"))

    for fold in (False, True, False):
        clock.advance(minutes=10)
        if fold:
            worker.work()
        again = reader.token()
        assert {**again, "until": 0} == {**token, "until": 0}
        reader.send(reader.decision(again), reader.event("use", "live"))


def rows(profile):
    served = ServedDecision.objects.filter(profile=profile).order_by("pk").values()
    decided = ("id", "profile_id", "digest", "visit", "tokens", "side_bits", "distortion", "budget")
    decided += ("book",)
    visits = Visit.objects.filter(profile=profile).order_by("pk").values()
    own = ("id", "profile_id", "visit", "decision_id")
    events = Event.objects.filter(profile=profile).order_by("pk").values("kind", "block", "fold")
    state = Profile.objects.get(pk=profile).state
    state["visit"] = {
        k: v for k, v in state["visit"].items() if k not in ("id", "decision", "budget")
    }
    state["profile"].pop("open", None)
    return (
        [{k: v for k, v in row.items() if k not in decided} for row in served],
        [{k: v for k, v in row.items() if k not in own} for row in visits],
        list(events),
        state,
    )


def test_a_visit_by_book_leaves_the_rows_of_one_by_the_engine(reader, colleague, worker, clock):
    layout, token = colleague.layout(), reader.token()
    assert reader.order(token) == layout["order"]

    for person, decision in ((colleague, layout), (reader, reader.decision(token))):
        person.send(decision, person.event("impression"), person.event("use", "forum"))
    worker.work()

    one, other = Profile.objects.order_by("subject__key").values_list("pk", flat=True)
    assert rows(one) == rows(other)
    by_book = ServedDecision.objects.get(profile__subject__key="host:reader")
    assert (by_book.tokens, by_book.book) == ([0], token["book"])
    assert (by_book.status, by_book.order) == ("adapted", layout["order"])
    assert by_book.visit == token["visit"]
    assert ServedDecision.objects.get(profile__subject__key="host:colleague").book == ""


def test_the_layout_of_the_next_visit_knows_what_a_byte_showed(reader, worker):
    token = reader.read("forum")
    worker.work()

    layout = reader.layout()

    shown = reader.order(token)
    moved = [b for b in shown if shown.index(b) != layout["order"].index(b)]
    assert sorted(layout["stability"]["moved"]) == sorted(moved)


@pytest.mark.parametrize("wish", ["pin", "freeze"])
def test_whoever_has_wishes_is_served_by_the_engine(reader, wish):
    reader.send(reader.decision(reader.token()), reader.event("impression"))
    body = {**reader.decision(reader.token()), **reader.event(wish, "forum")}
    assert reader.post("feedback", body).status_code == 200

    token = reader.token()

    assert token["served"] == "engine"
    assert "byte" not in token


@pytest.mark.parametrize(
    "columns", [{"control_percent": 100}, {"mode": "dry_run"}, {"mode": "off"}]
)
def test_control_dry_run_and_off_are_served_by_the_engine(reader, columns):
    Surface.objects.update(**columns)

    assert reader.token()["served"] == "engine"


def test_a_page_that_explores_is_served_by_the_engine(reader, page):
    guardrails = {**page.definition.get("guardrails", {}), "exploration": 0.1}
    Surface.objects.update(definition={**page.definition, "guardrails": guardrails})

    assert reader.token()["served"] == "engine"


def test_a_canarys_share_is_served_by_the_engine(reader, page, clock, trained):
    """From their next visit on; those of the champion keep their byte."""
    innate_ship()
    people = [Reader(f"host:{number}", clock) for number in range(20)]
    assert all("byte" in person.token() for person in people)
    version = version_store(folder=trained, name="course-home-1", surfaces=[page])[0]
    AuditReport.objects.create(
        surface=page, version=version, verdict="within", report={"slices": []}
    )
    judged(version, page)
    clock.advance(minutes=1)
    challenger_set(version=version, surface=page, share=50, why="try")

    served = {person.key: "byte" in person.token() for person in people}

    canary = {p.key for p in people if p.layout()["version"] == "dddddddddddd"}
    assert 0 < len(canary) < len(people)
    assert served == {person.key: person.key not in canary for person in people}


def test_without_a_book_the_engine_serves(page, clock, worker, monkeypatch):
    monkeypatch.setattr("webapp.codebooks.books.book_requests.send", lambda surface: None)

    assert Reader("host:reader", clock).token()["served"] == "engine"
    assert nobody().json()["served"] == "engine"


@pytest.mark.usefixtures("one_minute")
def test_a_throttled_caller_keeps_what_the_browser_has(reader, settings):
    settings.UIENGINE_THROTTLES = {**settings.UIENGINE_THROTTLES, "layout": 1}
    reader.token()

    assert reader.token()["served"] == "engine"


def test_with_the_database_away_the_engine_serves_within_a_second(reader, monkeypatch):
    def away(*_, **__):
        raise OperationalError("away")

    reader.token()
    cache.clear()
    monkeypatch.setattr(state_cache, "_row", away)
    begun = time.monotonic()

    assert reader.token()["served"] == "engine"
    assert time.monotonic() - begun < 1


@pytest.fixture
def visitor(book):
    client = Client()
    client.cookies[VISITOR_COOKIE] = visitor_make()[1]
    return client


def test_whoever_consented_has_the_byte_as_a_cookie(visitor, settings):
    settings.SESSION_COOKIE_SECURE = True
    answer = visitor.get("/api/token?surface=course-home")

    token, cookie = answer.json(), answer.cookies["layout_byte_course-home"]
    text = ".".join(str(token[k]) for k in ("byte", "book", "visit", "signature"))
    assert cookie.value == text
    assert answer.cookies["layout_next_course-home"].value == text
    assert (cookie["samesite"], cookie["path"], cookie["secure"]) == ("Lax", "/", True)
    assert not cookie["httponly"]
    assert cookie["max-age"] == 1800  # a visit, by the surface


def test_withdrawing_consent_takes_the_bytes_back(visitor):
    visitor.get("/api/token?surface=course-home")
    answer = visitor.post("/api/me", {"consent": False}, content_type="application/json")

    assert answer.status_code == 204
    assert answer.cookies["layout_byte_course-home"]["max-age"] == 0
    assert answer.cookies["layout_next_course-home"]["max-age"] == 0


def test_the_next_visits_byte_is_chosen_before_it_begins(reader, worker, clock):
    """From what this visit used so far, as it will be chosen once the visit is over."""
    for _ in range(3):
        reader.read("glossary", "links")
        worker.work()
    token = reader.token()
    reader.send(reader.decision(token), reader.event("impression"), reader.event("use", "links"))
    page = serving.page("course-home")
    ahead = token_read(key=reader.key, page=page, now=clock.now, limits={})
    clock.advance(minutes=31)

    after = reader.token()

    assert ahead.next.split(".")[:3] == [str(after["byte"]), after["book"], after["visit"]]


@pytest.mark.parametrize(
    "change", [("byte", 1), ("book", "0" * 16), ("visit", "0" * 32), ("signature", "x")]
)
def test_a_changed_token_is_refused(reader, change):
    token = {**reader.token(), change[0]: change[1]}

    answer = reader.post(
        "events", {**reader.decision(token), "events": [reader.event("impression")]}
    )

    assert answer.status_code == 400
    assert answer.json()["type"].endswith("decision-not-ours")


def test_another_persons_token_is_refused(reader, stranger):
    body = {**reader.decision(reader.token()), "events": [stranger.event("impression")]}

    assert stranger.post("events", body).status_code == 403


def test_events_of_a_book_that_is_gone_are_refused(reader, book):
    token = reader.token()
    book.delete()
    books.clear()

    answer = reader.post(
        "events", {**reader.decision(token), "events": [reader.event("impression")]}
    )

    assert answer.status_code == 400
    assert answer.json()["type"].endswith("book-gone")


def test_a_token_from_before_an_erasure_stores_nothing(reader, worker):
    token = reader.read("forum")
    worker.work()
    subject_erase(key=reader.key)
    reader.token_renew()

    counted = reader.send(reader.decision(token), reader.event("use", "forum"))

    assert counted == {"accepted": 0, "duplicate": 0, "ignored": 1}
    assert not Profile.objects.exists()


def test_an_unknown_surface_is_refused(reader):
    assert reader.get("token?surface=nowhere").status_code == 404
