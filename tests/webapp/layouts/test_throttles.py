"""Request limits; a caller over the limit still gets the fallback page."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from webapp.subjects.keys import VISITOR_COOKIE, server_key_make, visitor_make

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("one_minute")]


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


def visitor(address: str) -> Client:
    """A browser that consented: it costs nothing, and each has a key of its own."""
    client = Client(REMOTE_ADDR=address)
    client.cookies[VISITOR_COOKIE] = visitor_make()[1]
    return client


def events_taken(client: Client, batches: int, events: int) -> int:
    """Sends batches for as long as they are taken; returns the number of accepted events."""
    decision = client.get("/api/layout?surface=course-home").json()["decision"]
    taken = 0
    for _ in range(batches):
        at = timezone.now().isoformat()
        sent = [{"id": str(uuid4()), "at": at, "type": "impression"} for _ in range(events)]
        body = {"decision": decision, "events": sent}
        answer = client.post("/api/events", body, content_type="application/json")
        if answer.status_code == 429:
            return taken
        taken += answer.json()["accepted"]
    return taken


def test_the_visitors_of_one_address_cannot_fill_the_backlog_of_all(page, settings):
    """Per caller 5 batches and 20 events a minute; per address ten times as many."""
    settings.UIENGINE_THROTTLES = {"layout": 99, "write": 5}
    settings.UIENGINE_BACKLOG = 300

    taken = [events_taken(visitor("192.0.2.7"), batches=9, events=7) for _ in range(20)]

    assert taken[0] == 14 and max(taken) <= 20
    assert 100 < sum(taken) <= 200  # what is refused counts as well
    assert events_taken(visitor("192.0.2.8"), batches=1, events=7) == 7
    assert events_taken(visitor("2001:db8::1"), batches=1, events=7) == 7


def test_layouts_of_many_visitors_of_one_address_are_counted_together(page, settings):
    settings.UIENGINE_THROTTLES = {"layout": 3, "write": 5}

    def is_decided(address: str) -> bool:
        answer = visitor(address).get("/api/layout?surface=course-home")
        return answer.json()["status"] != "fallback"

    assert [is_decided("192.0.2.7") for _ in range(32)] == 30 * [True] + 2 * [False]
    assert is_decided("192.0.2.8")


def test_events_are_counted_not_only_batches(owner, settings):
    settings.UIENGINE_THROTTLES = {"layout": 99, "write": 10}
    layout = owner.layout()
    for _ in range(4):
        owner.send(layout, *(owner.event("impression") for _ in range(10)))

    one_more = {"decision": layout["decision"], "events": [owner.event("impression")]}
    refused = owner.post("events", one_more)

    assert refused.status_code == 429 and 1 <= int(refused["Retry-After"]) <= 60
    assert owner.post("feedback", {**one_more, **owner.event("freeze")}).status_code == 200
