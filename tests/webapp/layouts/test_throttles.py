"""Request limits; a caller over the limit still gets the fallback page."""

from __future__ import annotations

import pytest
from django.test import Client

from webapp.subjects.keys import server_key_make

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def one_minute(monkeypatch):
    """Keeps the test within one minute, so that no new window starts."""
    monkeypatch.setattr("webapp.layouts.answer.throttles.time.time", lambda: 1_800_000_000.0)


def test_too_many_reads_of_one_user_get_the_default_layout_and_others_theirs(
    owner, colleague, settings
):
    settings.UIENGINE_THROTTLES = {"layout": 2, "write": 2}

    statuses = [owner.layout()["status"] for _ in range(4)]

    assert statuses[2:] == ["fallback", "fallback"] and "fallback" not in statuses[:2]
    assert colleague.layout()["status"] != "fallback"


def test_too_many_writes_are_refused_with_the_seconds_to_wait(owner, settings):
    settings.UIENGINE_THROTTLES = {"layout": 99, "write": 1}
    layout = owner.layout()
    owner.send(layout, owner.event("impression"))

    refused = owner.post(
        "events", {"decision": layout["decision"], "events": [owner.event("impression")]}
    )

    assert refused.status_code == 429 and 1 <= int(refused["Retry-After"]) <= 60


def test_a_server_is_counted_per_subject_and_per_key(page, settings):
    settings.UIENGINE_THROTTLES = {"layout": 2, "write": 2, "server_key": 3}
    _, secret = server_key_make(name="backend")

    def status(subject: str) -> str:
        headers = {"Authorization": f"Bearer {secret}", "X-Subject": subject}
        answer = Client().get("/api/layout?surface=course-home", headers=headers)
        return answer.json()["status"]

    assert [status("host:a") == "fallback" for _ in range(3)] == [False, False, True]
    assert status("host:b") == "fallback"  # the key has spent its three


@pytest.mark.parametrize("proxies", [1, 2])
def test_behind_proxies_each_stranger_has_a_count(page, settings, proxies):
    """With a port, too: no two requests of one caller come from the same."""
    settings.REST_FRAMEWORK = {"NUM_PROXIES": proxies}
    settings.UIENGINE_THROTTLES = {"layout": 2, "write": 2}
    behind = ", 10.0.0.8" if proxies == 2 else ""

    def status(address: str) -> str:
        headers = {"X-Forwarded-For": f"6.6.6.6, {address}{behind}"}
        return Client().get("/api/layout?surface=course-home", headers=headers).json()["status"]

    seen = [status(f"192.0.2.7:{port}") for port in (4001, 4002, 4003)]
    assert [found == "fallback" for found in seen] == [False, False, True]
    assert status("192.0.2.8:4001") != "fallback"
