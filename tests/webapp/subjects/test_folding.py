"""Folding event rows into profiles, and the sweep that finds lost messages."""

from __future__ import annotations

import json
import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from webapp.lib import times as lib_times
from webapp.subjects import fold_worker, mappers, tasks, visit_state
from webapp.subjects.models import Event, Profile, Subject, Visit
from webapp.subjects.services import clock_advance, visit_end
from webapp.surfaces.models import PopularityDay

pytestmark = pytest.mark.django_db(transaction=True)


def profile_of(person) -> Profile:
    return Profile.objects.get(subject__key=person.key)


def test_folding_marks_the_rows_in_the_transaction_of_the_profile(owner, worker, monkeypatch):
    owner.send(owner.layout(), owner.event("use", "forum"))

    def die(*_: object) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(fold_worker, "_write_profile", die)
        with pytest.raises(RuntimeError):
            fold_worker.profile_fold(profile_id=profile_of(owner).pk, now=timezone.now())
    assert Event.objects.filter(fold="pending").count() == 1
    assert not Visit.objects.exists()

    assert worker.work() == 1
    assert profile_of(owner).version == 1
    assert Event.objects.get().visit == Visit.objects.get().visit


def test_a_second_task_for_the_same_rows_does_nothing(owner, worker):
    owner.send(owner.layout(), owner.event("use", "forum"))
    profile = profile_of(owner)

    assert fold_worker.profile_fold(profile_id=profile.pk, now=timezone.now()) == 1
    assert fold_worker.profile_fold(profile_id=profile.pk, now=timezone.now()) == 0
    assert profile_of(owner).version == 1


def test_concurrent_workers_fold_each_event_once(owner, worker, clock):
    layout = owner.layout()
    for _ in range(4):
        owner.send(layout, *(owner.event("use", "forum") for _ in range(25)))
    profile = profile_of(owner)
    counts: list[int] = []

    def work() -> None:
        counts.append(fold_worker.profile_fold(profile_id=profile.pk, now=clock.now))
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(counts) == [0, 0, 0, 100]
    assert profile_of(owner).state["visit"]["uses"] == {"forum": 100}


def test_what_is_read_before_folding_is_what_folding_writes(owner, worker, clock):
    from webapp.serving.pages import serving
    from webapp.subjects import state_cache

    owner.visit("forum", "quiz")
    layout = owner.layout()
    owner.send(layout, owner.event("use", "glossary"), owner.event("freeze"))
    read = state_cache.read(owner.key, serving.page("course-home")).state

    worker.work()

    assert visit_state.dump(read) == visit_state.dump(mappers.to_state(profile_of(owner)))


def test_state_survives_json(owner, worker):
    owner.visit("glossary")
    worker.work()
    state = profile_of(owner).state

    again = visit_state.dump(mappers.to_state(profile_of(owner)))
    assert json.loads(json.dumps(again)) == state


def test_the_sweep_asks_again_for_what_nobody_folded(owner, worker, clock):
    owner.send(owner.layout(), owner.event("use", "forum"))
    worker.sent.clear()  # the broker lost it
    assert tasks.sweep() == 0  # the lease still holds
    clock.advance(seconds=31)

    assert tasks.sweep() == 1
    assert tasks.sweep() == 0
    assert worker.work() == 1


def test_the_sweep_closes_visits_that_are_over(owner, worker, clock):
    owner.send(owner.layout(), owner.event("use", "forum"), owner.event("use", "quiz"))
    worker.work()
    assert Visit.objects.get().is_closed is False
    clock.advance(minutes=29)
    assert tasks.sweep() == 0
    clock.advance(minutes=2)

    assert tasks.sweep() == 1

    assert Visit.objects.get().is_closed is True
    assert profile_of(owner).open_until is None
    day = PopularityDay.objects.get()
    assert (day.visits, day.shares) == (1, {"forum": 0.5, "quiz": 0.5})
    assert day.day == lib_times.to_day(lib_times.to_milliseconds(clock.now))


def test_only_a_subjects_first_three_visits_are_newcomers(owner, worker, clock):
    for block in ("forum", "quiz", "forum", "glossary"):
        owner.visit(block)
        worker.work()
        clock.advance(minutes=31)
        tasks.sweep()

    rows = PopularityDay.objects.all()
    assert sum(row.visits for row in rows) == 4
    counted = [row.newcomers for row in rows]
    assert sum(day.get("forum", 0) for day in counted) == 2
    assert sum(day.get("quiz", 0) for day in counted) == 1
    assert not any("glossary" in day for day in counted)


def test_popularity_of_a_past_day_does_not_change(owner, worker, clock):
    clock.now = clock.now.replace(hour=23, minute=50)
    owner.send(owner.layout(), owner.event("use", "forum"))
    worker.work()
    clock.advance(minutes=60)
    tasks.sweep()

    today = lib_times.to_day(lib_times.to_milliseconds(clock.now))
    assert PopularityDay.objects.get().day == today


def test_an_event_is_held_between_its_decision_and_its_arrival(owner, worker, clock):
    owner.visit("forum")
    worker.work()
    layout = owner.layout()
    early = {**owner.event("use", "quiz"), "at": (clock.now - timedelta(days=9)).isoformat()}
    future = {**owner.event("use", "quiz"), "at": (clock.now + timedelta(days=9)).isoformat()}
    owner.send(layout, early, future)

    times = Event.objects.filter(block="quiz").order_by("pk").values_list("happened_at", flat=True)
    assert list(times) == [clock.now - timedelta(days=1), clock.now]


def test_late_uses_reach_the_visit_they_belong_to(owner, worker, clock):
    first = owner.visit("forum")
    worker.work()
    late = owner.event("use", "quiz")
    late["at"] = (clock.now - timedelta(days=1) + timedelta(minutes=1)).isoformat()
    owner.visit("glossary")
    worker.work()

    owner.send(first, late, {**late, "id": "again"})
    worker.work()

    visit = Visit.objects.order_by("started_at")[0]
    assert visit.uses == {"forum": 1, "quiz": 2}
    clock.advance(days=1)
    owner.visit("links")
    worker.work()
    assert profile_of(owner).state["profile"]["blocks"]["quiz"]["uses"] == 1


def test_a_demonstration_need_not_wait(owner, page, worker, clock):
    before = owner.layout()
    owner.send(before, owner.event("use", "glossary"))
    subject = Subject.objects.get(key=owner.key)

    visit_end(subject=subject, surface=page)

    after = owner.layout()
    assert after["decision"] != before["decision"]
    owner.send(after, owner.event("use", "glossary"))
    clock_advance(subject=subject, seconds=86_400)
    assert owner.layout()["decision"] not in (before["decision"], after["decision"])
    worker.work()
    assert profile_of(owner).state["profile"]["visits"] == 2
    assert Visit.objects.count() == 2


def test_nothing_is_left_of_an_erased_profile(owner, worker):
    owner.send(owner.layout(), owner.event("use", "forum"))
    Subject.objects.all().delete()

    assert worker.work() == 0
