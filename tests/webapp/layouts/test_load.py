"""The search budget adapts to load, and never changes the layout within a visit."""

from __future__ import annotations

import threading

import pytest
from django.core.cache import cache
from django.db import connections
from django.test import Client

from tests.patience import PATIENCE
from tests.webapp.conftest import COURSE
from webapp.layouts.answer import answer_cache, read
from webapp.layouts.answer.context import LEAST, SYSTEM_1, SearchBudget, search_budget
from webapp.serving import answer_counts
from webapp.serving.pages import serving
from webapp.surfaces.services import surface_save

ADDRESS = "layout?surface=course-home"
BUSY = 1e9
"""Seconds of processor time that no decision takes; a decision that measures it stops searching."""


def test_the_budget_stands_while_decisions_fit_into_the_deadline():
    quiet = SearchBudget()
    quiet.seconds = 0.010

    assert quiet.budget(32, left=0.010) == 32
    assert quiet.budget(32, left=0.005) == 16


def test_decisions_under_way_share_the_process():
    busy = SearchBudget()
    with busy.deciding(), busy.deciding(), busy.deciding():
        busy.seconds = 0.010
        assert busy.budget(32, left=0.020) == 16
    assert busy.under_way == 0
    busy.seconds = 0.010
    assert busy.budget(32, left=0.020) == 32


@pytest.mark.parametrize("left", [0.0, -1.0, 0.001])
def test_past_the_deadline_nothing_is_searched(left):
    busy = SearchBudget()
    busy.seconds = 1.0
    assert busy.budget(32, left=left) == SYSTEM_1 < LEAST


def test_a_failed_decision_is_no_longer_under_way():
    failing = SearchBudget()
    with pytest.raises(RuntimeError), failing.deciding():
        raise RuntimeError("planted")
    assert failing.under_way == 0


@pytest.fixture
def habits(owner, worker):
    """A person for whom search and System 1 decide differently; all blocks may move."""
    surface_save({**COURSE, "guardrails": {"move_budget": 20}})
    for blocks in (["glossary"], ["live"], ["glossary", "forum"], ["quiz"], ["links"]) * 2:
        owner.visit(*blocks)
        worker.work()
    return owner


def order_under(person, seconds: float) -> list[str]:
    search_budget.seconds = seconds
    cache.clear()
    return person.layout()["order"]


@pytest.mark.django_db(transaction=True)
def test_system_1_serves_when_there_is_no_time_and_says_so(habits):
    before = answer_counts.counts().get("system_1", 0)
    search_budget.seconds = BUSY

    payload = habits.layout()

    assert payload["status"] == "adapted"
    assert payload["search"] == {"system": 1, "budget": 1}
    assert answer_counts.counts()["system_1"] == before + 1


@pytest.mark.django_db(transaction=True)
def test_a_lowered_budget_is_said_and_counted(habits, settings):
    search_budget.seconds = settings.UIENGINE_DEADLINE_MS / 1000 * 2

    payload = habits.layout()

    assert payload["search"]["system"] == 2
    assert LEAST <= payload["search"]["budget"] <= 16
    assert answer_counts.counts()["budget_lowered"] > 0


@pytest.mark.django_db(transaction=True)
def test_a_reload_keeps_the_layout_when_the_load_changes(habits):
    """Through the cache before the first event, and through the stored visit after it."""
    searched = order_under(habits, 0.0)
    assert order_under(habits, BUSY) != searched, "the case must tell the two apart"
    first = order_under(habits, 0.0)

    search_budget.seconds = BUSY
    german = habits.get(ADDRESS, **{"Accept-Language": "de"}).json()
    assert german["order"] == first
    assert german["search"]["budget"] == 32

    habits.send(german, habits.event("impression"))
    assert order_under(habits, BUSY) == first


