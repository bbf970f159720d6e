"""POST /api/feedback: wishes take effect at once."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("folded", [False, True], ids=["pending", "folded"])
def test_a_move_acts_at_once_and_stays(owner, worker, folded):
    last = owner.layout()["order"][-1]

    payload = owner.wish("move", last, rank=1)
    if folded:
        worker.work()

    assert payload["order"][1] == last
    assert payload["pins"] == [last]
    assert owner.layout()["order"] == payload["order"]
    owner.visit("forum")
    assert owner.layout()["order"][1] == last


def test_a_wish_acts_at_once_where_the_host_wraps_requests_in_transactions(owner, monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    last = owner.layout()["order"][-1]

    assert owner.wish("pin", last)["pins"] == [last]


@pytest.mark.parametrize("kind", ["move", "pin"])
def test_a_block_that_the_team_pinned_is_not_the_users_to_place(owner, kind):
    before = owner.layout()

    wish = owner.event(kind, "announcements", rank=4)
    answer = owner.post("feedback", {"decision": before["decision"], **wish})

    assert answer.status_code == 400
    assert answer.json()["type"].endswith("#block-held-by-team")
    assert owner.layout()["decision"] == before["decision"]


def test_undo_returns_to_the_layout_before_this_visit(owner, worker):
    for blocks in (("glossary", "live"), ("glossary", "live"), ("quiz",)):
        before = owner.visit(*blocks)["order"]
        worker.work()
    now = owner.layout()
    assert now["order"] != before

    assert now["undo"] == "visit"
    payload = owner.wish("undo")

    assert payload["order"] == before
    assert payload["undo"] == "nothing"
    assert owner.wish("undo")["decision"] == payload["decision"]
    owner.visit()
    moved = {b for b in now["order"] if now["order"].index(b) != before.index(b)}
    after = owner.layout()["order"]
    assert not any(after.index(b) == now["order"].index(b) != before.index(b) for b in moved)


def test_undo_takes_back_a_pin_and_leaves_the_page_as_it_is(owner, worker):
    owner.visit("glossary", "live")
    shown = owner.layout()["order"]
    pinned = owner.wish("pin", shown[3])
    worker.work()
    assert (pinned["order"], pinned["undo"]) == (shown, "wish")

    payload = owner.wish("undo")

    assert (payload["order"], payload["pins"]) == (shown, [])


@pytest.mark.parametrize("kind", ["pin", "move", "reset", "freeze"])
def test_undo_takes_back_no_wish_of_another_tab(owner, worker, kind):
    owner.visit("glossary", "live")
    here = owner.layout()
    there = owner.wish(kind, here["order"][-1], rank=1)

    answer = owner.post("feedback", {"decision": here["decision"], **owner.event("undo")})

    assert answer.status_code == 409
    assert answer.json()["type"].endswith("#layout-changed")
    worker.work()
    after = owner.layout()
    assert [after[name] for name in ("order", "pins", "status", "undo")] == [
        there[name] for name in ("order", "pins", "status", "undo")
    ]


def test_a_stale_undo_in_a_batch_takes_nothing_back(owner, worker):
    here = owner.layout()
    moved = owner.wish("move", here["order"][-1], rank=1)
    owner.send(here, owner.event("undo"))
    assert owner.layout()["order"] == moved["order"]
    worker.work()
    assert owner.layout()["order"] == moved["order"]


def test_an_undo_that_is_sent_again_is_answered_as_the_first_time(owner, worker):
    before = owner.layout()["order"]
    moved = owner.wish("move", before[-1], rank=1)
    undo = {"decision": moved["decision"], **owner.event("undo")}
    for _ in range(2):
        answer = owner.post("feedback", undo)
        assert (answer.status_code, answer.json()["order"]) == (200, before)
        assert answer.headers["Cache-Control"] == "private, no-cache"


def test_freeze_keeps_what_is_shown_until_it_is_lifted(owner, worker):
    owner.visit("glossary")
    shown = owner.layout()["order"]
    payload = owner.wish("freeze")

    assert (payload["status"], payload["order"]) == ("frozen", shown)
    for _ in range(3):
        assert owner.visit("live", "glossary")["order"] == shown
        worker.work()
    owner.wish("freeze", on=False)
    owner.visit("live", "glossary")
    assert owner.layout()["status"] == "adapted"
    assert owner.layout()["order"] != shown


def test_reset_returns_to_the_default_and_clears_pins(owner, worker):
    default = owner.layout()["order"]
    for _ in range(4):
        owner.visit("glossary", "live")
        worker.work()
    owner.wish("pin", owner.layout()["order"][3])
    default = [b["id"] for b in owner.layout()["elements"].values()]

    payload = owner.wish("reset")

    assert payload["order"] == default
    assert payload["pins"] == []
    worker.work()
    assert owner.layout()["order"] == default


def test_a_pin_moves_nothing_and_an_unpin_frees(owner, worker):
    owner.visit("glossary")
    shown = owner.layout()["order"]

    pinned = owner.wish("pin", shown[4])
    assert (pinned["order"], pinned["pins"]) == (shown, [shown[4]])
    freed = owner.wish("unpin", shown[4])
    assert (freed["order"], freed["pins"]) == (shown, [])


def test_each_wish_counts_once(owner, worker):
    layout = owner.layout()
    wish = {"decision": layout["decision"], **owner.event("freeze")}
    first, again = owner.post("feedback", wish), owner.post("feedback", wish)

    assert first.json() == again.json()


def test_nobody_may_wish(page, owner):
    client = Client()
    layout = client.get("/api/layout?surface=course-home").json()
    body = {"decision": layout["decision"], **owner.event("freeze")}

    response = client.post("/api/feedback", body, "application/json")

    assert response.status_code == 403
    assert "consent" in response.json()["next_step"]


def test_a_colleague_cannot_wish_for_the_owner(owner, colleague, stranger):
    body = {"decision": owner.layout()["decision"], **owner.event("freeze")}

    assert colleague.post("feedback", body).status_code == 403
    assert stranger.post("feedback", body).status_code == 403
    assert owner.layout()["status"] == "adapted"


def test_a_session_needs_a_csrf_token(page, clock, worker, django_user_model):
    client = Client(enforce_csrf_checks=True)
    client.force_login(django_user_model.objects.create_user("anna"))
    layout = client.get("/api/layout?surface=course-home").json()
    at = clock.now.isoformat()
    body = {"decision": layout["decision"], "id": "1", "at": at, "type": "freeze"}

    assert client.post("/api/feedback", body, "application/json").status_code == 403
    client.cookies["csrftoken"] = "a" * 32
    accepted = client.post(
        "/api/feedback", body, "application/json", headers={"X-CSRFToken": "a" * 32}
    )
    assert accepted.status_code == 200
    assert accepted.json()["status"] == "frozen"


def test_names_every_field_of_a_wish_that_is_not_valid(owner):
    wish = {**owner.event("pin", "forum"), "rank": -1, "x": "left", "type": "peek"}

    problem = owner.post("feedback", wish).json()

    errors = {e["field"]: e["value"] for e in problem["errors"]}
    assert errors == {"decision": None, "rank": -1, "x": "left", "type": "peek"}
    assert problem["field"] == problem["errors"][0]["field"]
