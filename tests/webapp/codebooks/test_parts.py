"""A run's work in parts: each is done once, whoever does it; results are joined in order."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from webapp.codebooks.models import Part, Pipeline, Run
from webapp.codebooks.pipeline import kept_visits, lease
from webapp.codebooks.pipeline.order import pipeline_request
from webapp.codebooks.pipeline.parts import split, together, work
from webapp.codebooks.pipeline.parts.progress import progress
from webapp.privacy.erase import subject_erase

pytestmark = pytest.mark.django_db
THREE = [(0, 100), (100, 200), (200, 256)]


@pytest.fixture(autouse=True)
def sent(monkeypatch) -> list[tuple[int, str]]:
    """Messages to other workers, which nobody reads."""
    found: list[tuple[int, str]] = []
    monkeypatch.setattr(
        together, "group", lambda parts: type("", (), {"apply_async": lambda: found.extend(parts)})
    )
    return found


@pytest.fixture
def done(monkeypatch) -> Iterator[list[int]]:
    """Numbers of the parts in the order of their work, which says the number of its shards."""
    found: list[int] = []

    def count(part):
        found.append(part.part.number)
        return {"shards": len(part.shards), **part.given}

    monkeypatch.setitem(work.WORKS, "count", count)
    return found


@pytest.fixture
def held(course) -> lease.Lease:
    line, _ = pipeline_request(kind=Pipeline.Kind.RETRAIN, surface=course)
    held = lease.run_take(run_id=line.runs.get().pk)
    assert held is not None
    return held


def count(held: lease.Lease, seen: int = 0):
    return together.parts_done(held, "count", THREE, seen=seen, given={"page": "home"})


def by_another(held: lease.Lease) -> Part:
    """A part that a worker elsewhere has taken."""
    together.parts_make(held, "count", THREE, seen=0, given={})
    taken = work.part_take(run_id=held.run.pk, work="count")
    assert taken is not None
    return taken


def test_one_worker_does_all_parts_and_gets_their_results_in_order(held, done):
    assert count(held) == [{"shards": n, "page": "home"} for n in (100, 100, 56)]
    assert done == [0, 1, 2]
    assert {part.attempts for part in Part.objects.all()} == {1}


def test_others_are_asked_to_help_with_all_parts_but_one(
    held, done, sent, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        count(held)

    assert [(part.task, part.args) for part in sent] == [
        ("codebooks.part", (held.run.pk, "count"))
    ] * 2


def test_nobody_is_asked_to_help_with_a_single_part(
    held, done, sent, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        together.parts_done(held, "count", split.cut(60), given={})

    assert (sent, done) == ([], [0])


def test_the_sweep_asks_again_where_only_one_worker_helps(
    held, done, sent, django_capture_on_commit_callbacks
):
    by_another(held)
    with django_capture_on_commit_callbacks(execute=True):
        together.parts_sweep()
    assert [part.args for part in sent] == [(held.run.pk, "count")] * 2

    sent.clear()
    work.part_take(run_id=held.run.pk, work="count")  # the lost help has come
    with django_capture_on_commit_callbacks(execute=True):
        together.parts_sweep()
    assert sent == []


def test_a_run_that_begins_again_does_only_the_parts_that_are_left(held, done):
    together.parts_make(held, "count", THREE, seen=0, given={"page": "before"})
    work.part_run(held.run.pk, "count")

    assert [left["page"] for left in count(held)] == ["before"] * 3
    assert done == [0, 1, 2]


def test_a_dead_workers_part_is_done_again_and_what_it_says_later_is_refused(held, done):
    dead = by_another(held)
    Part.objects.filter(pk=dead.part.pk).update(
        lease_until=timezone.now() - timedelta(seconds=1), progress=0.5
    )

    assert len(count(held)) == 3

    with pytest.raises(work.LostPartError):
        dead.finish({"shards": 7})
    assert list(Part.objects.values_list("attempts", flat=True)) == [2, 1, 1]


def test_the_step_waits_for_a_part_that_another_worker_has(held, done, monkeypatch):
    other = by_another(held)

    def ends_meanwhile(seconds):
        assert done == [1, 2]
        other.finish({"by": "another"})

    monkeypatch.setattr(together.time, "sleep", ends_meanwhile)

    assert count(held)[0] == {"by": "another"}


def test_a_part_that_kills_every_worker_fails_the_run_with_a_sentence(held, done):
    dead = by_another(held)
    Part.objects.filter(pk=dead.part.pk).update(
        attempts=3, host="blade-7", lease_until=timezone.now() - timedelta(seconds=1)
    )
    said = "part 1 ended 3 times before it was done, last on blade-7"

    with pytest.raises(lease.RefusedRunError, match=said):
        together._left(held.run, "count", 0)

    assert len(count(held)) == 3  # a person let it go on


def test_an_error_fails_the_run_and_going_on_tries_the_part_again(held, done, monkeypatch):
    def broken(part):
        raise ZeroDivisionError("no shards")

    with monkeypatch.context() as patch:
        patch.setitem(work.WORKS, "count", broken)
        with pytest.raises(lease.RefusedRunError, match="ZeroDivisionError: no shards"):
            count(held)

    assert len(count(held)) == 3


def test_an_error_that_may_pass_is_met_with_another_attempt(held, done, monkeypatch):
    tried = []

    def cut_off(part):
        tried.append(part.part.number)
        if len(tried) == 1:
            raise ConnectionResetError("cut off")
        return {}

    monkeypatch.setitem(work.WORKS, "count", cut_off)
    monkeypatch.setattr(work, "AGAIN_AFTER", timedelta(seconds=-1))

    count(held)

    assert sorted(tried) == [0, 0, 1, 2]


def test_a_worker_that_lost_the_run_leaves_its_part_to_others(held, done, monkeypatch):
    def lose_the_run(part):
        Run.objects.update(holder="another")
        part.show(0.5)

    monkeypatch.setitem(work.WORKS, "count", lose_the_run)
    together.parts_make(held, "count", THREE, seen=0, given={})

    with pytest.raises(lease.LostRunError):
        work.part_run(held.run.pk, "count", watch=held.renew)

    assert work.part_take(run_id=held.run.pk, work="count").part.number == 0


def test_parts_of_a_run_that_has_ended_are_nobodys(held, done):
    by_another(held)
    held.fail("it was edited")

    assert not work.part_run(held.run.pk, "count")


def test_an_erasure_makes_all_parts_void(held, done):
    other = by_another(held)
    work.part_run(held.run.pk, "count")
    subject_erase(key="anon:somebody")

    with pytest.raises(work.LostPartError):
        other.finish({"shards": 7})
    with pytest.raises(kept_visits.VoidError):
        count(held)

    done.clear()
    assert len(count(held, seen=1)) == 3
    assert done == [0, 1, 2]


def test_every_shard_is_in_one_part_and_small_pages_have_one():
    assert split.cut(0) == split.cut(split.VISITS_A_PART) == [(0, 256)]
    for visits in (600_000, 30_000_000, 10**10):
        shards = [shard for first, end in split.cut(visits) for shard in range(first, end)]
        assert shards == list(range(256))
    assert len(split.cut(30_000_000)) == 120
    assert len(split.cut(10**10)) == 256


def test_progress_says_how_many_where_and_how_long_still(held):
    together.parts_make(held, "count", split.cut(10 * split.VISITS_A_PART), seen=0, given={})
    now = timezone.now()
    first, second, third, fourth, *_ = (part.pk for part in Part.objects.order_by("number"))
    took = {"started_at": now - timedelta(seconds=60), "finished_at": now}
    Part.objects.filter(pk__in=(first, second)).update(state="done", **took)
    busy = {"state": "running", "progress": 0.5}
    Part.objects.filter(pk=third).update(host="b", **busy)
    Part.objects.filter(pk=fourth).update(host="a", **busy)

    share, words = progress(held.run.parts.all())

    # two done and two half done; seven parts of a minute are left to two workers
    assert share == pytest.approx(0.3)
    assert words == "2 of 10 parts done; at work: 1 on a, 1 on b; about 4 min left"
