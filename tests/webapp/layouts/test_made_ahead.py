"""An answer made ahead is the one that would have been decided, or it is not given.

Without Redis a cache of files stands for it: processes share either.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from celery import current_app
from django.core.cache import cache
from django.core.handlers.wsgi import WSGIHandler
from django.db.models import F
from django.test import Client, RequestFactory
from django.utils import timezone

from tests.webapp.codebooks.conftest import variant
from tests.webapp.conftest import COURSE, Person
from uiengine.behaviour.shards import SHARDS
from webapp.codebooks.gate.promotion import INNATE_FOLDER
from webapp.codebooks.registry.aliases import version_promote, version_register, version_rollback
from webapp.layouts import tasks
from webapp.layouts.answer import ahead, answer_cache, read
from webapp.layouts.answer.context import search_budget
from webapp.layouts.answer.payload import Voice, speaking
from webapp.privacy.erase import subject_erase
from webapp.serving.answer_counts import counts
from webapp.serving.pages import serving
from webapp.subjects import ahead_request, due, fold_worker, state_cache
from webapp.subjects.models import Profile, ServedDecision, Subject
from webapp.subjects.services import clock_advance
from webapp.surfaces.models import PopularityDay, Surface
from webapp.surfaces.services import surface_save

pytestmark = pytest.mark.django_db(transaction=True)
ADDRESS = "layout?surface=course-home"
VOICE = Voice("en", "/", "webapp.urls")


@pytest.fixture(autouse=True)
def shared(settings, tmp_path):
    """A cache that processes share."""
    if settings.REDIS_URL:
        return
    place = str(tmp_path / "cache")
    backend = "django.core.cache.backends.filebased.FileBasedCache"
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": place}}


@pytest.fixture(autouse=True)
def sent(monkeypatch):
    """Messages that would go to a worker, as (task, argument)."""
    messages = []

    def send(task, given, **_):
        messages.append((task, *given))

    monkeypatch.setattr(current_app, "send_task", send)
    return messages


@pytest.fixture
def returning(owner, clock, worker, sent):
    """Somebody whose visit of an hour ago has closed, and whose next answer was made."""
    return returned(owner, clock, worker, sent)


def returned(person, clock, worker, sent) -> Person:
    person.first = person.visit("forum", "quiz")
    come_and_go(person, worker)
    clock.advance(hours=1)
    close(sent)
    return person


def come_and_go(person, worker) -> None:
    person.send(person.layout(), person.event("impression"), person.event("use", "quiz"))
    worker.work()


def close(sent) -> int:
    """Closes what is over, and makes what is asked for then; returns how many answers."""
    sent.clear()
    due.visits_close(shards=range(SHARDS), now=timezone.now())
    return work(sent)


def work(sent) -> int:
    """Makes the answers that were asked for; returns how many."""
    made = 0
    while sent:
        task, given = sent.pop(0)
        made += tasks.make_ahead(given) if task == ahead_request.OF_PEOPLE else 0
        if task == ahead_request.OF_A_DAY:
            tasks.make_day_ahead(given)
    return made


def ask(person, **headers) -> tuple[bool, bytes, str]:
    """The first answer of a visit: whether it had been made, its body and its ETag."""
    before = counts().get("made_ahead", 0)
    answer = person.get(ADDRESS, **headers)
    assert answer.json()["status"] != "fallback"
    return counts().get("made_ahead", 0) > before, answer.content, answer["ETag"]


def is_as_decided(person, **headers) -> bool:
    """Says whether the answer had been made ahead; it must be what is decided without it."""
    was_made, *given = ask(person, **headers)
    cache.clear()
    was_made_again, *decided = ask(person, **headers)
    assert given == decided
    assert not was_made_again
    return was_made


PAGES = {
    "plain": COURSE,
    "draws": {**COURSE, "guardrails": {**COURSE["guardrails"], "exploration": 0.2}},
    "a control share": {**COURSE, "control_percent": 100},
}


@pytest.mark.parametrize("name", PAGES)
def test_the_answer_is_that_of_a_request_without_it(owner, clock, worker, sent, name):
    page = dict(PAGES[name])
    share = page.pop("control_percent", 0)
    surface_save(page)
    Surface.objects.update(control_percent=share)
    assert is_as_decided(returned(owner, clock, worker, sent))


def test_nothing_is_decided_for_it(returning, monkeypatch):
    monkeypatch.setattr(read, "decide", None)
    monkeypatch.setattr(state_cache, "read", None)
    assert ask(returning)[0]


def test_it_has_the_language_of_the_last_answer(owner, clock, worker, sent):
    german = {"Accept-Language": "de"}
    owner.headers |= german
    returned(owner, clock, worker, sent)
    assert "Accept-Language" in owner.headers and is_as_decided(owner)
    owner.headers |= {"Accept-Language": "en"}
    assert not is_as_decided(owner)


def test_repeats_are_given_as_of_any_answer(returning, clock, worker):
    first = returning.get(ADDRESS)
    again = returning.get(ADDRESS, **{"If-None-Match": first["ETag"]})
    come_and_go(returning, worker)
    clock.advance(minutes=2)
    later = returning.get(ADDRESS)

    assert again.status_code == 304
    assert (later.content, later["ETag"]) == (first.content, first["ETag"])
    assert counts()["made_ahead"] == 1


def test_it_is_stored_as_given_once_it_is_sent(returning):
    """Its next request may come earlier: then the database is asked once more."""
    name = slot(returning).names[0]
    asked = RequestFactory().get(f"/api/{ADDRESS}", headers=returning.headers).environ
    first, second = (WSGIHandler()(asked, lambda *_: None) for _ in range(2))
    assert first.content == second.content
    assert cache.get(name).basis

    first.close()

    assert not cache.get(name).basis
    assert counts()["made_ahead"] == 2


def test_a_page_that_the_server_renders_stores_it_too(returning):
    with speaking(VOICE):
        given = read.layout_payload(key=returning.key, slug="course-home", now=timezone.now())
    assert given["status"] == "adapted"
    assert not cache.get(slot(returning).names[0]).basis


def test_a_decision_is_recorded_when_it_comes_back_not_when_it_is_made(returning, clock, worker):
    before = ServedDecision.objects.count()
    shown = returning.layout()
    returning.send(shown, returning.event("use", "forum"))
    worker.work()

    newest = ServedDecision.objects.latest("pk")
    assert ServedDecision.objects.count() == before + 1
    assert (list(newest.order), newest.status) == (shown["order"], "adapted")
    assert Profile.objects.get().visits.filter(decision=newest).count() == 1


def pinned(person, clock):
    person.wish("pin", person.layout()["order"][-1], rank=0)


def in_a_late_batch(person, clock):
    """A use of the visit before the last, which changes neither their number nor their times."""
    at = clock.now - timedelta(days=1, hours=1)
    person.send(person.first, {**person.event("use", "resources"), "at": at.isoformat()})
    fold_worker.profile_fold(profile_id=Profile.objects.get().pk, now=clock.now)


def edited(person, clock):
    surface_save({**COURSE, "title": "Another title"})


def dry_run(person, clock):
    Surface.objects.update(mode="dry_run", updated_at=timezone.now())


def past_popularity_changed(person, clock):
    PopularityDay.objects.update(day=F("day") - 1)
    serving.clear()  # a process reads it again within half a minute


def the_day_ended(person, clock):
    clock.advance(days=1)


def the_clock_moved(person, clock):
    clock_advance(subject=Subject.objects.get(), seconds=86_400)


def events_wait(person, clock):
    """Events that no worker has folded yet, as another device sends them."""
    person.send(person.layout(), person.event("use", "forum"))
    clock.advance(hours=1)


def everybody_is_control(person, clock):
    Surface.objects.update(control_percent=100, updated_at=timezone.now())


@pytest.mark.parametrize(
    "change",
    [
        pinned,
        in_a_late_batch,
        edited,
        dry_run,
        past_popularity_changed,
        the_day_ended,
        the_clock_moved,
        events_wait,
        everybody_is_control,
    ],
)
def test_what_decides_otherwise_voids_it(returning, clock, change):
    change(returning, clock)
    assert not is_as_decided(returning)


@pytest.mark.parametrize("wish", ["plain", "freeze"])
def test_who_chooses_otherwise_is_decided_for_no_more(returning, clock, worker, sent, wish):
    more = {"on": True} if wish == "plain" else {}
    returning.wish(wish, **more)
    worker.work()
    clock.advance(hours=1)
    assert close(sent) == 0
    assert not is_as_decided(returning)


def test_another_version_voids_it_and_so_does_taking_it_back(returning, page, sent, tmp_path):
    first = version_register(source=INNATE_FOLDER, name="first", surfaces=[page])
    version_promote(surface=page, version=first, why="to begin with", by_name="test")
    folder = variant(INNATE_FOLDER, tmp_path / "other", "bbbbbbbbbbbb", ["course-home"])
    other = version_register(source=folder, name="other", surfaces=[page])
    (profile,) = Profile.objects.values_list("pk", flat=True)
    for act in (
        lambda: version_promote(surface=page, version=other, why="better", by_name="test"),
        lambda: version_rollback(surface=page, why="worse", by_name="test"),
    ):
        cache.clear()
        returning.layout()
        assert tasks.make_ahead([profile]) == 1
        act()
        assert not is_as_decided(returning)


def test_it_shares_the_visits_budget(returning, settings):
    """Another language is asked for under another deadline, which leaves no time to search."""
    settings.UIENGINE_DEADLINE_MS = 1
    in_german = {"Accept-Language": "de"}
    search_budget.seconds = 1.0

    assert ask(returning, **in_german)[2].endswith(f'-{settings.UIENGINE_BUDGET}"')
    assert ask(returning)[0]


def test_a_visit_with_another_budget_gets_none(owner, clock, worker, sent, settings):
    come_and_go(owner, worker)
    clock.advance(hours=1)
    settings.UIENGINE_DEADLINE_MS = 1
    search_budget.seconds = 1.0
    assert ask(owner)[2].endswith('-1"')
    assert close(sent) == 0


def slot(person) -> answer_cache.CacheSlot:
    return answer_cache.CacheSlot(person.key, serving.page("course-home"), VOICE, 1)


def test_an_erasure_leaves_nothing_of_it(returning):
    names = [*slot(returning).names[:3], state_cache.asked_name(returning.key, "course-home")]
    state_cache.read(returning.key, serving.page("course-home"))
    assert len(cache.get_many(names)) == 4
    subject_erase(key=returning.key)
    assert cache.get_many(names) == {}


def test_who_is_erased_meanwhile_gets_none(returning, monkeypatch):
    rendered, page = ahead.rendered_answer, serving.page("course-home")

    def erase_first(*given):
        subject_erase(key=returning.key)
        return rendered(*given)

    monkeypatch.setattr(ahead, "rendered_answer", erase_first)
    assert not ahead.answer_make(key=returning.key, page=page, now=timezone.now())
    assert not cache.get_many(slot(returning).names[:2])


def test_nothing_is_kept_of_who_did_not_agree(page, clock, worker, sent, tmp_path):
    visitor = Client()
    assert visitor.get(f"/api/{ADDRESS}").json()["status"] == "default"
    clock.advance(hours=1)
    assert close(sent) == 0
    assert Profile.objects.count() == 0


def test_an_open_visit_has_its_layout_already(owner, clock, worker, sent):
    owner.visit("forum")
    worker.work()
    sent.clear()
    come_and_go(owner, worker)  # which closes the visit before
    assert sent == []
    assert tasks.make_ahead(list(Profile.objects.values_list("pk", flat=True))) == 0


def test_where_processes_share_no_cache_nothing_is_asked_for(owner, clock, worker, sent, settings):
    backend = "django.core.cache.backends.locmem.LocMemCache"
    settings.CACHES = {"default": {"BACKEND": backend}}
    come_and_go(owner, worker)
    clock.advance(hours=1)
    assert close(sent) == 0
    assert cache.get(state_cache.asked_name(owner.key, "course-home")) is None


def test_a_day_begins_with_answers_for_who_came_lately(returning, colleague, clock, sent, page):
    """The row of somebody who came eight days ago is older than what is looked at."""
    colleague.send(colleague.layout(), colleague.event("use", "forum"))
    long_ago = timezone.now() - timedelta(days=8)
    Profile.objects.filter(subject__key=colleague.key).update(updated_at=long_ago)
    clock.advance(days=1)
    Profile.objects.filter(subject__key=returning.key).update(updated_at=timezone.now())
    clock.now = clock.now.replace(hour=0, minute=1)
    sent.clear()

    assert tasks.make_day_ahead(page.pk) == 1
    assert work(sent) == 1
    clock.advance(hours=9)
    assert is_as_decided(returning)


def test_many_are_made_in_turns_with_other_work(returning, sent, monkeypatch):
    monkeypatch.setattr(tasks, "AT_ONCE", 2)
    (profile,) = Profile.objects.values_list("pk", flat=True)
    sent.clear()
    assert tasks.make_ahead([profile, 98, 99]) == 1
    assert sent == [(ahead_request.OF_PEOPLE, [99])]
