"""Versions whose networks, real ONNX files, give NaN or take long: nobody is without a layout."""

from __future__ import annotations

import math
import threading
import time
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connections
from django.test import Client
from django.utils import timezone

from tests.patience import PATIENCE
from tests.uiengine.model.spoilt import always, for_some, slow, spoilt
from tests.webapp.conftest import COURSE, Person
from uiengine.errors import VersionError
from webapp.codebooks.gate.promotion import INNATE_FOLDER
from webapp.codebooks.guard import windows
from webapp.codebooks.models import Alias, AliasMove, LiveMinute
from webapp.codebooks.registry.aliases import version_promote, version_register
from webapp.layouts.answer import context
from webapp.layouts.answer.context import search_budget
from webapp.serving import answer_counts
from webapp.subjects import decisions
from webapp.subjects.models import Profile
from webapp.surfaces.services import surface_save

pytestmark = pytest.mark.django_db(transaction=True)
REGULAR = 120
"""Visits of a regular, for whom `for_some` spoils the networks."""


@pytest.fixture
def course(page):
    """The course under the innate version, exploring."""
    return surface_save({**COURSE, "guardrails": {"exploration": 0.2}})


def serve(course, folder, name="spoilt"):
    """Makes a version champion after the innate one."""
    version = version_register(source=folder, name=name, surfaces=[course])
    if not Alias.objects.filter(surface=course).exists():
        innate = version_register(source=INNATE_FOLDER, name="first")
        version_promote(surface=course, version=innate, why="to begin with")
    version_promote(surface=course, version=version, why="test")
    return version


def become_regular(person: Person, worker) -> None:
    person.visit("forum")
    worker.work()
    row = Profile.objects.get()
    row.state = {**row.state, "profile": {**row.state["profile"], "visits": REGULAR}}
    row.save()
    cache.clear()


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_never_finite_is_not_promoted(course, tmp_path, value):
    folder = spoilt(INNATE_FOLDER, tmp_path / "v", "decoder", "outlook", always(value))

    with pytest.raises(VersionError, match="outlook: must be finite"):
        serve(course, folder)

    assert not Alias.objects.filter(surface=course).exists()


def test_one_that_gives_nan_to_regulars_falls_back_for_them_and_is_taken_back(
    course, tmp_path, owner, stranger, worker
):
    become_regular(owner, worker)
    folder = spoilt(INNATE_FOLDER, tmp_path / "v", "decoder", "side_share", for_some(math.nan))
    version = serve(course, folder)
    answer_counts.answer_counts.clear()

    layout = owner.layout()

    assert layout["status"] == "fallback"
    assert decisions.read(layout["decision"]).propensity == 1.0
    assert owner.send(layout, owner.event("use", "forum"))["accepted"] == 1
    assert stranger.layout()["status"] == "adapted"

    answer_counts.answer_counts.flush()
    live = LiveMinute.objects.get(content=version.manifest["id"])
    assert (live.answers, live.errors) == (2, 1)
    assert taken_back(course, live) == "first"


def test_what_it_fails_for_can_still_be_seen_exported_and_corrected(
    course, tmp_path, owner, worker
):
    become_regular(owner, worker)
    serve(
        course, spoilt(INNATE_FOLDER, tmp_path / "v", "decoder", "side_share", for_some(math.nan))
    )
    assert owner.layout()["status"] == "fallback"

    assert owner.get("about/course-home/you").status_code == 200
    assert owner.get("me").json()["profiles"][0]["tokens"] is None
    asked = {"act": "strike", "about": "use", "block": "forum"}
    assert owner.post("me/course-home", asked).status_code == 200
    claims = owner.get("me/course-home").json()["claims"]
    assert ("use", "forum") not in {(claim["about"], claim["block"]) for claim in claims}


def taken_back(course, live: LiveMinute) -> str:
    """Names the champion after two windows with such answers, fifty times as many."""
    alias = Alias.objects.select_related("surface", "version").get(name="champion")
    begin = windows.window_begin(timezone.now()) - 2 * windows.WINDOW
    Alias.objects.filter(pk=alias.pk).update(since=begin)
    AliasMove.objects.update(at=begin)
    alias.refresh_from_db()
    for number in range(2):
        since = begin + number * windows.WINDOW
        LiveMinute.objects.create(
            surface=course,
            content=live.content,
            minute=since,
            answers=50 * live.answers,
            errors=50 * live.errors,
        )
        windows.window_close(alias=alias, since=since, visits=0, excess=None)
        windows.guard_act(alias=alias, now=since + timedelta(minutes=10))
    return Alias.objects.get(surface=course, name="champion").version.name


def test_a_decision_that_an_earlier_release_signed_with_null_is_refused(owner):
    read = decisions.read(owner.layout()["decision"])
    spoilt_decision = decisions.sign(decisions.Served(**{**vars(read), "propensity": math.nan}))
    body = {"decision": spoilt_decision, "events": [owner.event("use", "forum")]}

    response = owner.post("events", body)

    assert response.status_code == 400
    assert response.json()["field"] == "decision"


@pytest.fixture
def late(course, tmp_path, monkeypatch):
    """The course under a version that takes seconds, beside a page of the innate one."""
    surface_save({**COURSE, "slug": "other"})
    folder = spoilt(INNATE_FOLDER, tmp_path / "v", "decoder", "side_share", slow(rounds=60))
    version = serve(course, folder)
    monkeypatch.setattr(context, "LATE", 0.05)
    monkeypatch.setattr(context, "TURN", 0.03)
    return version


def test_a_version_that_takes_long_holds_no_other_page_up(late, owner, stranger):
    assert stranger.get("layout?surface=other").status_code == 200  # warm
    answer_counts.answer_counts.clear()
    seen: list[str] = []

    def read() -> None:
        seen.append(owner.layout()["status"])
        connections.close_all()

    thread = threading.Thread(target=read)
    thread.start()
    until = time.monotonic() + PATIENCE
    while not search_budget.under_way:
        assert time.monotonic() < until
    cache.clear()
    other = Client().get("/api/layout?surface=other", headers=stranger.headers)
    assert (other.status_code, other.json()["status"]) == (200, "adapted")
    assert not seen, "the other page was answered first"
    thread.join(PATIENCE)

    assert seen == ["fallback"]
    begin = time.thread_time()
    assert stranger.layout()["status"] == "fallback"
    assert time.thread_time() - begin < 0.05, "nothing is asked of it for a minute"
    answer_counts.answer_counts.flush()
    live = LiveMinute.objects.get(content=late.manifest["id"])
    assert (live.answers, live.errors) == (2, 2)


def test_who_froze_the_page_keeps_it_while_the_version_is_aside(late, owner, monkeypatch):
    monkeypatch.setattr(context, "LATE", 60.0)
    owner.wish("freeze")
    monkeypatch.setattr(search_budget, "is_aside", lambda version: True)
    cache.clear()

    assert owner.layout()["status"] == "frozen"


def test_it_is_asked_again_after_a_minute(late, owner, monkeypatch):
    assert owner.layout()["status"] == "fallback"
    monkeypatch.setattr(context, "ASIDE", -1.0)
    monkeypatch.setattr(context, "LATE", 60.0)
    search_budget.clear()

    assert owner.layout()["status"] == "adapted"