@pytest.mark.django_db(transaction=True)
def test_a_reload_keeps_the_layout_when_only_the_name_of_the_answer_is_left(habits, monkeypatch):
    """Clients that hold the body read neither body nor budget, so those are evicted first."""
    stored, keep = dict[str, object](), answer_cache.store

    def store_and_tell(entries, once, agreed, pooled):
        stored.update({**entries, **agreed, **pooled.entries})
        return keep(entries, once, agreed, pooled)

    monkeypatch.setattr(answer_cache, "store", store_and_tell)
    searched = order_under(habits, 0.0)
    evicted = [name for name in stored if name.startswith("budget:") or name.endswith(":body")]
    cache.delete_many(evicted)
    search_budget.seconds = BUSY

    payload = habits.layout()

    assert len(evicted) == 2
    assert payload["order"] == searched
    assert payload["search"]["budget"] == 32


@pytest.mark.django_db(transaction=True)
def test_no_caller_names_a_budget_beyond_the_sites(habits):
    """The caller forges an ETag that is read as one of ours."""
    etag = habits.get(ADDRESS)["ETag"]
    cache.clear()
    made_up = etag.replace("-32", f"-{10**8}")
    assert habits.get(ADDRESS, **{"If-None-Match": made_up}).status_code == 304

    assert habits.layout()["search"]["budget"] == 32


@pytest.mark.django_db(transaction=True)
def test_a_visit_begun_under_load_keeps_its_layout_when_there_is_time_again(habits, worker):
    hurried = order_under(habits, BUSY)
    search_budget.seconds = 0.0
    payload = habits.layout()
    assert payload["order"] == hurried

    habits.send(payload, habits.event("impression"))
    worker.work()

    assert order_under(habits, 0.0) == hurried
    habits.clock.advance(days=1)
    assert habits.layout()["search"] == {"system": 2, "budget": 32}


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_folds_during_a_hurried_decision_changes_no_layout(
    habits, worker, monkeypatch
):
    """Folding renews the generation of the subject's state, which is part of the answer's key."""
    habits.visit("glossary", "live")
    cache.clear()
    decide = read.decide

    def decide_while_folding(found, variants=1):
        monkeypatch.setattr(read, "decide", decide)
        thread = threading.Thread(target=lambda: (worker.work(), connections.close_all()))
        thread.start()
        thread.join()
        return decide(found, variants)

    monkeypatch.setattr(read, "decide", decide_while_folding)
    search_budget.seconds = BUSY
    hurried = habits.layout()
    search_budget.seconds = 0.0

    assert hurried["search"]["budget"] == 1
    assert habits.layout()["order"] == hurried["order"]


@pytest.mark.django_db(transaction=True)
def test_nobody_waits_for_another_ones_question_to_the_database(habits, monkeypatch):
    read, asked, answered = serving._read_popularity, threading.Event(), threading.Event()

    def read_slowly(page, day):
        asked.set()
        assert answered.wait(PATIENCE)
        return read(page, day)

    def wait() -> None:
        habits.layout()
        connections.close_all()

    known = serving.snapshot()
    serving._popular.clear()
    cache.clear()
    monkeypatch.setattr(serving, "snapshot", lambda: known)
    monkeypatch.setattr(serving, "_read_popularity", read_slowly)
    waiting = threading.Thread(target=wait)
    waiting.start()
    assert asked.wait(PATIENCE)
    nobody = Client().get(f"/api/{ADDRESS}")
    is_waiting = waiting.is_alive()
    answered.set()
    waiting.join()

    assert (nobody.status_code, is_waiting) == (200, True)


@pytest.mark.django_db(transaction=True)
def test_what_the_client_holds_is_kept_whatever_the_load_and_the_cache(habits):
    search_budget.seconds = BUSY
    first = habits.get(ADDRESS)
    search_budget.seconds = 0.0
    cache.clear()

    again = habits.get(ADDRESS, **{"If-None-Match": first["ETag"]})

    assert again.status_code == 304
    assert again["ETag"] == first["ETag"] == habits.get(ADDRESS)["ETag"]
    cache.clear()
    assert habits.get(ADDRESS)["ETag"] != first["ETag"], "the case must tell the two apart"
