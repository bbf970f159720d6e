"""The export and erasure of a long history: streamed, in little memory, a statement per table."""

from __future__ import annotations

import asyncio
import json
import tracemalloc
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test import AsyncClient
from django.test.utils import CaptureQueriesContext

from webapp.privacy import export
from webapp.privacy.erase import subject_erase
from webapp.subjects.models import Event, ServedDecision, Subject, Visit

pytestmark = pytest.mark.django_db(transaction=True)
EVENTS = 6_000


@pytest.fixture
def long(owner, worker, clock):
    """Somebody with 6,000 events, five of them at each moment, under 600 decisions."""
    owner.visit("forum")
    worker.work()
    event, decision = Event.objects.first(), ServedDecision.objects.get()
    decisions = [ServedDecision(**{**columns(decision), "digest": f"{i:032}"}) for i in range(600)]
    made = ServedDecision.objects.bulk_create(decisions)
    Visit.objects.update(drawn=made[0])
    Event.objects.bulk_create(
        Event(
            **{
                **columns(event),
                "decision_id": made[i % 600].pk,
                "event_id": str(uuid4()),
                "happened_at": event.happened_at + timedelta(seconds=i // 5),
            }
        )
        for i in range(EVENTS)
    )
    return owner


def columns(row) -> dict:
    return {f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields if f.name != "id"}


def test_a_short_history_is_answered_whole(owner, worker):
    owner.visit("forum")
    worker.work()

    answer = owner.get("me")

    assert not answer.streaming and answer["Content-Type"] == "application/json"
    assert [e["block"] for e in answer.json()["profiles"][0]["events"]] == ["", "forum"]


def test_a_long_history_is_sent_as_it_is_read_and_is_whole(long):
    answer = long.get("me")
    assert answer.streaming and answer["Cache-Control"] == "no-store"

    pieces = list(answer)
    (profile,) = json.loads(b"".join(pieces))["profiles"]

    found = [(e["happened_at"], e["id"]) for e in profile["events"]]
    kept = Event.objects.order_by("happened_at", "pk").values_list("happened_at", "pk")
    assert found == [(at.isoformat(), pk) for at, pk in kept]
    assert len(found) == EVENTS + 2 and len(profile["decisions"]) == 601
    assert max(map(len, pieces)) < 500 * export.AT_ONCE


def test_the_memory_that_it_takes_is_that_of_a_page(long, monkeypatch):
    monkeypatch.setattr(export, "AT_ONCE", 100)
    pieces = export.subject_export(key=long.key)
    next(pieces)

    tracemalloc.start()
    size = sum(map(len, pieces))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert size > 1_500_000 and most < size / 2


def test_an_event_loop_is_sent_the_same(long):
    async def asked() -> bytes:
        answer = await AsyncClient().get("/api/me", headers=long.headers)
        return b"".join([piece async for piece in answer.streaming_content])

    assert asyncio.run(asked()) == b"".join(long.get("me"))


def test_somebody_who_is_erased_meanwhile_gets_json_that_ends(long):
    answer = long.get("me")
    subject_erase(key=long.key)

    assert len(json.loads(b"".join(answer))["profiles"][0]["events"]) < EVENTS


def test_an_erasure_takes_a_statement_per_table(long):
    with CaptureQueriesContext(connection) as asked:
        subject_erase(key=long.key)

    assert not Subject.objects.exists() and not Event.objects.exists()
    for model in (Event, Visit, ServedDecision):
        table = model._meta.db_table
        deleted = [q for q in asked if q["sql"].startswith(f'DELETE FROM "{table}"')]
        read = [q for q in asked if q["sql"].startswith("SELECT") and f'FROM "{table}"' in q["sql"]]
        assert 1 <= len(deleted) <= 2 and len(read) <= 1
