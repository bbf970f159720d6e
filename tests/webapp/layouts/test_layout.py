"""GET /api/layout."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.webapp.conftest import COURSE, Person
from uiengine.engine import guardrail_case
from uiengine.guardrails import check
from webapp.layouts.answer import context, read
from webapp.serving import answer_counts
from webapp.serving.pages import serving
from webapp.subjects.keys import server_key_make
from webapp.subjects.models import Subject
from webapp.surfaces.models import Surface

pytestmark = pytest.mark.django_db(transaction=True)
BLOCKS = {block["id"] for block in COURSE["blocks"]}
BREAKPOINTS = {at["name"]: at["columns"] for at in COURSE["breakpoints"]}


def test_fills_every_breakpoint_for_both_grid_libraries(owner):
    payload = owner.layout()

    assert payload["status"] == "adapted"
    assert payload["cols"] == BREAKPOINTS
    assert set(payload["order"]) == set(payload["elements"]) == BLOCKS
    for name, items in payload["layouts"].items():
        assert {item["id"] for item in items} == BLOCKS
        for item in items:
            assert item["i"] == item["id"]
            assert 0 <= item["x"] <= BREAKPOINTS[name] - item["w"]
            assert item["minW"] <= item["w"] <= item.get("maxW", item["w"])
            assert item["minH"] <= item["h"] <= item.get("maxH", item["h"])
            assert item["static"] == item["locked"] == item["noMove"] == (not item["isDraggable"])
    assert "modelled" in payload["stability"]["note"]
    assert set(payload["links"]) >= {"pin", "undo", "reset", "freeze"}


def test_a_habit_moves_the_block_up_and_says_why(owner, worker):
    last = owner.visit()["order"][-1]
    for _ in range(6):
        owner.visit(last)
        worker.work()

    payload = owner.layout()

    before = owner.visit()["order"].index(last)
    assert before < len(BLOCKS) - 1
    assert payload["status"] == "adapted"
    assert payload["why"]


def test_moves_no_more_blocks_than_the_budget(owner, worker):
    seen = owner.visit("glossary", "live")["order"]
    for _ in range(5):
        worker.work()
        payload = owner.visit("glossary", "live")
        moved = [b for b in seen if seen.index(b) != payload["order"].index(b)]
        assert len(moved) <= payload["stability"]["budget"]
        assert set(payload["stability"]["moved"]) == set(moved)
        seen = payload["order"]


def test_a_reload_keeps_the_layout_to_the_byte(owner, worker, clock):
    owner.visit("glossary")
    first = owner.get("layout?surface=course-home")
    owner.send(first.json(), owner.event("use", "glossary"), owner.event("use", "live"))

    for fold in (False, True, False):
        clock.advance(minutes=20)
        if fold:
            worker.work()
        again = owner.get("layout?surface=course-home")
        assert again.content == first.content
        assert again["ETag"] == first["ETag"]
        owner.send(first.json(), owner.event("dwell", "live", ms=1000))


def test_the_decision_is_the_same_without_the_cache(owner, worker, clock):
    owner.visit("glossary")
    first = owner.get("layout?surface=course-home")
    owner.send(first.json(), owner.event("use", "live"))
    clock.advance(minutes=5)
    worker.work()
    cache.clear()

    assert owner.get("layout?surface=course-home").content == first.content


def test_answers_304_to_whoever_has_it(owner):
    first = owner.get("layout?surface=course-home")

    again = owner.get("layout?surface=course-home", **{"If-None-Match": first["ETag"]})

    assert again.status_code == 304
    assert not again.content
    assert again["ETag"] == first["ETag"]
    assert not first["ETag"].startswith("W/")
    assert "private" in first["Cache-Control"]
    assert {"Authorization", "Cookie"} <= {v.strip() for v in first["Vary"].split(",")}


OTHER = f'"{"0" * 32}-7"'


@pytest.mark.parametrize(
    ("known", "is_held"),
    [
        ("{}", True),
        ("W/{}", True),  # as nginx and Django's GZipMiddleware write it
        ("{}-gzip", True),  # Apache's mod_deflate, mod_brotli
        ("{}-br", True),
        ("W/{}-zstd", True),
        ("{}--gzip", True),  # Jetty
        ("{};gzip", True),
        (OTHER + ", {}", True),
        (f"W/{OTHER},W/{{}}-gzip , {OTHER}", True),
        ("*", True),
        (" * ", True),
        (OTHER, False),
        (OTHER.replace("7", "7-gzip"), False),
        ('"*"', False),
        ("", False),
    ],
)
def test_an_etag_is_known_as_servers_in_between_write_it(owner, known, is_held):
    first = owner.get("layout?surface=course-home")
    tag, suffix = first["ETag"].strip('"'), known.partition("{}")[2].partition(" ")[0]
    named = known.replace("{}" + suffix, f'"{tag}{suffix}"')

    for _ in range(2):  # decided, and kept
        again = owner.get("layout?surface=course-home", **{"If-None-Match": named})
        assert (again.status_code, bool(again.content)) == (304, False) if is_held else (200, True)
        assert again["ETag"] == first["ETag"]
        cache.clear()


def test_a_warm_read_asks_the_database_nothing(owner, settings):
    settings.UIENGINE_REFRESH_MS = 60_000
    payload = owner.visit("forum")
    owner.layout()
    assert payload

    with CaptureQueriesContext(connection) as queries:
        owner.layout()

    assert not queries.captured_queries


def test_a_warm_read_by_session_asks_the_database_nothing(page, clock, settings, django_user_model):
    settings.UIENGINE_REFRESH_MS = 60_000
    client = Client()
    client.force_login(django_user_model.objects.create_user("anna"))
    address = "/api/layout?surface=course-home"
    assert client.get(address).json()["status"] == "adapted"

    with CaptureQueriesContext(connection) as queries:
        client.get(address)

    assert not queries.captured_queries


def test_nobody_gets_the_default_and_leaves_nothing(page, clock):
    payload = Client().get("/api/layout?surface=course-home").json()

    assert payload["status"] == "default"
    assert payload["order"] == [block["id"] for block in COURSE["blocks"]]
    assert not Subject.objects.exists()


def test_reading_writes_nothing(owner):
    owner.layout()

    assert not Subject.objects.exists()


def test_people_do_not_see_each_others_layouts(owner, colleague, stranger, worker):
    for _ in range(6):
        owner.visit("glossary")
    worker.work()

    assert owner.layout()["decision"] != colleague.layout()["decision"]
    assert colleague.layout()["order"] == stranger.layout()["order"]
    assert owner.layout()["order"] != colleague.layout()["order"]


def test_refuses_a_bare_key_and_takes_a_server_key(owner):
    _, secret = server_key_make(name="the host's backend")
    owner.visit("glossary")
    address = "/api/layout?surface=course-home"

    bare = Client().get(address, headers={"X-Subject": owner.key})
    server = Client().get(
        address, headers={"X-Subject": owner.key, "Authorization": f"Bearer {secret}"}
    )
    forged = Client().get(
        address, headers={"X-Subject": owner.key, "Authorization": f"Bearer {secret}x"}
    )

    assert bare.json()["status"] == "default"
    assert server.content == owner.get("layout?surface=course-home").content
    assert forged.status_code == 401


def test_refuses_a_token_that_is_forged_or_expired(owner, clock):
    forged = Person(owner.key, clock)
    forged.headers = {"Authorization": owner.headers["Authorization"][:-2] + "xx"}
    refused = forged.get("layout?surface=course-home")
    clock.advance(days=31)
    expired = owner.get("layout?surface=course-home")

    for response in (refused, expired):
        assert response.status_code == 401
        assert response["Content-Type"] == "application/problem+json"
        assert response["WWW-Authenticate"] == "Bearer"
        assert response.json()["next_step"]


def test_names_an_unknown_surface_and_the_next_step(owner):
    response = owner.get("layout?surface=nowhere")

    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert set(problem) >= {"type", "title", "status", "detail", "field", "value", "next_step"}
    assert problem["field"] == "surface"
    assert problem["value"] == "nowhere"


def test_a_failing_engine_leaves_the_default(owner, monkeypatch, caplog):
    def fail(*_: object) -> None:
        raise RuntimeError("planted")

    monkeypatch.setattr("uiengine.engine.decide", fail)
    before = answer_counts.counts().get("fallback", 0)

    response = owner.get("layout?surface=course-home")

    assert response.status_code == 200
    assert response.json()["status"] == "fallback"
    assert "ETag" not in response
    assert answer_counts.counts().get("fallback", 0) == before + 1
    assert "layout.fallback" in caplog.text


@pytest.mark.usefixtures("one_minute")
def test_a_throttled_caller_gets_the_default(owner, settings):
    settings.UIENGINE_THROTTLES = {"layout": 2, "write": 2}
    statuses = [owner.layout()["status"] for _ in range(4)]

    assert statuses == ["adapted", "adapted", "fallback", "fallback"]


@pytest.mark.usefixtures("one_minute")
def test_events_from_a_fallback_page_are_kept(owner, settings, worker):
    settings.UIENGINE_THROTTLES = {"layout": 1, "write": 9}
    owner.visit("forum")
    fallen = owner.layout()
    assert fallen["status"] == "fallback"

    assert owner.send(fallen, owner.event("use", "forum"))["accepted"] == 1


def test_dry_run_serves_the_default_and_off_nothing_else(owner, page):
    for _ in range(4):
        owner.visit("glossary")
    for mode, status in (("dry_run", "dry_run"), ("off", "default")):
        Surface.objects.filter(pk=page.pk).update(mode=mode)
        payload = owner.layout()
        assert payload["status"] == status
        assert payload["order"] == [block["id"] for block in COURSE["blocks"]]


def test_every_guardrail_holds_over_a_month_of_visits(owner, worker, clock):
    habits = (["glossary"], ["live", "forum"], ["quiz"], ["glossary", "links"])
    for day in range(12):
        page = serving.page("course-home")
        found = context.decision_context(key=owner.key, page=page, now=clock.now)
        decision, _ = read.decide(found)
        assert not check(guardrail_case(context.request_of(found), decision))
        owner.visit(*habits[day % 4])
        worker.work()


def test_a_surface_edit_takes_effect_under_a_live_version(owner, page, worker):
    owner.visit("glossary")
    definition = page.definition
    definition["blocks"] = [b for b in definition["blocks"] if b["id"] != "glossary"]
    definition["blocks"].append({"id": "map", "kind": "map", "title": "Campus map"})
    page.revision += 1
    page.save()

    order = owner.layout()["order"]

    assert "glossary" not in order
    assert "map" in order


def test_a_key_may_hold_any_text(page, clock, worker):
    person = Person("file:Zoë – night owl\t\U0001f989", clock)
    person.visit("forum")
    worker.work()

    assert person.layout()["status"] == "adapted"
    assert person.get("me").json()["profiles"]


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "image/*", ""])
def test_a_layout_comes_whatever_the_caller_says_it_accepts(owner, accept):
    response = owner.get("layout?surface=course-home&format=xml", accept=accept)
    assert response.status_code == 200
    assert response.json()["order"]
