"""Visits that are over are closed by shard, by the sweep itself or by all workers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from celery import current_app

from tests.evidence.ended_visits import ended_make
from tests.webapp.on_postgresql import has_no_other_run, run_on_postgresql
from webapp.subjects import due, tasks
from webapp.subjects.models import Event, Profile, Visit
from webapp.surfaces.models import PopularityDay

if has_no_other_run():

    def test_workers_at_once_on_postgresql():
        run_on_postgresql("tests/webapp/subjects/test_due_on_postgres.py")


@pytest.fixture
def at_once():
    """Messages are worked on as they are sent."""
    current_app.conf.task_always_eager = True
    yield
    current_app.conf.task_always_eager = False


@pytest.fixture
def no_broker(monkeypatch):
    """A broker that answers nobody. Celery's pool keeps the address of its first message, before
    this test and after it, so it is made anew."""
    monkeypatch.setattr(current_app.conf, "broker_url", "redis://127.0.0.1:1/0")
    current_app._after_fork()
    yield
    monkeypatch.undo()
    current_app._after_fork()


def test_ranges_hold_each_shard_once():
    assert [shard for part in due.shard_ranges() for shard in part] == list(range(256))


def test_a_range_closes_visits_of_its_shards_alone(page):
    ended_make(page, 30, over())
    mine = range(128)
    of_mine = Profile.objects.filter(subject__shard__in=mine).count()

    assert 0 < due.visits_close(shards=mine, now=datetime.now(UTC)) == of_mine < 30
    left = Profile.objects.exclude(open_until=None)
    assert set(left.values_list("subject__shard", flat=True)).isdisjoint(mine)


def test_many_visits_are_handed_out(page, monkeypatch, at_once):
    monkeypatch.setattr(tasks, "FEW", 10)
    ended_make(page, 30, over())

    assert tasks.sweep() > 10

    assert Visit.objects.filter(is_closed=True).count() == 30
    assert sum(PopularityDay.objects.values_list("visits", flat=True)) == 30
    assert tasks.sweep() == 0


def test_lost_messages_of_many_people_are_handed_out(page, monkeypatch, at_once):
    monkeypatch.setattr(tasks, "FEW", 0)
    ended_make(page, 1, datetime.now(UTC))
    Event.objects.update(fold=Event.Fold.PENDING, lease_until=over(), block="quiz")

    assert tasks.sweep() == 1

    assert not Event.objects.filter(fold=Event.Fold.PENDING).exists()


def test_without_a_broker_the_sweep_closes_them_by_itself(page, monkeypatch, no_broker):
    monkeypatch.setattr(tasks, "FEW", 10)
    ended_make(page, 30, over())

    assert tasks.sweep() == 30

    assert Visit.objects.filter(is_closed=True).count() == 30


def test_one_that_fails_stops_no_other(page, caplog):
    ended_make(page, 30, over())
    bad = Profile.objects.order_by("pk")[7]
    Profile.objects.filter(pk=bad.pk).update(state={"visit": {"unknown": 1}})

    due.visits_close(shards=range(256), now=datetime.now(UTC))

    assert list(Profile.objects.exclude(open_until=None)) == [bad]
    assert f"subjects.fold_failed profile={bad.pk}" in caplog.text


def over() -> datetime:
    return datetime.now(UTC) - timedelta(hours=2)
