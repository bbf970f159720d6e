"""The time slider shows the page before each visit, and using it changes nothing."""

from __future__ import annotations

from playwright.sync_api import Browser, Page

from tests.webapp.demo.conftest import Demo
from tests.webapp.demo.steps import (
    READY,
    become,
    events,
    open_page,
    order,
    person_key,
    use,
    wait_for,
)


def slide(page: Page, visit: int) -> None:
    page.evaluate(
        "visit => { const slider = document.querySelector('.time input');"
        " slider.value = visit; slider.dispatchEvent(new Event('input')); }",
        visit,
    )
    said = f"Before visit {visit + 1} of" if visit < last(page) else "Now"
    assert (page.get_attribute(".time input", "aria-valuetext") or "").startswith(said)
    wait_for(lambda: page.locator(".time output").inner_text().startswith(said))


def last(page: Page) -> int:
    return int(page.get_attribute(".time input", "max") or 0)


def test_the_page_adapts_from_visit_to_visit_within_the_budget(page: Page) -> None:
    open_page(page)
    become(page, 1)
    now, seen = order(page), []
    for visit in range(min(10, last(page))):
        slide(page, visit)
        seen.append(order(page))
        assert page.locator(".badge.moved:visible").count() <= 3
    assert len({tuple(shown) for shown in seen}) > 1
    assert [a for a in seen if sorted(a) != sorted(now)] == []
    slide(page, last(page))
    assert order(page) == now


def test_what_is_done_in_the_past_does_not_count(page: Page, demo: Demo) -> None:
    open_page(page)
    become(page, 1)
    key = person_key(page)
    slide(page, 2)
    assert not page.locator(".al-menu").first.is_visible()
    before = len(events(demo, key, "use"))
    with page.expect_response("**/api/events") as answer:
        use(page, "forum")
        page.evaluate("document.querySelector('adaptive-layout').client.flush()")
    assert answer.value.json()["accepted"] == 0
    assert len(events(demo, key, "use")) == before
    assert "past" in page.locator(".toast").inner_text()


def test_without_script_the_past_is_a_page_of_its_own(browser: Browser, demo: Demo) -> None:
    context = browser.new_context(base_url=demo.address)
    page = context.new_page()
    open_page(page)
    become(page, 1)
    slide(page, 4)
    with_script, cookies = order(page), context.cookies()
    context.close()
    plain = browser.new_context(base_url=demo.address, java_script_enabled=False)
    plain.add_cookies(cookies)  # type: ignore[arg-type]
    page = plain.new_page()
    page.goto("/?visit=4")
    blocks = page.locator("[data-block]")
    assert [blocks.nth(i).get_attribute("data-block") for i in range(blocks.count())] == with_script
    assert page.locator(".al-menu").count() == 0
    plain.close()


def test_a_switch_of_persons_survives_a_click_within_the_page(page: Page) -> None:
    open_page(page)
    page.evaluate(
        "() => { document.querySelectorAll('button.person')[3].click();"
        " document.querySelector('[data-block] a').click(); }"
    )
    page.wait_for_selector("button.person:nth-of-type(4)[aria-current=true]")
    page.wait_for_selector(READY)
    assert page.url.endswith("/")


def test_arabic_runs_from_right_to_left_and_names_every_block(page: Page) -> None:
    open_page(page)
    with page.expect_navigation():
        page.get_by_role("button", name="العربية").click()
    page.wait_for_selector(READY)
    assert page.get_attribute("html", "dir") == "rtl"
    boxes = page.eval_on_selector_all(
        "[data-block]",
        "blocks => blocks.map(b => b.getBoundingClientRect()).map(b => [b.top, -b.right])",
    )
    assert boxes == sorted(boxes), "reading order is what the eye sees"
    titles = page.locator("[data-block] h2").all_inner_texts()
    assert all(any("\u0600" <= c <= "\u06ff" for c in title) for title in titles)
    assert page.get_by_role("button", name="تراجع").is_visible()
