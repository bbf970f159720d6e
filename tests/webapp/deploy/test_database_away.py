"""While the database refuses connections or says nothing, everybody gets a layout in a second."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from tests.patience import within_its_seconds
from tests.webapp.deploy.away import MOST_SECONDS, PATH, Asker, Away, away_site, of_session
from tests.webapp.deploy.place import Place


@pytest.fixture(scope="module")
def away(tmp_path_factory) -> Iterator[Away]:
    with away_site(tmp_path_factory.mktemp("away"), {}) as site:
        yield site


@pytest.mark.parametrize("how", ["refuse", "hang"])
def test_everybody_gets_a_layout_within_a_second(away, how):
    known, never_seen = away.people("known"), away.people(how)
    strangers = {"nobody": {}, "session that never was": of_session("x" * 32)}
    for asker in known.values():
        away.layout(asker)
    getattr(away.proxy, how)()
    try:
        everybody = (strangers | known | never_seen).items()
        found = {name: away.layout(asker) for name, asker in everybody}
        began = time.monotonic()
        status, refusal = away.send(known["known token"], found["known token"][1])
        refused_in = time.monotonic() - began
    finally:
        away.proxy.mend()

    assert max(seconds for seconds, _ in found.values()) < MOST_SECONDS
    assert {len(shown["order"]) for _, shown in found.values()} == {10}
    assert {found[name][1]["status"] for name in never_seen} == {"fallback"}
    assert {found[name][1]["status"] for name in known} == {"adapted"}, "what is cached is served"
    assert (status, refusal["type"]) == (503, "/api/errors#database-away")
    assert refused_in < MOST_SECONDS

    again = never_seen[f"{how} key"]
    away.place.wait(lambda: away.layout(again)[1]["status"] == "adapted", "the database is back")
    counted = {"accepted": 1, "duplicate": 0, "ignored": 0}
    for name, asker in {**known, f"{how} token": never_seen[f"{how} token"]}.items():
        assert away.send(asker, found[name][1]) == (202, counted), "shown meanwhile, sent later"


@within_its_seconds
def test_a_process_that_starts_meanwhile_serves_pages_too(away):
    """As one that gunicorn replaces; surfaces come from the cache that processes share."""
    new = Place(away.place.var, away.place.settings)
    away.proxy.hang()
    try:
        new.start("web2", "web")
        new.wait(lambda: new.ask("/health/live")[0] == 200, "the process answers")
        for _ in range(3):
            began = time.monotonic()
            status, body = new.ask(PATH, **away.people("known")["known token"])
            assert (status, json.loads(body)["status"]) == (200, "fallback")
            assert time.monotonic() - began < MOST_SECONDS
    finally:
        away.proxy.mend()
    try:
        new.wait(lambda: json.loads(new.ask(PATH)[1])["status"] == "default", "back")
        known = away.people("known")["known token"]
        new.wait(lambda: json.loads(new.ask(PATH, **known)[1])["status"] == "adapted", "back")
    finally:
        new.stop()


def test_a_forged_token_is_refused_while_the_database_is_away(away):
    away.proxy.hang()
    try:
        status, _ = away.place.ask(PATH, Authorization="Bearer ut_forged:signature")
    finally:
        away.proxy.mend()

    assert status == 401


@within_its_seconds
@pytest.mark.parametrize("how", ["refuse", "hang"])
def test_no_other_address_holds_anybody_up(away, how):
    """What cannot be answered says so within a second, and says what to do."""
    known = away.people("known")["known session"]
    shown = away.layout(known)[1]
    wish = {"decision": shown["decision"], "type": "pin", "block": shown["order"][0]}
    getattr(away.proxy, how)()
    try:
        found = {
            address: _timed(away, address, known, body)
            for address, body in {
                "/api/me": None,
                "/api/health": None,
                "/api/csrf": None,
                "/health/live": None,
                "/health/ready": None,
                "/admin/": None,
                "/admin/login/": None,
                "/admin/uiengine_surfaces/surface/1/change/": None,
                "/api/feedback": wish,
            }.items()
        }
    finally:
        away.proxy.mend()

    assert {name for name, (seconds, *_) in found.items() if seconds >= MOST_SECONDS} == set()
    statuses = {name: status for name, (_, status, _) in found.items()}
    assert {statuses[name] for name in ("/api/health", "/api/csrf", "/health/live")} == {200}
    refused = {name: body for name, (_, status, body) in found.items() if status == 503}
    pages = {"/admin/", "/admin/uiengine_surfaces/surface/1/change/"}
    assert refused.keys() >= {"/api/me", "/api/feedback", "/health/ready", *pages}
    assert all(b"Try again in a few seconds" in refused[name] for name in pages)
    assert 500 not in statuses.values()


def _timed(away: Away, address: str, asker: Asker, body: object) -> tuple[float, int, bytes]:
    began = time.monotonic()
    status, answer = away.place.ask(address, body, **asker)
    return time.monotonic() - began, status, answer
