"""A page by book in real Chromium: placed before it is painted, and nothing shifts."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Iterator

import pytest
from django.http import HttpRequest, HttpResponse
from django.template import Context, Template
from django.urls import path
from playwright.sync_api import Browser, Page

from tests.patience import PATIENCE
from tests.webapp.codebooks.conftest import trained
from tests.webapp.conftest import COURSE
from tests.webapp.demo.conftest import chromium
from tests.webapp.demo.steps import order, wait_for
from tests.webapp.layouts.kept_books import book_of_today
from webapp import urls
from webapp.codebooks.books import book_make
from webapp.codebooks.gate.promotion import innate_ship
from webapp.codebooks.registry.aliases import version_promote, version_rollback
from webapp.codebooks.registry.store import version_store
from webapp.layouts.html.book_page import SCRIPT_HASH
from webapp.lib.times import to_day, to_milliseconds, utc_now
from webapp.serving.books import books
from webapp.serving.pages import serving
from webapp.subjects import byte_tokens, decisions
from webapp.subjects.keys import VISITOR_COOKIE, visitor_make
from webapp.subjects.models import Event, ServedDecision
from webapp.surfaces.models import PopularityDay
from webapp.surfaces.services import surface_save

__all__ = ["trained"]
pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
HTML = """{% load static adaptive_layout %}<!doctype html><title>Home</title>
<script type="module" src="{% static 'uiengine/book-page.js' %}"></script>
<script type="module" src="{% static 'uiengine/adaptive-layout.js' %}"></script>
<h1>Home</h1>{% adaptive_layout 'course-home' from='book' controls=True %}"""
WATCH = """
self.shifts = 0; self.frames = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) self.shifts += entry.value;
}).observe({ type: 'layout-shift', buffered: true });
(function frame() {
  const grid = document.querySelector('[data-grid]');
  if (grid && getComputedStyle(grid).visibility === 'visible') {
    self.frames.push([...grid.children].map((block) => block.dataset.block).join());
  }
  requestAnimationFrame(frame);
})();
"""
BYTE = 7


def home(request: HttpRequest) -> HttpResponse:
    response = HttpResponse(Template(HTML).render(Context({"request": request})))
    style = response.content.split(b"<style>")[1].split(b"</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style).digest()).decode()
    response["Content-Security-Policy"] = (
        f"default-src 'self'; script-src 'self' '{SCRIPT_HASH}'; style-src 'self' 'sha256-{digest}'"
    )
    response["Cache-Control"] = "public, max-age=60"
    return response


urlpatterns = [path("home", home), *urls.urlpatterns]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # Playwright runs its own event loop
        yield from chromium()


@pytest.fixture
def book(page, settings, worker, browser):
    settings.ROOT_URLCONF = __name__
    yield book_of_today(page)
    for context in browser.contexts:  # a page that stays open sends its events into the next test
        context.close()


@pytest.fixture
def visitor() -> tuple[str, str]:
    """A visitor's key and cookie."""
    return visitor_make()


def token_of(key: str, book, byte: int = BYTE) -> str:
    visit = decisions.visit_id(key, "course-home", 0)
    today = to_day(to_milliseconds(utc_now()))
    facts = (visit, decisions.subject_hash(key), 0, today, 0)
    return byte_tokens.sign(byte_tokens.ByteToken(byte, book.hash, *facts))


def opened(browser: Browser, server, cookies: dict[str, str], **context) -> Page:
    here = browser.new_context(base_url=server.url, **context)
    here.add_cookies([{"name": n, "value": v, "url": server.url} for n, v in cookies.items()])
    here.set_default_timeout(PATIENCE * 1000)
    here.add_init_script(WATCH)
    page = here.new_page()
    page.goto("/home")
    return page


def entry(book, byte: int) -> list[str]:
    public = json.loads(gzip.decompress(bytes(book.body)))
    return [public["blocks"][place] for place in public["orders"][byte]]


