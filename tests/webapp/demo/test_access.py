"""Accessibility of the page: keyboard, reduced motion, narrow screens, no layout shifts."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page

from tests.webapp.demo.conftest import Demo
from tests.webapp.demo.steps import (
    ask,
    next_visit,
    open_options,
    open_page,
    order,
    rank,
    said,
    wait_for,
)

FOCUSED_BLOCK = "document.activeElement.closest('[data-block]')?.dataset.block ?? ''"
SHIFT = """() => new Promise(done => {
  let total = 0;
  new PerformanceObserver(list => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) total += entry.value;
  }).observe({type: 'layout-shift', buffered: true});
  setTimeout(() => done(total), 500);
})"""


def test_focus_visits_the_blocks_in_reading_order(page: Page) -> None:
    open_page(page)
    seen: list[str] = []
    for _ in range(120):
        page.keyboard.press("Tab")
        block = page.evaluate(FOCUSED_BLOCK)
        if block and block not in seen:
            seen.append(block)
    assert seen == order(page)


def test_a_block_is_moved_by_keyboard_alone_and_keeps_the_focus(page: Page) -> None:
    open_page(page)
    block = order(page)[2]
    page.locator(f"[data-block={block}] .al-menu").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".al-panel")
    names = []
    for _ in range(3):
        name = page.evaluate("document.activeElement.name")
        names.append(name)
        if name == "earlier":
            break
        page.keyboard.press("Tab")
    assert names[-1] == "earlier"
    with page.expect_response(lambda r: "/api/feedback" in r.url):
        page.keyboard.press("Enter")
    wait_for(lambda: said(page) != "")

    assert rank(page, block) == 1
    assert said(page).endswith(f"is now number 2 of {len(order(page))}.")
    assert page.evaluate(FOCUSED_BLOCK) == block


@pytest.mark.parametrize(("motion", "is_still"), [("reduce", True), ("no-preference", False)])
def test_blocks_glide_unless_motion_is_unwanted(page: Page, motion: str, is_still: bool) -> None:
    page.emulate_media(reduced_motion=motion)  # type: ignore[arg-type]
    open_page(page)
    page.evaluate(
        "() => { Element.prototype.animate = new Proxy(Element.prototype.animate,"
        " {apply: (f, e, a) => { window.glided = true; return Reflect.apply(f, e, a); }}); }"
    )
    open_options(page, order(page)[3])
    ask(page, "Move up")
    assert page.evaluate("!window.glided") == is_still


@pytest.mark.parametrize("width", [390, 820, 1280])
def test_nothing_shifts_and_nothing_overflows(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    open_page(page)
    assert page.evaluate(SHIFT) <= 0.02
    next_visit(page)
    assert page.evaluate(SHIFT) <= 0.02
    overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert overflow <= 0
    places = page.eval_on_selector_all(
        "[data-block]",
        "blocks => blocks.map(b => b.getBoundingClientRect()).map(b => [b.top, b.left])",
    )
    assert places == sorted(places), "reading order is what the eye sees"


def test_controls_are_large_enough_to_touch(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    open_page(page)
    small = page.eval_on_selector_all(
        "button, [data-block] a",
        "all => all.filter(e => { const b = e.getBoundingClientRect();"
        " return b.width < 24 || b.height < 24; }).map(e => e.outerHTML)",
    )
    assert small == []


def test_the_client_and_the_server_write_the_same_grid(browser: Browser, demo: Demo) -> None:
    page = browser.new_context(base_url=demo.address).new_page()
    open_page(page)
    same = page.evaluate(
        """async () => {
          const {gridCss} = await import(document.querySelector('script[src*=adaptive]').src);
          const element = document.querySelector('adaptive-layout');
          const surface = element.getAttribute('surface');
          const css = gridCss(element.payload, `adaptive-layout[surface="${surface}"]>[data-grid]`);
          return element.querySelector('style').textContent.includes(css);
        }"""
    )
    assert same
    page.context.close()
