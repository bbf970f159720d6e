"""The real Turbo 8 and htmx 2 swap pages with the element, back and forth."""

from __future__ import annotations

import os

import pytest
from playwright.sync_api import Page

from tests.evidence import grid_libraries
from tests.webapp import axe
from tests.webapp.demo.site import LOADED, Site, markup, payload
from tests.webapp.demo.steps import flush, wait_for

MODULES = grid_libraries.EXAMPLES / "node_modules"
FILES = {
    "turbo": ("/turbo.js", MODULES / "@hotwired/turbo/dist/turbo.es2017-umd.js"),
    "htmx": ("/htmx.js", MODULES / "htmx.org/dist/htmx.min.js"),
}
SWAPS = 50
MOST_SHIFT = 0.02
SHIFTS = """window.shifts = 0;
new PerformanceObserver((list) => {
  for (const shift of list.getEntries()) if (!shift.hadRecentInput) window.shifts += shift.value;
}).observe({ type: 'layout-shift', buffered: true });"""
LINKS = {
    "turbo": '<a id=go href="/{there}">go</a>',
    "htmx": '<a id=go href="/{there}" hx-get="/{there}" hx-select="main" hx-target="main"'
    ' hx-swap="outerHTML" hx-push-url="true">go</a>',
}


@pytest.fixture
def swapping(plain: Page, site: Site, library: str) -> Page:
    """The page of a library, at rest, which counts layout shifts."""
    absent = grid_libraries.missing()
    if absent and not os.environ.get("CI"):
        pytest.skip(f"{absent} not found: {library} was not tried")
    grid_libraries.install()
    address, file = FILES[library]
    site.files[address] = file
    for here, there in (("one", "two"), ("two", "one")):
        link = LINKS[library].format(there=there)
        site.pages[f"/{here}"] = (
            f"<!doctype html><html lang=en><head><title>{here}</title>"
            f'<script src="{address}"></script>{LOADED}</head>'
            f"<body><main id={here}><h1>{here}</h1>{link}{markup(boot=payload())}</main></body>"
        )
    plain.add_init_script(SHIFTS)
    plain.goto("/one")
    plain.wait_for_selector(".al-menu")
    return plain


def swap(page: Page) -> None:
    """Follows the link; `wait_for_selector` would give a handle that holds on to the element."""
    there = "two" if page.locator("main#one").count() else "one"
    page.locator("#go").click()
    page.locator(f"main#{there} .al-menu").first.wait_for()
    # Turbo shows its copy first; a click while it asks for the page ends in an error of its own.
    page.locator("html:not([aria-busy])").wait_for()


def back(page: Page) -> None:
    there = "two" if page.locator("main#one").count() else "one"
    page.evaluate("history.back()")
    page.locator(f"main#{there} .al-menu").first.wait_for()


def heap(page: Page) -> float:
    page.wait_for_timeout(300)
    session = page.context.new_cdp_session(page)
    for _ in range(3):
        session.send("HeapProfiler.collectGarbage")
    used: float = page.evaluate("performance.memory.usedJSHeapSize")
    session.detach()
    return used


def parts(page: Page) -> dict[str, int]:
    kinds = ("adaptive-layout", ".al-menu", ".al-live", ".al-panel", ".al-bar button")
    return {kind: page.locator(kind).count() for kind in kinds}


@pytest.mark.parametrize("library", FILES)
def test_after_fifty_swaps_one_click_is_one_batch_and_the_heap_is_back(
    swapping: Page, site: Site
) -> None:
    for _ in range(12):  # libraries keep ten pages for going back
        swap(swapping)
    at_rest, before = parts(swapping), heap(swapping)
    assert at_rest == {
        "adaptive-layout": 1,
        ".al-menu": 3,
        ".al-live": 1,
        ".al-panel": 0,
        ".al-bar button": 3,
    }
    for _ in range(SWAPS):
        swap(swapping)
    assert parts(swapping) == at_rest
    flush(swapping)
    swapping.wait_for_timeout(1500)
    site.events.clear()
    swapping.locator("[data-block=b] h2").click()
    wait_for(lambda: site.noted("use") != [])
    swapping.wait_for_timeout(1500)
    assert site.noted("use") == ["b"]
    assert len(site.events) == 1
    assert heap(swapping) <= 1.1 * before
    assert swapping.evaluate("window.shifts") <= MOST_SHIFT


@pytest.mark.parametrize("library", FILES)
def test_a_page_that_is_restored_has_one_menu_a_block(swapping: Page, site: Site) -> None:
    swapping.locator("[data-block=b] .al-menu").click()
    swapping.wait_for_selector(".al-panel")
    swap(swapping)
    back(swapping)
    assert parts(swapping)[".al-menu"] == 3
    assert parts(swapping)[".al-live"] == 1
    assert parts(swapping)[".al-panel"] == 0
    swapping.locator("[data-block=b] .al-menu").click()
    assert swapping.locator(".al-panel").count() == 1
    axe.install()
    assert axe.violations(swapping, within="adaptive-layout") == []
