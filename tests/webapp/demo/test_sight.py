"""What is seen and printed: tall blocks, reduced motion, paper."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Page

from tests.webapp.demo.site import LOADED, Site, markup, payload
from tests.webapp.demo.steps import flush, order, wait_for
from tests.webapp.demo.test_access import SHIFT


@pytest.mark.parametrize("screens", [5, 40])
def test_a_block_taller_than_several_screens_is_seen(plain: Page, site: Site, screens: int) -> None:
    plain.set_viewport_size({"width": 400, "height": 800})
    style = f"<style>[data-block=b] {{ height: {screens * 800}px }}</style>"
    above = "<div style='height: 3000px'></div>"
    site.pages["/"] = LOADED + style + above + markup("", boot=payload())
    plain.goto("/")
    wait_for(lambda: plain.evaluate("Boolean(document.querySelector('adaptive-layout').payload)"))
    plain.mouse.move(200, 400)
    plain.evaluate("scrollTo(0, 2100)")  # as one scrolls: a little at a time, from above
    for _ in range(28):
        plain.mouse.wheel(0, 80)
        plain.wait_for_timeout(40)
    flush(plain)
    wait_for(lambda: "b" in site.noted("impression"))


def test_with_reduced_motion_a_late_answer_shifts_nothing(plain: Page, site: Site) -> None:
    plain.emulate_media(reduced_motion="reduce")
    tall = "<style>[data-block] { min-height: 300px; background: #def }</style>"
    site.pages["/"] = LOADED + tall + markup(boot=payload())
    plain.goto("/")
    plain.wait_for_selector(".al-menu")
    site.layout = payload(("c", "b", "a"))
    site.on_wish = lambda wish: be_late()
    plain.locator("[data-block=c] .al-menu").click()
    plain.get_by_role("button", name="Move up").click()
    wait_for(lambda: order(plain) == ["c", "b", "a"])
    assert plain.evaluate(SHIFT) <= 0.02
    wait_for(lambda: plain.evaluate("!document.querySelector('[data-block=c]').style.translate"))


def be_late() -> None:
    """Longer than the half second in which a shift counts as the press's own."""
    time.sleep(0.9)


def test_on_paper_there_are_no_controls(plain: Page, site: Site) -> None:
    own = "<style>.al-bar { display: flex } .al-panel { display: block }</style>"
    site.pages["/"] = LOADED + own + markup(boot=payload())
    plain.goto("/")
    plain.locator("[data-block=a] .al-menu").click()
    assert plain.locator(".al-panel").is_visible()
    plain.emulate_media(media="print")
    for part in (".al-bar", ".al-menu", ".al-panel"):
        assert not plain.locator(part).first.is_visible(), part
    assert plain.locator("[data-block=a] h2").is_visible()


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
def test_the_panel_stays_inside_a_page_of_320_px(plain: Page, site: Site, direction: str) -> None:
    plain.set_viewport_size({"width": 320, "height": 700})
    site.pages["/"] = (
        f"<!doctype html><html dir={direction}><meta name=viewport content=width=device-width>"
        f"<style>body {{ margin: 0 }}</style>{LOADED}{markup(boot=payload())}"
    )
    plain.goto("/")
    plain.locator("[data-block=a] .al-menu").click()
    box = plain.locator(".al-panel").bounding_box()
    assert box and box["x"] >= 0 and box["x"] + box["width"] <= 320
    assert plain.evaluate("document.documentElement.scrollWidth") <= 320