@pytest.mark.parametrize("width", [390, 800, 1280])
def test_a_person_sees_their_entry_from_the_first_frame_and_nothing_shifts(
    browser, live_server, book, visitor, width
):
    key, cookie = visitor
    cookies = {VISITOR_COOKIE: cookie, "layout_byte_course-home": token_of(key, book)}
    page = opened(browser, live_server, cookies, viewport={"width": width, "height": 900})
    page.wait_for_selector(".al-menu")
    page.wait_for_timeout(500)

    expected = entry(book, BYTE)
    assert expected != entry(book, 0)
    assert order(page) == expected
    assert set(page.evaluate("self.frames")) == {",".join(expected)}
    assert page.evaluate("self.shifts") <= 0.02


def test_blocks_stand_in_the_cells_of_the_book(browser, live_server, book, visitor):
    key, cookie = visitor
    cookies = {VISITOR_COOKIE: cookie, "layout_next_course-home": token_of(key, book)}
    page = opened(browser, live_server, cookies, viewport={"width": 1280, "height": 900})
    public = json.loads(gzip.decompress(bytes(book.body)))
    width = page.evaluate("document.querySelector('adaptive-layout').clientWidth")
    fitting = [at for at in COURSE["breakpoints"] if at["min_width"] <= width]
    name = max(fitting, key=lambda at: at["min_width"])["name"]
    cells = public["at"][name]["cells"][BYTE]

    starts = page.eval_on_selector_all(
        "[data-block]",
        "all => Object.fromEntries(all.map(b => { const s = getComputedStyle(b);"
        " return [b.dataset.block, [+s.gridColumnStart - 1, +s.gridRowStart - 1]]; }))",
    )
    assert starts == {b: cells[2 * i : 2 * i + 2] for i, b in enumerate(public["blocks"])}
    page.wait_for_selector(".al-menu")
    assert order(page) == entry(book, BYTE)


@pytest.fixture
def popular(page, settings, worker, browser):
    """A book of a page that forty people used yesterday."""
    settings.ROOT_URLCONF = __name__
    yesterday = to_day(to_milliseconds(utc_now())) - 1
    shares = {"glossary": 60.0, "links": 30.0}
    columns = {"shares": shares, "newcomers": shares, "visits": 90, "people": 40}
    PopularityDay.objects.create(surface=page, day=yesterday, **columns)
    yield book_make(surface=page, now=utc_now())
    for context in browser.contexts:
        context.close()


def test_the_page_says_the_reasons_of_its_book(browser, live_server, popular, visitor):
    """In the words of the public JSON's numbers; other blocks are in their usual place."""
    key, cookie = visitor
    public = json.loads(gzip.decompress(bytes(popular.body)))
    byte = next(n for n, why in enumerate(public["why"]) if why)
    titles = {block["id"]: block["title"] for block in COURSE["blocks"]}
    expected = {}
    for code, place, percent, people in public["why"][byte]:
        assert code == "popular"
        block = public["blocks"][place]
        expected[block] = (
            f"{percent} % of what is used here lately is {titles[block]}, on a page with {people} "
            "or more other people."
        )
    cookies = {VISITOR_COOKIE: cookie, "layout_byte_course-home": token_of(key, popular, byte)}
    page = opened(browser, live_server, cookies)
    page.wait_for_selector(".al-menu")

    for block in titles:
        page.evaluate(f"document.querySelector('adaptive-layout').why('{block}')")
        said = page.text_content(".al-panel p:nth-of-type(2)")
        assert said == expected.get(block, "This is its usual place.")


def test_of_another_books_entry_no_reason_is_said(browser, live_server, popular, visitor):
    key, cookie = visitor
    cookies = {VISITOR_COOKIE: cookie, "layout_byte_course-home": token_of(key, popular)}
    page = opened(browser, live_server, cookies)
    page.wait_for_selector(".al-menu")
    popular.hash = "f" * 16
    popular.save()
    books.clear()
    page.reload()
    page.wait_for_selector(".al-menu")

    assert page.evaluate("document.querySelector('adaptive-layout').payload.why") == {}


