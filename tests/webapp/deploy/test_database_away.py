"""While the database refuses connections or says nothing, everybody gets a layout in a second."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from tests.webapp.deploy.away import MOST_SECONDS, PATH, Away, away_site, of_session
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
