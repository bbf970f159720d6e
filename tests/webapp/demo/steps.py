"""Steps of a person on the demo page, and readings that tests take from it."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing

from playwright.sync_api import Page

from tests.patience import PATIENCE
from tests.webapp.demo.conftest import Demo

READY = "adaptive-layout .al-menu"


def open_page(page: Page, slug: str = "course-home") -> None:
    """Opens one of the demo's pages as a newcomer."""
    page.goto(f"/?page={slug}&new")
    page.wait_for_selector(READY)


def order(page: Page) -> list[str]:
    """Returns block ids in DOM order."""
    found: list[str] = page.eval_on_selector_all(
        "[data-block]", "blocks => blocks.map(block => block.dataset.block)"
    )
    return found


def rank(page: Page, block: str) -> int:
    return order(page).index(block)


def use(page: Page, block: str) -> None:
    page.locator(f"[data-block={block}] a").first.click()


def next_visit(page: Page) -> None:
    with page.expect_navigation():
        page.get_by_role("button", name="Begin the next visit").click()
    page.wait_for_selector(READY)


def become(page: Page, number: int) -> None:
    """Switches to one of the people; 0 is the newcomer."""
    with page.expect_navigation():
        page.locator("button.person").nth(number).click()
    page.wait_for_selector(READY)


def open_options(page: Page, block: str) -> None:
    page.locator(f"[data-block={block}] .al-menu").click()
    page.wait_for_selector(f"[data-block={block}] .al-panel")


def ask(page: Page, button: str) -> None:
    """Presses one of the client's buttons and waits for the next layout."""
    page.evaluate("document.querySelector('.al-live').textContent = ''")
    with page.expect_response(lambda r: r.url.endswith("/feedback")):
        page.get_by_role("button", name=button, exact=True).click()
    wait_for(lambda: said(page) != "")


def said(page: Page) -> str:
    return page.locator(".al-live").inner_text()


def flush(page: Page) -> None:
    page.evaluate("document.querySelector('adaptive-layout').client.flush()")


def person_key(page: Page) -> str:
    key = page.get_attribute("button.person[aria-current=true]", "value")
    assert key
    return key


def events(demo: Demo, key: str, kind: str) -> list[tuple[str, str]]:
    """Returns (event id, block) of a person's stored events of a kind."""
    with closing(sqlite3.connect(demo.var / "db.sqlite3", timeout=PATIENCE)) as database:
        return database.execute(
            "SELECT e.event_id, e.block FROM subjects_event e"
            " JOIN subjects_profile p ON p.id = e.profile_id"
            " JOIN subjects_subject s ON s.id = p.subject_id"
            " WHERE s.key = ? AND e.kind = ?",
            (key, kind),
        ).fetchall()


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