def test_without_scripts_the_default_order_is_seen(browser, live_server, book, page):
    seen = opened(browser, live_server, {}, java_script_enabled=False)

    assert seen.locator("[data-block]").first.is_visible()
    found = seen.locator("[data-block]").all()
    ids = [block["id"] for block in page.definition["blocks"]]
    assert [block.get_attribute("data-block") for block in found] == ids


def test_nobody_sees_the_first_entry_and_sends_what_is_ignored(browser, live_server, book):
    page = opened(browser, live_server, {})
    page.wait_for_selector(".al-menu")

    assert order(page) == entry(book, 0)
    assert (
        page.evaluate("Object.keys(localStorage).filter((key) => key === 'al-course-home')") == []
    )


def test_a_byte_of_another_book_leaves_the_default_until_the_engine_answers(
    browser, live_server, book, visitor, page
):
    key, cookie = visitor
    stale = token_of(key, book).replace(book.hash, "0" * 16)
    cookies = {VISITOR_COOKIE: cookie, "layout_byte_course-home": stale}
    seen = opened(browser, live_server, cookies)
    seen.wait_for_selector(".al-menu")

    assert sorted(order(seen)) == sorted(block["id"] for block in page.definition["blocks"])
    assert seen.evaluate("document.querySelector('adaptive-layout').payload.status") == "adapted"


def test_a_page_of_another_days_book_shows_what_this_visit_showed_before(
    browser, live_server, book, visitor, page
):
    key, cookie = visitor
    cookies = {VISITOR_COOKIE: cookie, "layout_byte_course-home": token_of(key, book)}
    seen = opened(browser, live_server, cookies)
    seen.wait_for_selector(".al-menu")
    book.hash = "f" * 16
    book.save()
    books.clear()
    seen.reload()
    seen.wait_for_selector(".al-menu")

    assert order(seen) == entry(book, BYTE)


def test_blocks_that_widen_have_the_widths_of_their_entry(
    browser, live_server, page, visitor, settings, worker
):
    settings.ROOT_URLCONF = __name__
    guardrails = {**page.definition.get("guardrails", {}), "stretch": True}
    made = book_make(
        surface=surface_save({**page.full_definition(), "guardrails": guardrails}), now=utc_now()
    )
    serving.refresh()
    public = json.loads(gzip.decompress(bytes(made.body)))
    widths = public["at"]["laptop"]["widths"]
    byte = next(n for n, entry in enumerate(widths) if entry != widths[0])
    key, cookie = visitor
    cookies = {VISITOR_COOKIE: cookie, "layout_byte_course-home": token_of(key, made, byte)}
    seen = opened(browser, live_server, cookies, viewport={"width": 1280, "height": 900})

    spans = """all => Object.fromEntries(all.map(b => [b.dataset.block,
        +getComputedStyle(b).gridColumnEnd.replace('span ', '')]))"""
    expected = dict(zip(public["blocks"], widths[byte], strict=True))
    assert seen.eval_on_selector_all("[data-block]", spans) == expected
    seen.wait_for_selector(".al-menu")  # the client keeps them
    assert seen.eval_on_selector_all("[data-block]", spans) == expected
    assert seen.evaluate("self.shifts") <= 0.02
    for context in browser.contexts:
        context.close()


OVERLAPS = """() => { const all = [...document.querySelectorAll('[data-block]')]
  .map((block) => block.getBoundingClientRect());
  return all.filter((a, i) => all.some((b, j) => i < j && a.left < b.right - 1
    && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1)).length; }"""


