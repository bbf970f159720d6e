"""Request limits; a caller over the limit still gets the fallback page."""

from __future__ import annotations

import pytest
from django.test import Client

from webapp.lib.addresses import address_of
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


@pytest.mark.parametrize(
    ("is_behind_proxy", "forwarded", "address"),
    [
        (False, "6.6.6.6", "127.0.0.1"),  # clients can forge this header
        (True, "6.6.6.6, 9.9.9.9", "9.9.9.9"),  # our proxy appended the last one
        (True, "", "127.0.0.1"),
    ],
)
def test_strangers_are_counted_by_an_address_that_they_cannot_choose(
    settings, is_behind_proxy, forwarded, address
):
    header = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.SECURE_PROXY_SSL_HEADER = header if is_behind_proxy else None
    meta = {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": forwarded}
    assert address_of(meta) == address
