"""A layout comes though middleware of a host needs the database, before the view or after it."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.patience import within_its_seconds
from tests.webapp.deploy.away import MOST_SECONDS, Away, away_site, of_session

ROUNDTRIP = 0.2
"""Seconds; a session alone takes three to be saved."""
SETTINGS = """
from webapp.settings import *

SESSION_SAVE_EVERY_REQUEST = True
MIDDLEWARE = [*MIDDLEWARE, *MORE]
"""
EARLY = """
from django.contrib.auth.models import User

def early(get_response):
    def answer(request):
        User.objects.exists()
        return get_response(request)
    return answer
"""


@pytest.fixture(scope="module", params=["late", "early"])
def host(request, tmp_path_factory) -> Iterator[Away]:
    """late: sessions are saved with every request; early: middleware asks before the view, too."""
    folder = tmp_path_factory.mktemp(request.param)
    more = {"late": [], "early": ["early.early"]}[request.param]
    (folder / "host_settings.py").write_text(SETTINGS.replace("*MORE", f"*{more!r}"))
    (folder / "early.py").write_text(EARLY)
    given = {"DJANGO_SETTINGS_MODULE": "host_settings", "PYTHONPATH": f"{folder}:."}
    with away_site(folder, given) as site:
        yield site


@within_its_seconds
@pytest.mark.parametrize("how", ["refuse", "hang"])
def test_with_the_database_away_everybody_has_a_layout_in_a_second(host, how):
    known, strangers = host.people("known"), {"nobody": {}, "a session": of_session("x" * 32)}
    for asker in known.values():
        host.layout(asker)
    getattr(host.proxy, how)()
    try:
        everybody = (known | host.people(how) | strangers).items()
        found = {name: host.layout(asker) for name, asker in everybody}
        began = time.monotonic()
        status, refusal = host.send(known["known session"], found["known session"][1])
        refused_in = time.monotonic() - began
    finally:
        host.proxy.mend()

    assert {name for name, (seconds, _) in found.items() if seconds >= MOST_SECONDS} == set()
    assert {len(shown["order"]) for _, shown in found.values()} == {10}
    assert (status, refusal["type"]) == (503, "/api/errors#database-away")
    assert refused_in < MOST_SECONDS
    host.place.wait(lambda: _is_adapted(host, how), "the database is back")
    for name in ("known session", f"{how} session"):
        asker = {**known, **host.people(how)}[name]
        assert host.send(asker, found[name][1])[0] == 202, "shown meanwhile, sent later"


@within_its_seconds
def test_with_a_far_database_everybody_has_a_layout_in_a_second(host):
    host.proxy.late = ROUNDTRIP / 2
    try:
        asked = [host.layout(a) for a in host.people("far").values() for _ in range(4)]
    finally:
        host.proxy.late = 0.0
    assert max(seconds for seconds, _ in asked) < MOST_SECONDS


def _is_adapted(host: Away, how: str) -> bool:
    return host.layout(host.people(how)[f"{how} session"])[1]["status"] == "adapted"
