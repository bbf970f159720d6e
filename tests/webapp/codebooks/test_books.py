"""Books of pages: made once for a version, revision and day, deleted when nothing names them."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta

import pytest
from django.utils import timezone

import uiengine.book.book
from uiengine.book.book_json import book_hash
from webapp.codebooks import books
from webapp.codebooks.models import KeptBook
from webapp.codebooks.tasks import book, books_all
from webapp.lib.times import utc_now
from webapp.surfaces.models import Surface
from webapp.surfaces.services import surface_save

pytestmark = pytest.mark.django_db(transaction=True)
DAY = 20_514
"""Days from 1970-01-01 to the clock's 2026-03-02, by a calendar."""


@pytest.fixture(autouse=True)
def few_entries(settings):
    settings.UIENGINE_BOOK_ENTRIES = 64


def test_a_book_is_of_the_page_its_version_and_the_day(page, clock):
    kept = books.book_make(surface=page, now=utc_now())

    content = gzip.decompress(bytes(kept.body))
    found = json.loads(content)
    assert kept.hash == book_hash(content)
    assert (found["surface"], found["revision"]) == ("course-home", page.revision)
    assert found["day"] == kept.day == DAY
    assert 2 <= len(found["orders"]) <= 64


def test_a_second_worker_makes_nothing_new(page, clock, monkeypatch):
    asked = []
    monkeypatch.setattr(books.ahead_request, "day_request", asked.append)
    first = books.book_make(surface=page, now=utc_now())

    assert book(page.pk)
    assert books_all() == 1
    assert [row.pk for row in KeptBook.objects.all()] == [first.pk]
    assert asked == [page.pk]  # with the book, people's answers of the day are asked for once


def test_another_days_book_imagines_nobody_anew_and_an_edit_does(page, clock, monkeypatch):
    """What does not depend on the day is kept, and the book is what it would be without that."""
    imagined = []
    real = uiengine.book.book.imagined_states

    def counting(surface, version):
        imagined.append(surface.slug)
        return real(surface, version)

    monkeypatch.setattr("uiengine.book.book.imagined_states", counting)
    made = []
    for _ in range(3):
        made.append(books.book_make(surface=page, now=utc_now()))
        clock.advance(days=1)
    assert len(imagined) <= 1  # by an earlier test, perhaps

    books._page.cache_clear()
    KeptBook.objects.filter(pk=made[-1].pk).delete()
    clock.advance(days=-1)
    again = books.book_make(surface=page, now=utc_now())
    assert (again.day, again.hash) == (made[-1].day, made[-1].hash)
    assert len(imagined) <= 2

    definition = dict(page.definition, blocks=page.definition["blocks"][:-1])
    before = len(imagined)
    books.book_make(surface=surface_save({**page.full_definition(), **definition}), now=utc_now())
    assert len(imagined) == before + 1


def test_a_new_day_and_an_edit_each_make_another(page, clock):
    books_all()
    clock.advance(days=1)
    books_all()
    assert [row.day for row in KeptBook.objects.all()] == [DAY + 1, DAY]

    definition = dict(page.definition, blocks=page.definition["blocks"][:-1])
    edited = surface_save({**page.full_definition(), **definition})
    books_all()

    newest = KeptBook.objects.filter(revision=edited.revision).get()
    assert len(json.loads(gzip.decompress(bytes(newest.body)))["blocks"]) == 9


def test_pages_that_adapt_nothing_have_none(page, clock):
    Surface.objects.update(mode=Surface.Mode.DRY_RUN)

    assert books_all() == 0
    assert not book(page.pk)
    assert not KeptBook.objects.exists()


def test_a_book_stays_while_events_that_name_it_are_taken(page, clock, settings):
    settings.UIENGINE_EVENT_DAYS = 7
    books_all()

    assert books.books_delete(now=timezone.now() + timedelta(days=7, hours=23)) == 0
    assert books.books_delete(now=timezone.now() + timedelta(days=8, hours=1)) == 1


def test_a_process_asks_once_for_a_missing_book(monkeypatch):
    sent = []
    monkeypatch.setattr(books.current_app, "send_task", lambda name, of: sent.append((name, of)))
    requests = books.BookRequests()

    requests.send(7)
    requests.send(7)
    requests.send(8)

    assert sent == [("codebooks.book", [7]), ("codebooks.book", [8])]