@pytest.mark.parametrize("was_here", [True, False])
def test_a_byte_of_a_version_that_was_rolled_back_leaves_a_valid_page(
    browser, live_server, book, visitor, page, trained, was_here
):
    """Who saw the entry keeps it for the visit; elsewhere the present version decides."""
    key, cookie = visitor
    innate_ship()
    version = version_store(folder=trained, name="course-home-1", surfaces=[page])[0]
    version_promote(surface=page, version=version, why="better", by_name="test")
    serving.refresh()
    taken_back = book_make(surface=page, now=utc_now())
    assert taken_back.hash != book.hash
    cookies = {VISITOR_COOKIE: cookie, "layout_byte_course-home": token_of(key, taken_back)}
    if was_here:
        seen = opened(browser, live_server, cookies)
        seen.wait_for_selector(".al-menu")
        assert order(seen) == entry(taken_back, BYTE)
    version_rollback(surface=page, why="worse", by_name="test")
    serving.refresh()
    books.clear()

    if was_here:
        seen.reload()
    else:
        seen = opened(browser, live_server, cookies)
    seen.wait_for_selector(".al-menu")

    ids = [block["id"] for block in page.definition["blocks"]]
    assert sorted(order(seen)) == sorted(ids)
    assert seen.evaluate(OVERLAPS) == 0
    client = seen.evaluate("document.querySelector('adaptive-layout').payload")
    assert (order(seen) == entry(taken_back, BYTE)) == was_here
    assert client["status"] == "adapted"
    assert was_here or client["version"] == serving.page("course-home").version.id


def test_events_carry_the_byte(browser, live_server, book, visitor):
    key, cookie = visitor
    cookies = {VISITOR_COOKIE: cookie, "layout_byte_course-home": token_of(key, book)}
    page = opened(browser, live_server, cookies)
    page.wait_for_selector(".al-menu")

    mine = ServedDecision.objects.filter(profile__subject__key=key)
    wait_for(mine.exists)
    row = mine.get()
    assert (row.tokens, row.order) == ([BYTE], entry(book, BYTE))


def test_uses_of_a_persons_first_view_count(browser, live_server, book, visitor):
    """Before they have a cookie: the page is placed before anybody knows who sees it."""
    key, cookie = visitor
    page = opened(browser, live_server, {VISITOR_COOKIE: cookie})
    page.wait_for_selector(".al-menu")
    page.click("[data-block=glossary]")

    uses = Event.objects.filter(profile__subject__key=key, kind="use", block="glossary")
    wait_for(uses.exists)
    row = ServedDecision.objects.get()
    assert (row.tokens, row.order) == ([0], entry(book, 0))


def test_who_signs_in_on_a_page_of_before_is_asked_about_within_minutes(browser, live_server, book):
    page = opened(browser, live_server, {})
    wait_for(lambda: page.evaluate("sessionStorage['al-asked-course-home'] !== undefined"))

    left = page.evaluate("sessionStorage['al-asked-course-home'] - Date.now() / 1000")
    assert 0 < left <= 300


def test_whom_the_engine_serves_gets_its_layout(browser, live_server, book, visitor):
    _, cookie = visitor
    cookies = {VISITOR_COOKIE: cookie, "layout_byte_course-home": "engine"}
    page = opened(browser, live_server, cookies)
    page.wait_for_selector(".al-menu")

    asked = page.evaluate("performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert any("/api/layout?surface=course-home" in name for name in asked)


def test_the_page_asks_for_a_byte_once_in_a_visit(browser, live_server, book, visitor):
    _, cookie = visitor
    page = opened(browser, live_server, {VISITOR_COOKIE: cookie})
    has = "document.cookie.includes('layout_byte_course-home=0.{hash}') && "
    has += "document.cookie.includes('layout_next_course-home=0.{hash}')"
    wait_for(lambda: page.evaluate(has.replace("{hash}", book.hash)))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    page.wait_for_selector(".al-menu")
    page.wait_for_timeout(3500)

    assert not [url for url in asked if "/api/token" in url or "/api/layout" in url]
