"""`{% adaptive_layout "home" from="book" %}` renders one page for everybody."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re

import pytest
from django.http import HttpRequest, HttpResponse
from django.template import Context, Template, TemplateSyntaxError
from django.test import Client
from django.urls import path

from tests.webapp.conftest import COURSE
from tests.webapp.layouts.kept_books import book_of_today
from webapp import urls
from webapp.layouts.html import book_page
from webapp.subjects.keys import VISITOR_COOKIE, visitor_make
from webapp.surfaces.services import surface_save

pytestmark = pytest.mark.django_db(transaction=True)
TAG = "{% load adaptive_layout %}{% adaptive_layout 'course-home' from='book' %}"


def shown(request: HttpRequest) -> HttpResponse:
    return HttpResponse(Template(TAG).render(Context({"request": request})))


def on_device(request: HttpRequest) -> HttpResponse:
    tag = (
        "{% load adaptive_layout %}{% adaptive_layout 'course-home' mode='device' controls=True %}"
    )
    return HttpResponse(Template(tag).render(Context({"request": request})))


urlpatterns = [path("page", shown), path("device", on_device), *urls.urlpatterns]


@pytest.fixture
def book(page, clock, settings):
    settings.ROOT_URLCONF = __name__
    return book_of_today(page)


def boot(html: str) -> dict:
    return json.loads(html.split('<script type="application/json">')[1].split("</script>")[0])


def blocks(html: str) -> list[str]:
    return re.findall(r'<section data-block="([^"]+)"', html)


def test_two_people_get_the_same_bytes_and_nobody_a_cookie(book, django_user_model):
    answers = []
    for name in ("ada", "grace"):
        client = Client()
        client.force_login(django_user_model.objects.create_user(name))
        client.get("/api/token?surface=course-home")
        answers.append(client.get("/page"))
    visitor = Client()
    visitor.cookies[VISITOR_COOKIE] = visitor_make()[1]
    answers.append(visitor.get("/page"))

    assert len({answer.content for answer in answers}) == 1
    for answer in answers:
        assert "cookie" not in answer.get("Vary", "").lower()
        assert "private" not in answer.get("Cache-Control", "")
        assert not answer.cookies


def test_blocks_stand_in_the_default_order_whoever_asks(book, page):
    html = Client().get("/page").content.decode()

    assert blocks(html) == [block["id"] for block in page.definition["blocks"]]


def test_the_page_carries_every_entry_of_its_book(book):
    """Decoded by hand and compared with the public JSON."""
    carried = boot(Client().get("/page").content.decode())["book"]
    public = json.loads(gzip.decompress(bytes(book.body)))

    count, entries = len(public["blocks"]), len(public["orders"])
    assert (carried["on"], carried["hash"]) == ("course-home", book.hash)
    assert carried["ids"] == public["blocks"]
    orders, *lines = ([ord(c) - 48 for c in text] for text in carried["lists"])
    assert [orders[n * count : n * count + count] for n in range(entries)] == public["orders"]
    narrow_first = [
        at["name"] for at in sorted(COURSE["breakpoints"], key=lambda at: at["min_width"])
    ]
    for number, name in enumerate(narrow_first):
        rows, columns = lines[2 * number], lines[2 * number + 1]
        cells = [n - 1 for pair in zip(columns, rows, strict=True) for n in pair]
        assert cells == [n for entry in public["at"][name]["cells"] for n in entry]


def test_the_book_adds_few_kilobytes_to_a_page(book):
    carried = boot(Client().get("/page").content.decode())["book"]

    assert len(gzip.compress(json.dumps(carried).encode())) <= 6_000


def test_the_inline_script_is_at_most_1_kb_and_may_be_allowed_by_its_hash(book):
    html = Client().get("/page").content.decode()

    inline = html.split("</script><script>")[1].split("</script>")[0]
    assert len(inline.encode()) <= 1000
    digest = hashlib.sha256(inline.encode()).digest()
    assert "sha256-" + base64.b64encode(digest).decode() == book_page.SCRIPT_HASH


def test_the_inline_script_bears_the_hosts_nonce(book):
    html = Template(TAG).render(Context({"csp_nonce": "n0nce"}))

    assert html.count('nonce="n0nce"') == 2


def test_a_page_that_chooses_on_the_device_names_nobody_and_has_nothing_to_send(
    book, django_user_model
):
    answers = []
    for name in ("ada", "grace"):
        client = Client()
        client.force_login(django_user_model.objects.create_user(name))
        client.get("/api/token?surface=course-home")
        answers.append(client.get("/device"))

    html = answers[0].content.decode()
    assert len({answer.content for answer in answers}) == 1
    assert not any(answer.cookies or "Cookie" in answer.get("Vary", "") for answer in answers)
    assert set(boot(html)) == {"book", "api", "strings"}
    assert set(boot(html)["strings"]) == {"layout", "export", "erase", "erased"}
    assert "decision" not in html and "<adaptive-layout" not in html
    inline = html.split("</script><script>")[1].split("</script>")[0]
    digest = hashlib.sha256(inline.encode()).digest()
    assert "sha256-" + base64.b64encode(digest).decode() == book_page.DEVICE_SCRIPT_HASH


def test_without_a_book_the_page_is_the_default_and_leaves_the_rest_to_the_client(
    page, clock, settings, monkeypatch
):
    monkeypatch.setattr("webapp.codebooks.books.book_requests.send", lambda surface: None)
    settings.ROOT_URLCONF = __name__
    html = Client().get("/page").content.decode()

    assert 'data-token="-"' in html
    assert html.count("<script") == 1
    assert blocks(html) == [block["id"] for block in page.definition["blocks"]]


def test_a_page_whose_blocks_widen_carries_the_widths_of_each_entry(page, clock, settings):
    """Decoded by hand and compared with the public JSON."""
    settings.ROOT_URLCONF = __name__
    guardrails = {**page.definition.get("guardrails", {}), "stretch": True}
    surface = surface_save(
        {**page.full_definition(), "guardrails": guardrails, "revision": page.revision}
    )
    book = book_of_today(surface)
    carried = boot(Client().get("/page").content.decode())["book"]
    public = json.loads(gzip.decompress(bytes(book.body)))

    points = sorted(COURSE["breakpoints"], key=lambda at: at["min_width"])
    lists = carried["lists"][1 + 2 * len(points) :]
    assert len(lists) == len(points)
    for text, at in zip(lists, points, strict=True):
        widths = public["at"][at["name"]]["widths"]
        assert [ord(char) - 48 for char in text] == [w for entry in widths for w in entry]
    assert len({tuple(entry) for entry in public["at"]["laptop"]["widths"]}) > 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("from='shelf'", 'Write "book"'),
        ("form='book'", "no argument"),
        ("from='book' subject='ada'", "everybody"),
        ("mode='server'", 'Write "device"'),
        ("mode='device' subject='ada'", "everybody"),
        ("mode='device' from='book'", "exclude each other"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_next_step(book, arguments, said):
    tag = f"{{% load adaptive_layout %}}{{% adaptive_layout 'course-home' {arguments} %}}"

    with pytest.raises(TemplateSyntaxError, match=said):
        Template(tag).render(Context({}))
