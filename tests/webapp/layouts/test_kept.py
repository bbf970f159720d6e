"""A stored answer is served by one cache read for as long as it is certainly unchanged."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test.utils import override_script_prefix

from webapp.layouts.answer import answer_cache, read
from webapp.subjects import state_cache
from webapp.subjects.models import Profile

pytestmark = pytest.mark.django_db(transaction=True)
ADDRESS = "layout?surface=course-home"


@pytest.fixture
def undecided(monkeypatch):
    """Makes every new decision fail, so that only stored answers can be served."""

    def stop() -> None:
        monkeypatch.setattr(read, "decision_context", None)

    return stop


def test_a_repeat_within_a_visit_decodes_and_decides_nothing(owner, undecided):
    owner.send(owner.layout(), owner.event("impression"))
    first = owner.get(ADDRESS)
    undecided()

    again = owner.get(ADDRESS)
    known = owner.get(ADDRESS, **{"If-None-Match": first["ETag"]})

    assert (again.content, again["ETag"]) == (first.content, first["ETag"])
    assert (known.status_code, known["ETag"], known.content) == (304, first["ETag"], b"")


def test_another_language_number_of_variants_or_person_is_another_answer(owner, colleague):
    first = owner.get(ADDRESS)
    others = [
        owner.get(ADDRESS, **{"Accept-Language": "de"}),
        owner.get(f"{ADDRESS}&variants=2"),
        colleague.get(ADDRESS),
    ]

    assert len({answer["ETag"] for answer in (first, *others)}) == 4
    assert owner.get(ADDRESS).content == first.content


def test_links_lead_to_where_the_site_was_reached(owner):
    """The site is mounted twice; an answer stored for one prefix is not served under the other."""
    first = owner.get(ADDRESS)
    with override_script_prefix("/shop/"):
        other = owner.get(ADDRESS, **{"If-None-Match": first["ETag"]})

    assert first.json()["links"]["events"] == "/api/events"
    assert other.json()["links"]["events"] == "/shop/api/events"
    assert owner.get(ADDRESS).content == first.content


def test_the_day_ends_it_where_no_visit_is_open(owner, clock):
    clock.now = clock.now.replace(hour=23, minute=59, second=30)
    first = owner.get(ADDRESS)
    clock.advance(seconds=31)
    assert owner.get(ADDRESS)["ETag"] != first["ETag"]


def test_the_end_of_the_visit_ends_it(owner, clock):
    owner.send(owner.layout(), owner.event("impression"))
    clock.advance(minutes=29, seconds=30)
    first = owner.get(ADDRESS)
    clock.advance(seconds=31)
    assert owner.get(ADDRESS)["ETag"] != first["ETag"]


def test_a_clock_that_was_set_back_ends_it(owner, clock, undecided):
    owner.get(ADDRESS)
    clock.advance(days=-1)
    undecided()
    assert owner.layout()["status"] == "fallback"


def test_a_change_past_this_process_is_seen_within_a_minute(owner, clock, worker):
    """Simulates an import where each process has a cache of its own.

    The test's clock does not move the cache's, so entries that live a minute are deleted by hand.
    """
    owner.visit("forum")
    worker.work()
    first = owner.get(ADDRESS)
    row = Profile.objects.get()
    row.state["profile"]["feedback"]["generation"] += 1
    row.save()

    clock.advance(seconds=59)
    soon = owner.get(ADDRESS)
    cache.delete(state_cache.names(owner.key, "course-home")[0])
    clock.advance(seconds=2)
    later = owner.get(ADDRESS)

    assert soon["ETag"] == first["ETag"] != later["ETag"]


def test_whoever_holds_it_needs_no_body_of_ours(owner, undecided):
    """The body was evicted; the ETag alone still answers the caller without a decision."""
    etag = owner.get(ADDRESS)["ETag"]
    cache.clear()
    held = {"If-None-Match": etag}
    assert owner.get(ADDRESS, **held).status_code == 304
    undecided()

    assert owner.get(ADDRESS, **held).status_code == 304
    assert owner.get(ADDRESS).json()["status"] == "fallback"


def test_an_etag_of_another_answer_gets_the_body_without_deciding(owner, undecided):
    first = owner.get(ADDRESS)
    undecided()

    other = owner.get(ADDRESS, **{"If-None-Match": f'"{"0" * 32}-1"'})

    assert (other.status_code, other.content) == (200, first.content)


def test_a_body_is_given_under_its_own_etag_only(owner, monkeypatch):
    """Name and body are two cache entries, of which one may be older than the other."""
    first = owner.get(ADDRESS)
    monkeypatch.setattr(answer_cache.CacheSlot, "entries", _without_the_body)
    wished = owner.wish("pin", first.json()["order"][-1], rank=0)

    again = owner.get(ADDRESS)

    assert again.content != first.content
    assert again.json()["order"] == wished["order"]


def _without_the_body(slot, answer, body, entries=answer_cache.CacheSlot.entries):
    return entries(slot, answer, b"")
