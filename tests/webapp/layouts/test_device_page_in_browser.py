"""A page with mode="device" in real Chromium: it adapts, and nothing of the person leaves it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.http import HttpRequest, HttpResponse
from django.template import Context, Template
from django.urls import path
from playwright.sync_api import Browser, BrowserContext, Page, Request

from tests.patience import PATIENCE
from tests.webapp.demo.conftest import chromium
from tests.webapp.demo.steps import wait_for
from tests.webapp.layouts.kept_books import book_of_today
from tests.webapp.layouts.test_book_page_in_browser import WATCH
from webapp import urls
from webapp.layouts.html.book_page import DEVICE_SCRIPT_HASH
from webapp.lib.times import utc_now
from webapp.serving.books import books
from webapp.subjects.models import Event, ServedDecision, Subject
from webapp.surfaces.models import PopularityDay

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
HTML = """{% load static adaptive_layout %}<!doctype html><title>Home</title>
<link rel="icon" href="data:,">
<script type="module" src="{% static 'uiengine/device-page.js' %}"></script>
<h1>Home</h1>{% adaptive_layout 'course-home' mode='device' controls=True %}"""
USED = "glossary"
KEYS = ["adaptive-device:course-home", "al-course-home", "al-device-course-home"]


def home(request: HttpRequest) -> HttpResponse:
    response = HttpResponse(Template(HTML).render(Context({"request": request})))
    response["Content-Security-Policy"] = (
        f"default-src 'self'; script-src 'self' '{DEVICE_SCRIPT_HASH}'; style-src 'unsafe-inline'"
    )
    response["Cache-Control"] = "public, max-age=0"
    return response


urlpatterns = [path("home", home), *urls.urlpatterns]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # Playwright runs its own event loop
        yield from chromium()


class Person:
    """Somebody with a browser, on days that pass as the test says; log: all that was sent."""

    def __init__(self, context: BrowserContext) -> None:
        self.context, self.now = context, utc_now()
        self.log: list[Request] = []
        self.page: Page = context.new_page()
        self.page.clock.install(time=self.now)
        context.on("request", lambda request: self.log.append(request))

    def visit(self, *blocks: str, after: timedelta = timedelta(days=1)) -> list[str]:
        """The order seen, from the first frame on."""
        self.now += after
        self.page.clock.set_system_time(self.now)
        self.page.goto("/home")
        self.page.wait_for_selector(".al-bar button")
        seen = self.order
        for block in blocks:
            self.page.click(f"[data-block={block}]")
        wait_for(lambda: self.kept("al-device-course-home") is not None)
        self.page.wait_for_load_state("networkidle")
        return seen

    @property
    def order(self) -> list[str]:
        found: list[str] = self.page.eval_on_selector_all(
            "[data-block]", "all => all.map((block) => block.dataset.block)"
        )
        return found

    def kept(self, key: str) -> dict[str, object] | None:
        text = self.page.evaluate("(key) => localStorage.getItem(key)", key)
        found: dict[str, object] | None = text and json.loads(text)
        return found


@pytest.fixture
def book(page, settings, worker):
    settings.ROOT_URLCONF = __name__
    return book_of_today(page)


@pytest.fixture
def person(browser, live_server, book) -> Iterator[Person]:
    context = browser.new_context(base_url=live_server.url, accept_downloads=True)
    context.set_default_timeout(PATIENCE * 1000)
    context.add_init_script(WATCH)
    yield Person(context)
    context.close()


def entry(book, byte: int) -> list[str]:
    public = json.loads(gzip.decompress(bytes(book.body)))
    return [public["blocks"][place] for place in public["orders"][byte]]


def test_nothing_of_the_person_leaves_the_browser(person, book, live_server):
    for _ in range(3):
        person.visit(USED, "links")

    paths = {request.url.removeprefix(live_server.url).partition("?")[0] for request in person.log}
    own = {path for path in paths if not path.startswith("/static/")}
    assert own == {"/home", f"/api/book/course-home/{book.hash}"}
    for request in person.log:
        assert (request.method, request.post_data) == ("GET", None)
        assert "?" not in request.url
        assert "cookie" not in request.all_headers()
    assert person.context.cookies() == []
    for model in (Subject, ServedDecision, Event):
        assert not model.objects.exists()


def test_a_later_visit_is_placed_by_what_was_used_from_the_first_frame_on(person, book):
    first = person.visit(USED)
    assert first == entry(book, 0)
    seen = [person.visit(USED) for _ in range(6)]

    assert seen[-1].index(USED) < first.index(USED)
    assert set(person.page.evaluate("self.frames")) == {",".join(seen[-1])}
    assert person.page.evaluate("self.shifts") <= 0.02
    profile = person.kept("adaptive-device:course-home")
    assert profile["visits"] == 6  # the seventh is open
    assert profile["order"] == seen[-1]


def test_within_a_visit_nothing_moves(person):
    for _ in range(3):
        person.visit(USED)
    minute = timedelta(minutes=1)
    seen = {tuple(person.visit("links", after=20 * minute)) for _ in range(4)}

    assert len(seen) == 1
    # The third visit is still open.
    assert person.kept("adaptive-device:course-home")["visits"] == 2


def test_blocks_stand_in_the_cells_of_the_chosen_entry(person, book):
    for _ in range(7):
        person.visit(USED)
    byte = int(person.kept("al-device-course-home")["now"].split(".")[0])
    assert byte > 0
    assert person.order == entry(book, byte)
    public = json.loads(gzip.decompress(bytes(book.body)))
    placed = person.page.eval_on_selector_all(
        "[data-block]",
        "all => Object.fromEntries(all.map(b => { const s = getComputedStyle(b);"
        " return [b.dataset.block, [+s.gridColumnStart - 1, +s.gridRowStart - 1]]; }))",
    )
    cells = [at["cells"][byte] for at in public["at"].values()]
    ids = public["blocks"]
    assert placed in [{b: of[2 * i : 2 * i + 2] for i, b in enumerate(ids)} for of in cells]


def test_the_menu_saves_a_copy_and_erases_all(person):
    for _ in range(2):
        person.visit(USED)
    keys = person.page.evaluate("Object.keys(localStorage).sort()")
    assert keys == KEYS

    with person.page.expect_download() as saved:
        person.page.click("[name=export]")
    copy = json.loads(saved.value.path().read_text())
    assert {key: person.kept(key) for key in KEYS} == copy
    assert copy[KEYS[0]]["blocks"][0][0] == USED

    person.page.click("[name=erase]")
    assert person.page.evaluate("Object.keys(localStorage)") == []
    assert "forgotten" in person.page.inner_text("[role=status]")


def test_what_is_used_after_erasing_brings_nothing_of_before_back(person, book):
    for _ in range(7):
        person.visit(USED)
    assert person.order != entry(book, 0)

    person.page.click("[name=erase]")
    person.page.click("[data-block=links]")
    person.page.wait_for_load_state("networkidle")

    assert person.page.evaluate("Object.keys(localStorage)") == []
    assert person.visit(after=timedelta(minutes=1)) == entry(book, 0)


@pytest.mark.parametrize("found", ["{bad", "{}", "[]", '"text"', '{"visits": 1, "order": 2}'])
def test_what_is_stored_and_cannot_be_read_is_begun_anew(person, found):
    for _ in range(2):
        person.visit(USED)
    person.page.evaluate("([key, text]) => localStorage.setItem(key, text)", [KEYS[0], found])

    for _ in range(3):
        person.visit(USED)

    assert person.kept(KEYS[0])["visits"] == 2  # the third is open
    person.page.click("[name=erase]")
    assert person.page.evaluate("Object.keys(localStorage)") == []


def test_a_page_of_another_book_shows_what_was_seen_last(person, book):
    """Yesterday's choice, in the cells of yesterday's book."""
    for _ in range(7):
        person.visit(USED)
    last = person.order
    assert last != entry(book, 0)
    book.hash = "f" * 16
    book.save()
    books.clear()

    seen = person.visit()

    assert sorted(seen) == sorted(last)
    assert seen.index(USED) <= last.index(USED)


def test_counts_without_identity_are_sent_where_the_site_wants_them(person, page, settings):
    """The blocks of a visit that is over, once; no cookie, no key, no time, nothing else."""
    settings.UIENGINE_DEVICE_COUNTS = True
    person.visit(USED, "links")
    person.visit(USED)

    wait_for(PopularityDay.objects.exists)
    row = PopularityDay.objects.get()
    assert (row.shares, row.newcomers) == ({USED: 0.5, "links": 0.5}, {})
    assert (row.visits, row.people) == (1, 0)
    (sent,) = [request for request in person.log if request.method == "POST"]
    assert sent.post_data_json == {"surface": "course-home", "blocks": [USED, "links"]}
    assert not {"cookie", "authorization", "referer"} & set(sent.all_headers())
    assert person.context.cookies() == []
    assert not Subject.objects.exists()
