"""Explicit wishes: pin, move, undo, freeze, reset, and the reason for a block's place."""

from __future__ import annotations

import os

from playwright.sync_api import Page

from tests.webapp.demo.steps import (
    ask,
    next_visit,
    open_options,
    open_page,
    order,
    rank,
    said,
    use,
    wait_for,
)


def test_a_pinned_block_keeps_its_rank_over_visits(page: Page) -> None:
    open_page(page)
    held, used = order(page)[-2:]
    open_options(page, held)
    ask(page, "Keep it here")
    assert "stays where it is" in said(page)
    marked = page.locator("[data-pinned]")
    assert [marked.get_attribute("data-block"), marked.count()] == [held, 1]
    assert marked.locator(".badge.pinned").is_visible()
    page.locator(".engine", has_text="Arranged by hand").wait_for()
    assert page.get_by_text("No codebook version").count() == 0
    before = rank(page, held)
    for _ in range(3):
        use(page, used)
        next_visit(page)
        assert rank(page, held) == before
    open_options(page, held)
    ask(page, "Let it move")
    assert page.locator("[data-pinned], .badge.pinned:visible").count() == 0


def test_a_moved_block_stands_where_it_was_put_and_undo_takes_it_back(page: Page) -> None:
    open_page(page)
    earlier = order(page)
    use(page, earlier[-1])
    next_visit(page)
    before = order(page)
    assert before != earlier, "the engine moved something"
    block = before[3]
    open_options(page, block)
    ask(page, "Move up")
    assert order(page) == [*before[:2], block, before[2], *before[4:]]
    page.reload()
    assert rank(page, block) == 2
    page.wait_for_selector(".al-bar button")
    ask(page, "Undo")
    assert order(page) == before, "the move alone is taken back"
    assert "last change" in said(page)
    undo = page.get_by_role("button", name="Undo", exact=True)
    ask(page, "Undo")
    assert "as it was" in said(page)
    assert order(page) == earlier, "as it was at the visit before"
    assert undo.get_attribute("aria-disabled") == "true"
    undo.dispatch_event("click")
    wait_for(lambda: "nothing to undo" in said(page))


def test_what_is_folded_and_put_away_stays_over_visits_and_stands_in_the_panel(page: Page) -> None:
    open_page(page)
    open_options(page, "glossary")
    ask(page, "Put it away")
    open_options(page, "forum")
    ask(page, "Show only its title")
    panel = page.locator(".engine .away")
    panel.get_by_text("put away", exact=True).wait_for()
    use(page, "quiz")
    next_visit(page)
    assert page.locator("[data-block=glossary]").is_hidden()
    assert page.locator("[data-block=forum] h2").is_hidden()
    assert "Glossary" in panel.inner_text() and "title only" in panel.inner_text()
    ask(page, "Bring back Glossary")
    assert page.locator("[data-block=glossary] h2").is_visible()


def test_new_sizes_of_the_health_portal_stand_in_the_panel(page: Page) -> None:
    open_page(page, "health-portal")
    panel = page.locator(".engine .sizes")
    assert "Every block has its default size." in panel.inner_text()
    used = order(page)[-1]
    for _ in range(6):
        use(page, used)
        next_visit(page)
        if panel.locator(".badge").count():
            break
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=f"{folder}/demo-sizes.png", full_page=True)
    assert panel.locator(".badge").first.inner_text() in ("larger", "smaller")
    open_options(page, used)
    ask(page, "Larger")
    assert "has another size" in said(page)
    page.locator(".engine", has_text="Sized by this person").wait_for()


def test_what_the_operations_page_points_to_stands_in_the_panel(page: Page) -> None:
    open_page(page, "operations")
    panel = page.locator(".engine .expected")
    assert "No block: none is likely enough" in panel.inner_text()
    used = order(page)[-1]
    for _ in range(4):
        use(page, used)
        next_visit(page)
    title = page.locator(f"[data-block={used}] h2").inner_text()
    assert f"{title} is marked as likely next" in panel.inner_text()
    assert page.locator("[data-block][data-expected]").get_attribute("data-block") == used
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=f"{folder}/demo-expected.png", full_page=True)


def test_a_frozen_layout_stays_over_visits(page: Page) -> None:
    open_page(page)
    before = order(page)
    ask(page, "Freeze")
    freeze = page.get_by_role("button", name="Freeze")
    assert freeze.get_attribute("aria-pressed") == "true"
    for _ in range(3):
        use(page, before[-1])
        next_visit(page)
        assert order(page) == before
    assert freeze.get_attribute("aria-pressed") == "true"


def test_the_order_without_profiling_is_chosen_and_lifted_by_keyboard(page: Page) -> None:
    open_page(page)
    plain = page.get_by_role("button", name="Order without profiling")
    plain.focus()
    with page.expect_response(lambda r: "/api/feedback" in r.url) as answer:
        page.keyboard.press("Enter")
    assert answer.value.json()["status"] == "plain"
    page.get_by_text("You see the order without profiling.").wait_for()
    assert plain.get_attribute("aria-pressed") == "true"
    shown = order(page)
    use(page, shown[-1])
    next_visit(page)
    assert order(page) == shown
    assert plain.get_attribute("aria-pressed") == "true"
    with page.expect_response(lambda r: "/api/feedback" in r.url) as answer:
        plain.press("Enter")
    assert answer.value.json()["status"] != "plain"
    page.get_by_role("link", name="How this page is ordered").click()
    page.get_by_role("heading", name="What decides, and how much it weighs").wait_for()


def test_reset_returns_to_the_default(page: Page) -> None:
    open_page(page)
    block = order(page)[3]
    open_options(page, block)
    ask(page, "Move up")
    moved = order(page)
    ask(page, "Reset")
    assert order(page) != moved
    assert "default" in said(page)


def test_every_block_says_why_it_is_there(page: Page) -> None:
    open_page(page)
    for block in order(page):
        open_options(page, block)
        panel = page.locator(f"[data-block={block}] .al-panel")
        assert panel.get_by_text("Why is this here?").is_visible()
        assert len(panel.locator("p").nth(1).inner_text()) > 10
        page.keyboard.press("Escape")
        assert panel.count() == 0
