"""The page about a person in real Chromium: by keyboard alone, in both directions of writing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.http import HttpRequest, HttpResponse
from django.template import Context, Template
from django.urls import path
from playwright.sync_api import Browser, Page, expect

from tests.webapp import axe
from tests.webapp.demo.conftest import chromium
from webapp import urls

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
HTML = Template(
    "{% load static adaptive_layout %}<!doctype html><html lang=en><title>Home</title>"
    "<script type=module src=\"{% static 'uiengine/adaptive-layout.js' %}\"></script>"
    "<main><h1>Home</h1>{% adaptive_layout 'course-home' subject=who controls=True %}</main>"
)
WORDS = {"en": "Strike out", "de": "Streichen", "ar": "اشطب"}
ITEMS = ".claims li"


def home(request: HttpRequest) -> HttpResponse:
    return HttpResponse(HTML.render(Context({"request": request, "who": "host:owner"})))


urlpatterns = [path("home", home), *urls.urlpatterns]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # Playwright runs its own event loop
        yield from chromium()


@pytest.fixture
def regular(owner, worker, settings):
    settings.ROOT_URLCONF = __name__
    for blocks in (("glossary", "live"), ("glossary",), ("glossary", "forum"), ("live",)):
        owner.visit(*blocks)
        worker.work()
    return owner


def opened(browser: Browser, server, language: str = "en", width: int = 1280) -> Page:
    """The page about the person, come to from the menu of theirs by keyboard."""
    here = browser.new_context(
        base_url=server.url, viewport={"width": width, "height": 900}, locale=language
    )
    page = here.new_page()
    page.goto("/home")
    page.locator(".al-you button").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/api/about/course-home/you")
    return page


def tab_to(page: Page, name: str) -> str:
    """Tabs until something with that name has the focus; returns its whole name."""
    for _ in range(60):
        page.keyboard.press("Tab")
        said = page.evaluate("document.activeElement.textContent")
        if said.startswith(name):
            return str(said)
    raise AssertionError(f"nothing called {name!r} is reached by Tab")


def test_a_claim_is_struck_and_brought_back_by_keyboard_alone(browser, live_server, regular):
    page = opened(browser, live_server)

    name = tab_to(page, "Strike out")
    assert "You use Glossary in most of your visits" in name  # what a screen reader says of it
    page.keyboard.press("Enter")

    status = page.get_by_role("status")
    expect(status).to_contain_text("what you used of Glossary counts no longer")
    expect(status).to_be_focused()
    tab_to(page, "Learn this again from now on")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("is learned again from now on")
    expect(page.get_by_text("You use Glossary")).to_have_count(0)


@pytest.mark.parametrize(("language", "width"), [("en", 320), ("de", 1280), ("ar", 390)])
def test_axe_finds_nothing_serious_and_nothing_overflows(
    browser, live_server, regular, language, width
):
    axe.install()
    page = opened(browser, live_server, language, width)
    page.get_by_role("button", name=WORDS[language]).first.click()

    expect(page.get_by_role("status")).to_be_focused()
    assert page.get_attribute("html", "dir") == ("rtl" if language == "ar" else "ltr")
    assert axe.violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    boxes = [button.bounding_box() for button in page.locator("form button").all()]
    assert all(box and box["height"] >= 24 and box["width"] >= 24 for box in boxes)


def test_without_scripts_it_works_all_the_same(browser, live_server, regular):
    here = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    page = here.new_page()
    page.goto("/home")
    page.locator(".al-you button").click()
    page.get_by_role("button", name="Do not learn from this visit").click()
    expect(page.get_by_role("status")).to_have_text("Nothing is learned from this visit.")
