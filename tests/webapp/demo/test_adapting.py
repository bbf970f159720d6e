"""The demo page adapts to uses between visits, and never within a visit."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from playwright.sync_api import Browser, Page

from tests.patience import PATIENCE
from tests.webapp.demo.conftest import Demo
from tests.webapp.demo.steps import (
    become,
    events,
    next_visit,
    open_page,
    order,
    person_key,
    rank,
    use,
    wait_for,
)


def test_a_block_that_is_used_rises_at_a_following_visit(page: Page) -> None:
    open_page(page)
    before = order(page)
    last = before[-1]
    for _ in range(6):
        use(page, last)
        next_visit(page)
        if rank(page, last) < len(before) - 1:
            break

    assert rank(page, last) < before.index(last)
    moved = page.evaluate("document.querySelector('adaptive-layout').payload.stability.moved")
    assert last in moved
    assert page.locator(".badge.moved:visible").count() == len(moved)
    assert page.locator(f"[data-block={last}] .reason").inner_text() != ""


def test_a_reload_keeps_the_layout_and_the_next_visit_may_change_it(page: Page) -> None:
    open_page(page)
    before = order(page)
    for _ in range(3):
        use(page, before[-1])
        page.reload()
        assert order(page) == before


def test_simulated_people_with_different_habits_see_different_pages(page: Page) -> None:
    open_page(page)
    buttons = page.locator("button.person")
    seen = {tuple(order(page))}
    for i in (2, 4, 6):
        become(page, i)
        seen.add(tuple(order(page)))
    assert buttons.count() >= 4
    assert len(seen) >= 3, "the newcomer's page among them"
    assert page.get_by_text("simulated people").is_visible()


def test_the_worker_folds_what_was_clicked(page: Page, demo: Demo) -> None:
    open_page(page)
    use(page, order(page)[0])
    key = person_key(page)
    wait_for(lambda: len(events(demo, key, "use")) == 1)

    def is_folded() -> bool:
        with closing(sqlite3.connect(demo.var / "db.sqlite3", timeout=PATIENCE)) as database:
            pending = database.execute(
                "SELECT count(*) FROM subjects_event e JOIN subjects_profile p"
                " ON p.id = e.profile_id JOIN subjects_subject s ON s.id = p.subject_id"
                " WHERE s.key = ? AND e.fold = 'pending'",
                (key,),
            ).fetchone()[0]
        return bool(pending == 0)

    wait_for(is_folded)


def test_without_script_the_page_has_the_same_order_and_works(browser: Browser, demo: Demo) -> None:
    context = browser.new_context(base_url=demo.address, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    open_page(page)
    with_script = order(page)
    cookies = context.cookies()
    context.close()

    plain = browser.new_context(
        base_url=demo.address, java_script_enabled=False, viewport={"width": 1280, "height": 900}
    )
    plain.add_cookies(cookies)  # type: ignore[arg-type]
    page = plain.new_page()
    page.goto("/")
    blocks = page.locator("[data-block]")
    assert [blocks.nth(i).get_attribute("data-block") for i in range(blocks.count())] == with_script
    boxes = [blocks.nth(i).bounding_box() for i in range(blocks.count())]
    places = [(round(box["y"]), round(box["x"])) for box in boxes if box]
    assert places == sorted(places)
    assert len({x for _, x in places}) > 1, "the grid is in place without script"
    page.get_by_role("button", name="Begin the next visit").click()
    blocks.nth(len(with_script) - 1).wait_for()  # `count` alone does not wait for the next page
    assert blocks.count() == len(with_script)
    plain.close()
