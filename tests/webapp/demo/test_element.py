"""`<adaptive-layout>` fetches its layout on a page that the server did not prepare."""

from __future__ import annotations

import json

from playwright.sync_api import Page, Route

from tests.webapp.demo.steps import open_page, order, wait_for

AUTHORED = ["glossary", "forum", "content", "quiz"]


def write_page(page: Page, attributes: str = "", script: str = "") -> None:
    """Serves /plain beside the demo: the element with four blocks in its own order."""
    token = page.get_attribute("adaptive-layout", "token")
    source = page.get_attribute("script[src*=adaptive-layout]", "src")
    blocks = "".join(f'<div data-block="{b}"><h2>{b}</h2></div>' for b in AUTHORED)
    html = (
        f'<!doctype html><title>plain</title><script type="module" src="{source}"></script>'
        f'<script type="module">{script}</script>'
        f'<adaptive-layout surface="course-home" token="{token}" {attributes}>{blocks}'
        '<div data-block="retired">gone</div></adaptive-layout>'
    )
    page.route("**/plain", lambda route: route.fulfill(body=html, content_type="text/html"))


def test_it_fetches_the_layout_and_orders_the_blocks_it_finds(page: Page) -> None:
    open_page(page)
    expected = [block for block in order(page) if block in AUTHORED]
    write_page(page)
    page.goto("/plain")
    wait_for(lambda: order(page) == [*expected, "retired"])
    assert not page.locator("[data-block=retired]").is_visible()
    assert page.locator("[data-block=quiz]").is_visible()


def test_a_layout_that_is_known_is_not_sent_again(page: Page) -> None:
    open_page(page)
    sizes = page.evaluate(
        """async () => {
          const client = document.querySelector('adaptive-layout').client;
          await client.load();
          await client.load();
          const entries = performance.getEntriesByType('resource');
          return entries.filter(e => e.name.includes('/api/layout')).map(e => e.transferSize);
        }"""
    )
    first, second = sizes
    assert second < first / 2, "only headers travel: 304"


def test_a_late_layout_leaves_the_page_as_it_was_written(page: Page) -> None:
    open_page(page)
    write_page(page, 'timeout="50"')

    def late(route: Route) -> None:
        page.wait_for_timeout(400)
        route.continue_()

    page.route("**/api/layout*", late)
    page.goto("/plain")
    page.wait_for_timeout(800)
    assert order(page) == [*AUTHORED, "retired"]
    assert page.locator("[data-block=glossary]").is_visible()


def test_another_grid_may_render_the_payload(page: Page) -> None:
    open_page(page)
    write_page(
        page,
        script="document.querySelector('adaptive-layout').renderer ="
        " payload => { window.handed = payload.layouts; };",
    )
    page.goto("/plain")
    wait_for(lambda: page.evaluate("Boolean(window.handed)"))
    with page.expect_response("**/api/events") as answer:
        page.locator("[data-block=retired]").click()
        page.locator("[data-block=forum]").click()
    assert answer.value.ok, "a block that is not on the surface spoils no batch"
    handed = json.loads(page.evaluate("JSON.stringify(window.handed)"))
    assert {"i", "id", "x", "y", "w", "h", "static"} <= set(handed["desktop"][0])
    assert order(page) == [*AUTHORED, "retired"]
