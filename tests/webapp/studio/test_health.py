"""Signs of health name the problem and the next step."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from webapp.codebooks.models import Run
from webapp.lib.times import utc_now
from webapp.serving import answer_counts
from webapp.studio import health
from webapp.studio.models import Heartbeat
from webapp.studio.tasks import heartbeat
from webapp.subjects.models import Event, Profile, ServedDecision, Subject

pytestmark = pytest.mark.django_db
PAGE = "/admin/studio/health/"


def sign(name: str) -> health.Sign:
    return next(s for s in health.signs(timezone.now()) if s.name == name)


def test_a_worker_that_carried_out_a_task_is_alive():
    assert sign("Workers and beat").state == "bad"

    heartbeat.apply()

    assert sign("Workers and beat").state == "ok"


def test_a_worker_that_fell_silent_is_missed_and_forgotten_after_a_day():
    heartbeat.apply()
    Heartbeat.objects.update(at=timezone.now() - timedelta(minutes=3))
    found = sign("Workers and beat")
    assert found.state == "bad" and "3 minutes ago" in found.says and "celery" in found.step

    Heartbeat.objects.update(worker="gone@host", at=timezone.now() - timedelta(days=2))
    heartbeat.apply()
    assert not Heartbeat.objects.filter(worker="gone@host").exists()


def test_a_worker_busy_with_a_training_is_not_missed(course):
    later = timezone.now() + timedelta(minutes=1)
    run = Run.objects.create(
        kind="train", surface=course, key="k", state="running", lease_until=later
    )
    assert sign("Workers and beat").state == "ok"

    Run.objects.filter(pk=run.pk).update(lease_until=timezone.now() - timedelta(minutes=1))
    assert sign("Workers and beat").state == "bad"


def test_an_event_that_waits_too_long_is_reported_with_its_age(course):
    profile = Profile.objects.create(subject=Subject.objects.create(key="a"), surface=course)
    decision = ServedDecision.objects.create(
        profile=profile, digest="d", visit="v", since=0, day=0, revision=1, generation=0, order=[]
    )
    now = timezone.now()
    event = Event.objects.create(
        profile=profile,
        decision=decision,
        event_id="e",
        at=now,
        happened_at=now,
        kind="use",
        batch=uuid4(),
        received_at=now,
        lease_until=now,
    )
    assert sign("Events waiting").state == "ok"

    Event.objects.filter(pk=event.pk).update(received_at=now - timedelta(hours=3))

    found = sign("Events waiting")
    assert (found.state, found.says) == ("bad", "1 waiting, for up to 3 hours.")


def test_a_cache_that_keeps_nothing_is_seen(monkeypatch):
    assert sign("Cache").state == "ok"
    monkeypatch.setattr(cache, "get", lambda *_: None)
    assert sign("Cache").state == "look"


def test_many_fallbacks_ask_for_a_look(monkeypatch):
    by_status = Counter(adapted=90, fallback=10, throttled=10)
    monkeypatch.setattr(answer_counts.answer_counts, "by_status", by_status)
    found = sign("Layouts answered")
    assert found.state == "look" and found.says.startswith("10.0% of 100")


def test_a_running_training_is_shown_with_its_share(owner, course):
    run = Run.objects.create(
        kind="train", surface=course, key="k", state="running", progress=0.42, doing="epoch 5"
    )
    page = owner.get(PAGE).content.decode()
    assert "Running, 42 %: epoch 5" in page
    assert f'aria-label="Progress of run {run.pk}"' in page


def test_the_page_takes_as_many_queries_whatever_there_is(
    owner, course, django_assert_max_num_queries
):
    Subject.objects.bulk_create(Subject(key=f"s{i}") for i in range(50))
    owner.get(PAGE)
    with django_assert_max_num_queries(20):
        assert owner.get(PAGE).status_code == 200


def test_who_may_not_see_runs_sees_no_health(stranger, auditor):
    assert stranger.get(PAGE).status_code == 403
    assert "Workers and beat" not in stranger.get("/admin/").content.decode()
    assert auditor.get(PAGE).status_code == 200
    assert "Workers and beat" in auditor.get("/admin/").content.decode()


def test_every_page_of_the_admin_refuses_inline_scripts(owner):
    policy = owner.get("/admin/").headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy and "unsafe" not in policy
    assert "Content-Security-Policy" not in owner.get("/api/health").headers


def test_an_overdue_task_is_shown_with_its_time_and_so_is_the_whole_schedule(owner):
    row = PeriodicTask.objects.get(task="codebooks.retrain_all")
    PeriodicTask.objects.update(last_run_at=utc_now())
    PeriodicTask.objects.filter(pk=row.pk).update(last_run_at=utc_now() - timedelta(days=3))

    page = owner.get(PAGE).content.decode()

    assert f"Overdue: {row.name} (since" in page
    assert f"{row.name}: At 02:30" in page
    assert reverse("admin:django_celery_beat_periodictask_changelist") in page


def test_the_time_of_the_page_is_utc_wherever_the_host_is(admin_client, settings):
    settings.TIME_ZONE = "America/Sao_Paulo"
    page = admin_client.get(PAGE)
    assert f"<time>{page.context['now']:%H:%M:%S}</time> UTC" in page.content.decode()
