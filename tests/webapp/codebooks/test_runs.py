from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.db.models import Q
from django.utils import timezone

from tests.webapp.on_postgresql import is_on_postgresql
from webapp.codebooks.models import Run
from webapp.codebooks.pipeline import lease

pytestmark = pytest.mark.django_db


def ask(course, **columns):
    return lease.run_request(kind=Run.Kind.AUDIT, surface=course, **columns)


def let_worker_die(run: Run) -> None:
    """Leaves the row as kill -9 does: held by a worker that no longer exists."""
    past = timezone.now() - timedelta(seconds=1)
    Run.objects.filter(pk=run.pk).update(state="running", holder="dead", lease_until=past)


def test_a_surface_is_audited_once_at_a_time(course):
    run, is_new = ask(course)

    again, is_second_new = ask(course)

    assert (is_new, is_second_new, again) == (True, False, run)


def test_the_same_key_is_done_once(course):
    run, _ = ask(course, key="night")
    lease.run_with_lease(run_id=run.pk, work=lambda hold: hold.finish({}))

    assert ask(course, key="night") == (Run.objects.get(pk=run.pk), False)
    assert lease.run_with_lease(run_id=run.pk, work=pytest.fail) is None


def test_a_run_that_ends_while_another_is_asked_for_leaves_that_one_its_key(course, monkeypatch):
    ask(course)

    def ends_meanwhile(**conditions):
        Run.objects.update(state=Run.State.DONE)
        return Q(**conditions)

    monkeypatch.setattr(lease, "Q", ends_meanwhile)

    run, is_new = ask(course, key="week")

    assert (run.key, is_new) == ("week", True)
    assert ask(course, key="week") == (run, False)


def test_a_held_run_is_not_taken_by_another(course):
    run, _ = ask(course)
    assert lease.run_take(run_id=run.pk)

    assert lease.run_take(run_id=run.pk) is None


def test_a_dead_workers_run_is_taken_over_and_the_dead_one_changes_nothing(course):
    run, _ = ask(course)
    first = lease.run_take(run_id=run.pk)
    assert first
    Run.objects.update(lease_until=timezone.now() - timedelta(seconds=1))

    second = lease.run_take(run_id=run.pk)

    assert second and second.run.attempts == 2
    with pytest.raises(lease.LostRunError):
        first.finish({"by": "first"})
    second.finish({"by": "second"})
    assert Run.objects.get(pk=run.pk).result == {"by": "second"}


def test_the_sweep_asks_again_for_lost_runs_only(course):
    run, _ = ask(course)
    assert lease.runs_sweep() == []
    let_worker_die(run)

    assert lease.runs_sweep() == [run.pk]


def test_a_run_that_kills_its_workers_fails(course):
    run, _ = ask(course)
    let_worker_die(run)
    Run.objects.update(attempts=lease.MOST_ATTEMPTS)

    assert lease.runs_sweep() == []
    run.refresh_from_db()
    assert (run.state, "died 3 times" in run.error) == ("failed", True)
    assert ask(course)[1]


def test_a_failure_is_kept_and_raised(course):
    run, _ = ask(course)

    def work(hold):
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        lease.run_with_lease(run_id=run.pk, work=work)

    run.refresh_from_db()
    assert (run.state, run.error) == ("failed", "OSError: disk full")


if is_on_postgresql():  # SQLite has no connection to lose

    @pytest.mark.django_db(transaction=True)
    def test_a_run_that_lost_its_connection_goes_back_to_the_queue(course):
        run, _ = ask(course)

        def work(hold):
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

        with pytest.raises(OperationalError):
            lease.run_with_lease(run_id=run.pk, work=work)

        run.refresh_from_db()
        assert (run.state, run.error) == ("queued", "")
        assert lease.run_take(run_id=run.pk).run.attempts == 2


def test_an_interrupted_run_goes_back_to_the_queue(course):
    run, _ = ask(course)

    def work(hold):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        lease.run_with_lease(run_id=run.pk, work=work)

    run.refresh_from_db()
    assert run.state == "queued"
