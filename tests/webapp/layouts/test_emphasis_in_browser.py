"""Pointing in real Chromium: what is seen when, nothing shifts, and less motion is honoured."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.http import HttpRequest, HttpResponse
from django.template import Context, Template
from django.urls import path
from playwright.sync_api import Browser

from tests.webapp.demo.conftest import chromium
from tests.webapp.layouts.test_emphasis import known, pointing
from webapp import urls

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
HTML = Template(
    "{% load static adaptive_layout %}<!doctype html><html lang=en><title>Home</title>"
    "<script type=module src=\"{% static 'uiengine/adaptive-layout.js' %}\"></script>"
    "<main><h1>Home</h1>{% adaptive_layout 'course-home' subject=who controls=True %}</main>"
)
NONCE = "a-nonce-of-the-host"
WATCH = """
self.shifts = 0; self.seen = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) self.shifts += entry.value;
}).observe({ type: 'layout-shift', buffered: true });
const start = performance.now();
(function frame() {
  const blocks = [...document.querySelectorAll('[data-block]')];
  if (document.querySelector('[data-expected]') && blocks.length > 1) {
    const light = (block) => +getComputedStyle(block).opacity;
    const [mine, others] = [true, false].map((is) =>
      blocks.filter((b) => b.hasAttribute('data-expected') === is).map(light));
    self.seen.push([performance.now() - start, Math.min(...mine), Math.max(...others)]);
  }
  requestAnimationFrame(frame);
})();
"""


def home(request: HttpRequest) -> HttpResponse:
    seen = {"request": request, "who": "host:owner", "csp_nonce": NONCE}
    response = HttpResponse(HTML.render(Context(seen)))
    policy = f"default-src 'self'; script-src 'self' 'nonce-{NONCE}'; style-src 'nonce-{NONCE}'"
    response["Content-Security-Policy"] = policy
    return response


urlpatterns = [path("home", home), *urls.urlpatterns]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # Playwright runs its own event loop
        yield from chromium()


def seen(browser, server, width: int = 1280, **context):
    here = browser.new_context(
        base_url=server.url, viewport={"width": width, "height": 900}, **context
    )
    here.add_init_script(WATCH)
    page = here.new_page()
    page.goto("/home")
    page.wait_for_selector(".al-menu")
    page.wait_for_timeout(1200)
    return page, page.evaluate("self.seen"), page.evaluate("self.shifts")


@pytest.mark.parametrize("width", [390, 800, 1280])
def test_the_expected_block_appears_first_and_the_others_follow(
    browser, live_server, settings, owner, worker, width
):
    settings.ROOT_URLCONF = __name__
    pointing("appear")
    known(owner, worker)
    page, frames, shifts = seen(browser, live_server, width)
    assert {mine for _, mine, _ in frames} == {1}
    others = [light for _, _, light in frames]
    assert others[0] < 0.5 and others[-1] == 1
    assert others == sorted(others) or max(others) == 1  # it only grows
    assert shifts <= 0.02
    assert not page.locator("[data-pointing]").count()
    page.context.close()


def test_a_block_that_is_moved_later_does_not_fade_in_again(
    browser, live_server, settings, owner, worker
):
    settings.ROOT_URLCONF = __name__
    pointing("appear")
    known(owner, worker)
    page, _, _ = seen(browser, live_server)
    page.evaluate("self.seen.length = 0")
    page.evaluate(
        "() => { const grid = document.querySelector('[data-grid]');"
        " grid.append(grid.firstElementChild); }"
    )
    page.wait_for_timeout(300)
    assert {light for _, _, light in page.evaluate("self.seen")} == {1}
    page.context.close()


def test_who_asked_for_less_motion_sees_all_at_once(browser, live_server, settings, owner, worker):
    settings.ROOT_URLCONF = __name__
    pointing("appear")
    known(owner, worker)
    page, frames, _ = seen(browser, live_server, reduced_motion="reduce")
    assert {light for _, *both in frames for light in both} == {1}
    page.context.close()


def test_a_mark_is_in_the_screen_readers_tree_and_shifts_nothing(
    browser, live_server, settings, owner, worker
):
    settings.ROOT_URLCONF = __name__
    pointing("mark")
    known(owner, worker)
    page, _, shifts = seen(browser, live_server)
    assert page.get_by_text("Likely next").is_visible() and shifts <= 0.02
    assert "Likely next" in page.locator("main").aria_snapshot()
    page.context.close()
