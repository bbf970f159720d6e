"""Every page of demo and documentation is accessible, fits its width and does not shift."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.webapp import axe
from tests.webapp.demo.conftest import Demo
from tests.webapp.demo.steps import ask, become, open_options, open_page, order
from tests.webapp.demo.test_access import SHIFT

PAGES = [
    ("/", 390),
    ("/", 820),
    ("/", 1280),
    ("/?visit=3", 390),
    ("/api/docs", 1280),
    ("/api/snippets", 390),
    ("/api/errors", 820),
    ("/api/surface-format", 390),
    *((f"/api/{name}/bank", width) for name in ("about", "accessibility") for width in (320, 820)),
    ("/api/about/bank", 1280),
    ("/api/about/bank/you", 320),
    ("/examples/", 390),
    ("/examples/template", 820),
    ("/examples/fetch", 390),
    ("/examples/gridstack", 1280),
    ("/examples/react", 390),
]
SLOW = {"offline": False, "latency": 150, "downloadThroughput": 90_000, "uploadThroughput": 90_000}


@pytest.mark.parametrize(("path", "width"), PAGES)
def test_axe_finds_nothing_serious_and_nothing_overflows(page: Page, path: str, width: int) -> None:
    axe.install()
    page.set_viewport_size({"width": width, "height": 900})
    if "visit" in path:
        open_page(page)
        become(page, 1)
    page.goto(path)
    page.wait_for_load_state("networkidle")
    if path == "/":
        open_options(page, order(page)[2])
    assert axe.violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_axe_finds_nothing_serious_in_arabic_and_in_the_dark(page: Page, scheme: str) -> None:
    axe.install()
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.set_extra_http_headers({"Accept-Language": "ar"})
    open_page(page)
    assert page.get_attribute("html", "lang") == "ar"
    assert axe.violations(page) == []


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_a_pressed_freeze_button_can_be_read(page: Page, scheme: str) -> None:
    axe.install()
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    open_page(page)
    ask(page, "Freeze")
    assert page.locator("[name=freeze]").get_attribute("aria-pressed") == "true"
    page.locator(".engine", has_text="Frozen: nothing was computed.").wait_for()
    assert axe.violations(page, within=".al-bar") == []
    # Checks the element's own style alone as well.
    page.evaluate("document.querySelector('[rel=stylesheet]').remove()")
    assert axe.violations(page, within=".al-bar") == []


@pytest.mark.parametrize("width", [390, 820, 1280])
def test_nothing_shifts_on_a_slow_network(page: Page, demo: Demo, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    wire = page.context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.send("Network.emulateNetworkConditions", SLOW)
    for path in ("/", "/examples/template"):
        page.goto(path)
        page.wait_for_selector(".al-menu")
        assert page.evaluate(SHIFT) <= 0.02, path


@pytest.mark.parametrize("width", [390, 1280])
def test_the_side_panel_leads_to_what_the_page_thinks_of_a_person(page: Page, width: int) -> None:
    axe.install()
    page.set_viewport_size({"width": width, "height": 900})
    open_page(page)
    become(page, 1)
    page.locator(".engine").get_by_role("button", name="What this page thinks of you").click()
    page.wait_for_url("**/api/about/course-home/you")
    assert page.get_by_role("button", name="Strike out").count() > 2
    assert page.get_by_text("You use").count() > 0
    assert axe.violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
