"""GET /api/book/<surface>/<hash>: public, the same for everybody, for ever."""

from __future__ import annotations

import gzip
import json

import pytest
from django.test import Client

from tests.webapp.layouts.kept_books import book_of_today
from uiengine.book.book_json import book_hash
from webapp.codebooks.books import book_requests
from webapp.codebooks.models import KeptBook
from webapp.serving.books import books
from webapp.surfaces.models import Surface

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def book(page, clock):
    return book_of_today(page)


def test_a_book_is_what_its_name_is_the_hash_of(book):
    answer = Client().get(f"/api/book/course-home/{book.hash}")

    assert answer.status_code == 200
    assert book_hash(answer.content) == book.hash
    assert answer.json()["surface"] == "course-home"
    assert answer["Cache-Control"] == "public, max-age=31536000, immutable"


def test_a_book_is_sent_packed_to_whoever_unpacks_it(book):
    plain = Client().get(f"/api/book/course-home/{book.hash}")
    packed = Client().get(f"/api/book/course-home/{book.hash}", headers={"Accept-Encoding": "gzip"})

    assert packed["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.content) == plain.content
    assert len(packed.content) <= 30_000


def test_whoever_has_it_is_told_so(book):
    first = Client().get(f"/api/book/course-home/{book.hash}")
    again = Client().get(
        f"/api/book/course-home/{book.hash}", headers={"If-None-Match": first["ETag"]}
    )

    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("path", ["book/course-home", "book/course-home/{}"])
def test_two_people_get_the_same_bytes_and_headers(book, django_user_model, path):
    """With sessions, other languages and cookies; nothing of them shows in the answer."""
    answers = []
    for name, language in (("ada", "de"), ("grace", "ar")):
        client = Client()
        client.force_login(django_user_model.objects.create_user(name))
        client.cookies["django_language"] = language
        address = f"/api/{path}".format(book.hash)
        answer = client.get(address, headers={"Accept-Language": language})
        seen = {k: v for k, v in answer.headers.items() if k != "X-Request-ID"}
        answers.append((answer.content, seen))
        assert "cookie" not in answer.get("Vary", "").lower()
        assert "language" not in answer.get("Vary", "").lower()
        assert not answer.cookies

    assert answers[0] == answers[1]


def test_a_page_finds_the_book_of_today(book):
    answer = Client().get("/api/book/course-home")

    assert answer["Cache-Control"] == "public, max-age=60"
    # 2026-03-03T00:00Z, by a calendar.
    assert answer.json() == {"book": book.hash, "until": 1_772_496_000}


@pytest.mark.parametrize("name", ["0" * 16, "nonsense", "é"])
def test_an_unknown_name_is_refused_with_the_next_step(book, name):
    answer = Client().get(f"/api/book/course-home/{name}")

    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"
    assert "no-store" in answer["Cache-Control"]
    assert answer.json()["next_step"]


def test_a_book_of_another_page_is_unknown(book):
    assert Client().get(f"/api/book/bank/{book.hash}").status_code == 404


def test_a_page_without_a_book_asks_for_one_and_says_so(page, clock, monkeypatch):
    asked = []
    monkeypatch.setattr(book_requests, "send", asked.append)

    answer = Client().get("/api/book/course-home")

    assert answer.status_code == 404
    assert asked == [page.pk]


def test_yesterdays_book_serves_until_todays_is_made_and_not_after_an_edit(
    book, clock, monkeypatch
):
    monkeypatch.setattr(book_requests, "send", lambda surface: None)
    clock.advance(days=1)

    assert Client().get("/api/book/course-home").json()["book"] == book.hash
    surface = Surface.objects.get()
    surface.definition = {**surface.definition, "move_budget": 1}
    surface.revision += 1
    surface.save()
    assert Client().get("/api/book/course-home").status_code == 404


def test_a_page_that_is_off_has_no_book(book):
    Surface.objects.update(mode="off")

    answer = Client().get("/api/book/course-home")

    assert answer.status_code == 404
    problem = json.loads(answer.content)
    assert problem["type"].endswith("book-unknown")
    assert problem["detail"] == "The page 'course-home' has no book now."
    assert "without the last part" not in problem["next_step"]  # that is what was asked for


def test_however_many_unknown_names_are_asked_for_the_database_is_asked_once_a_second(
    book, monkeypatch, django_assert_num_queries
):
    now = [100.0]
    monkeypatch.setattr("webapp.serving.books.time.monotonic", lambda: now[0])
    names = [f"{number:016x}" for number in range(200)]

    with django_assert_num_queries(1):
        for name in names:
            assert Client().get(f"/api/book/course-home/{name}").status_code == 404
    assert len(books._names) == 1, "what is unknown is not remembered"

    KeptBook.objects.update(hash=names[7])
    assert Client().get(f"/api/book/course-home/{names[7]}").status_code == 404
    now[0] += 1.0
    with django_assert_num_queries(2):  # the list, and the book
        assert Client().get(f"/api/book/course-home/{names[7]}").status_code == 200
    with django_assert_num_queries(0):
        assert Client().get(f"/api/book/course-home/{names[7]}").status_code == 200
