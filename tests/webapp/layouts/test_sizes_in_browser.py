"""Resizing a block in real Chromium, by keyboard, at the width that is shown."""

from __future__ import annotations

import os
from math import prod

import pytest
from playwright.sync_api import Browser

from tests.webapp import axe
from tests.webapp.conftest import COURSE
from tests.webapp.layouts import test_put_away_in_browser as pages
from tests.webapp.layouts.test_put_away_in_browser import browser as browser
from tests.webapp.layouts.test_sizes import allow
from webapp.serving.pages import serving
from webapp.surfaces.services import surface_save

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
CELLS = """id => {
  const block = document.querySelector(`[data-block=${id}]`);
  const { gridColumnEnd, gridRowEnd } = getComputedStyle(block);
  return [gridColumnEnd, gridRowEnd].map((end) => +end.replace('span ', ''));
}"""


@pytest.fixture
def server(live_server, settings, owner):
    settings.ROOT_URLCONF = pages.__name__
    allow()
    return live_server


@pytest.mark.parametrize("width", [1440, 800])
def test_a_block_grows_and_shrinks_by_keyboard_and_undo_takes_it_back(
    browser: Browser, server, owner, width
):
    page = pages.opened(browser, server, width)
    before = page.evaluate(CELLS, "glossary")
    said = pages.press(page, "Larger", "glossary")
    assert said == "Glossary has another size."
    assert page.evaluate(pages.FOCUSED) == ["al-menu", "glossary"]
    assert prod(page.evaluate(CELLS, "glossary")) > prod(before)
    page.locator("[data-block=glossary] .al-menu").click()
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=f"{folder}/sizes-{width}.png")
    assert axe.violations(page) == []

    page.get_by_role("button", name="Undo").focus()
    pages.answered(page)
    assert page.evaluate(CELLS, "glossary") == before
    pages.press(page, "Smaller", "glossary")
    assert prod(page.evaluate(CELLS, "glossary")) < prod(before)
    page.context.close()


def test_where_sizes_do_not_change_nothing_is_offered(browser: Browser, server, owner):
    surface_save(COURSE)
    serving.refresh()
    page = pages.opened(browser, server)
    page.click("[data-block=glossary] .al-menu")
    assert page.locator("[data-block=glossary] button[name=pin]").count() == 1
    assert page.locator("[data-block=glossary] button[name=larger]").count() == 0
    page.context.close()
