"""From events of both groups to a page that compares them."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.template.loader import render_to_string

from tests.patience import PATIENCE
from tests.webapp.conftest import Person
from webapp.lib.refresher import Refresher
from webapp.serving.pages import Serving
from webapp.subjects.decisions import is_control
from webapp.surfaces.models import Surface
from webapp.trials.models import Trial, TrialLook
from webapp.trials.services import trial_current, trial_visits
from webapp.trials.tasks import begin, look, look_all

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def half(page) -> Surface:
    page.control_percent = 50
    page.save()
    return page


@pytest.fixture
def groups(half, clock, worker) -> dict[bool, list[Person]]:
    """Two people of each group."""
    people = [Person(f"host:{i}", clock) for i in range(20)]
    by_group = {
        g: [p for p in people if is_control(p.key, half.slug, 50) is g] for g in (False, True)
    }
    return {group: found[:2] for group, found in by_group.items()}


def visit(person: Person, *blocks: str, after: float, undo: bool = False) -> None:
    """Opens the page and uses the first block `after` seconds later."""
    shown = person.layout()
    person.send(shown, person.event("impression"))
    person.clock.advance(seconds=after)
    sent = [person.event("use", block) for block in blocks]
    person.send(shown, *sent, *([person.event("undo")] if undo else []))


def test_what_people_did_arrives_at_the_comparison(half, groups, clock, worker):
    trial = trial_current(surface=half, now=clock.now)
    assert trial
    for is_in, people in groups.items():
        for number, person in enumerate(people):
            visit(person, "forum", "quiz", after=4.0 if is_in else 2.0, undo=number == 0)
    clock.advance(days=1)
    worker.work()

    fields = {f["user"]: f for f in trial_visits(trial)}

    assert {key: f["is_control"] for key, f in fields.items()} == {
        p.key: is_in for is_in, people in groups.items() for p in people
    }
    first = fields[groups[True][0].key]
    assert (first["first_use"], first["undos"], first["counts"]) == (4.0, 1, True)
    assert first["uses"] == {"forum": 1, "quiz": 1}

    assert look_all() == 1
    found = TrialLook.objects.get()
    assert (found.number, found.verdict) == (1, "too_few")
    rows = {row["name"]: row for row in found.figures["figures"]}
    assert (rows["first_use"]["control"], rows["first_use"]["adapted"]) == (4.0, 2.0)
    assert rows["undo_rate"]["control"] == 0.5
    assert look(half.pk) and TrialLook.objects.filter(number=2).exists()


def test_a_changed_share_or_mode_begins_another_trial(half, clock):
    first = trial_current(surface=half, now=clock.now)
    assert first and trial_current(surface=half, now=clock.now) == first

    half.control_percent = 10
    half.save()
    second = trial_current(surface=half, now=clock.now)
    assert second and (second.percent, second.ended_at) == (10, None)
    assert Trial.objects.get(pk=first.pk).ended_at == clock.now

    half.mode = Surface.Mode.DRY_RUN
    half.save()
    assert begin() == 0 and look(half.pk) is None
    assert not Trial.objects.filter(ended_at=None).exists()


def test_the_page_compares_and_says_what_is_modelled(half, groups, clock, worker, admin_client):
    trial = trial_current(surface=half, now=clock.now)
    assert trial
    address = f"/admin/uiengine_trials/trial/{trial.pk}/change/"
    assert "Nobody has looked yet" in admin_client.get(address).content.decode()
    for people in groups.values():
        for person in people:
            visit(person, "forum", after=1.0)
    clock.advance(days=1)
    worker.work()
    look(half.pk)

    text = admin_client.get(address).content.decode()

    assert "Each group needs 100 people" in text
    assert "modelled, not measured" in text
    assert text.count("<svg") >= 4 and "style=" not in text.split('class="trial"')[1]
    assert admin_client.get("/admin/uiengine_trials/trial/").status_code == 200


def test_only_who_may_asks_for_a_look(half, clock, client, admin_client, monkeypatch):
    asked: list[int] = []
    monkeypatch.setattr(look, "delay", asked.append)
    trial = trial_current(surface=half, now=clock.now)
    assert trial
    address = f"/admin/uiengine_trials/trial/{trial.pk}/look/"
    client.force_login(User.objects.create_user("staff", is_staff=True))

    assert client.post(address).status_code == 403 and not asked
    assert admin_client.post(address).status_code == 302 and asked == [half.pk]


def test_switching_off_is_seen_by_a_running_process(half, settings):
    settings.UIENGINE_REFRESH_MS = 200
    beat = Refresher()
    process = Serving(beat)
    page = process.page(half.slug)
    assert page and page.surface.mode == "live"

    half.mode = Surface.Mode.OFF
    half.save()

    until = time.monotonic() + PATIENCE  # usually within a second
    while (page := process.page(half.slug)) and page.surface.mode != "off":
        assert time.monotonic() < until
        time.sleep(0.02)
    beat.stop()


def test_the_time_of_a_look_is_utc_wherever_the_host_is(settings):
    settings.TIME_ZONE = "America/Sao_Paulo"
    found = TrialLook(number=1, at=datetime(2026, 5, 4, 3, 50, tzinfo=UTC))
    assert "2026-05-04 03:50 UTC" in render_to_string("uiengine_trials/found.html", {"look": found})
