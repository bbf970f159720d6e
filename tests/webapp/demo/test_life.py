"""One life of `<adaptive-layout>`: connected, moved, removed, copied, adopted."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.webapp.demo.site import LOADED, Site, markup, payload
from tests.webapp.demo.steps import flush, order, use, wait_for

SWAP = """(html) => {
  document.querySelector('#here').innerHTML = html;
}"""
CLIENT = "document.querySelector('adaptive-layout').client"
SHEETS = "document.adoptedStyleSheets.length"


def written(site: Site, page: Page, html: str = "", **more: str) -> None:
    site.pages["/"] = f"{LOADED}<div id=here>{html or markup(boot=payload(), **more)}</div>"
    page.goto("/")
    page.wait_for_selector(".al-menu")


def test_after_twenty_swaps_one_click_sends_one_batch(plain: Page, site: Site) -> None:
    written(site, plain)
    sheets = plain.evaluate(SHEETS)
    for _ in range(20):
        plain.evaluate(SWAP, markup(boot=payload()))
    flush(plain)
    wait_for(lambda: len(site.events) >= 1)
    plain.wait_for_timeout(300)
    before = len(site.events)
    use(plain, "b")
    wait_for(lambda: site.noted("use") != [])
    plain.wait_for_timeout(1500)
    assert site.noted("use") == ["b"]
    assert len(site.events) == before + 1
    assert plain.evaluate(SHEETS) == sheets


def test_a_snapshot_that_is_restored_has_one_menu_a_block_and_one_live_region(
    plain: Page, site: Site
) -> None:
    written(site, plain)
    plain.locator("[data-block=b] .al-menu").click()
    plain.wait_for_selector(".al-panel")
    plain.evaluate(SWAP, plain.inner_html("#here"))  # as htmx and Turbo restore a page
    plain.wait_for_timeout(200)
    assert plain.locator(".al-menu").count() == 3
    assert plain.locator(".al-live").count() == 1
    assert plain.locator(".al-bar button").count() == 3
    assert plain.locator(".al-panel").count() == 0
    plain.locator("[data-block=b] .al-menu").click()
    assert plain.locator(".al-panel").count() == 1


def test_a_snapshot_shows_what_was_asked_for_after_it_was_rendered(plain: Page, site: Site) -> None:
    written(site, plain)
    site.layout = payload(("b", "a", "c"))
    before = plain.inner_html("#here")
    plain.evaluate("document.querySelector('adaptive-layout').move('b', 0)")
    wait_for(lambda: order(plain) == ["b", "a", "c"])
    plain.evaluate(SWAP, before)
    assert order(plain) == ["b", "a", "c"]


def test_an_element_that_is_moved_within_the_page_counts_nothing_twice(
    plain: Page, site: Site
) -> None:
    written(site, plain)
    plain.evaluate(
        "() => { document.body.append(document.createElement('main'));"
        " document.querySelector('main').append(document.querySelector('adaptive-layout')); }"
    )
    use(plain, "a")
    flush(plain)
    wait_for(lambda: site.noted("use") != [])
    plain.wait_for_timeout(1300)
    assert site.noted("use") == ["a"]
    assert site.noted("impression").count("") == 1
    assert plain.locator(".al-menu").count() == 3


def test_an_element_that_is_gone_listens_to_nothing(plain: Page, site: Site) -> None:
    written(site, plain)
    plain.evaluate("window.kept = document.querySelector('adaptive-layout'); kept.remove()")
    plain.wait_for_timeout(50)
    assert plain.evaluate(SHEETS) == 0
    plain.evaluate("kept.querySelector('a').click()")
    plain.evaluate("kept.client.flush()")
    plain.wait_for_timeout(500)
    assert site.noted("use") == []
    plain.evaluate("document.querySelector('#here').append(kept)")
    use(plain, "c")
    flush(plain)
    wait_for(lambda: site.noted("use") == ["c"])
    assert plain.locator(".al-menu").count() == 3


def test_an_element_is_adopted_by_another_document(plain: Page, site: Site) -> None:
    site.pages["/frame"] = "<!doctype html><p>frame</p>"
    site.pages["/"] = f"{LOADED}<iframe src='/frame' width=700 height=500></iframe>" + markup(
        boot=payload()
    )
    plain.goto("/")
    plain.wait_for_selector(".al-menu")
    plain.evaluate(
        "document.querySelector('iframe').contentDocument.body.append("
        "document.querySelector('adaptive-layout'))"
    )
    frame = plain.frame_locator("iframe")
    frame.locator("[data-block=c] .al-menu").click()
    assert frame.locator(".al-panel").count() == 1
    assert frame.locator("[data-grid]").evaluate("e => getComputedStyle(e).display") == "grid"
    frame.locator("[data-block=c] a").click()
    assert frame.locator(".al-panel").count() == 1, "a click in the block is inside"
    frame.get_by_text("frame").click()
    assert frame.locator(".al-panel").count() == 0
    assert plain.evaluate(SHEETS) == 0


def test_a_second_copy_of_the_module_does_not_throw_and_sends_nothing_twice(
    plain: Page, site: Site
) -> None:
    written(site, plain)
    plain.evaluate(
        "async () => { const { LayoutClient } = await import('/copy.js');"
        " window.second = new LayoutClient({ surface: 'home' }); }"
    )
    assert plain.evaluate(f"second === {CLIENT}")
    use(plain, "a")
    plain.evaluate("second.flush()")
    wait_for(lambda: site.noted("use") != [])
    plain.wait_for_timeout(300)
    assert site.noted("use") == ["a"]


def test_one_surface_twice_is_one_sender_and_both_follow_a_wish(plain: Page, site: Site) -> None:
    written(site, plain, markup(boot=payload()) * 2)
    site.layout = payload(("c", "b", "a"))
    plain.wait_for_timeout(300)
    plain.evaluate("document.querySelector('adaptive-layout').move('c', 0)")
    wait_for(lambda: order(plain) == ["c", "b", "a"] * 2)
    flush(plain)
    wait_for(lambda: site.events != [])
    assert site.noted("impression").count("") == 1
    assert site.noted("impression").count("a") == 1
    assert plain.locator(".al-menu").count() == 6


def test_two_surfaces_count_each_for_itself(plain: Page, site: Site) -> None:
    other = payload(decision="other", surface="other")
    second = markup(boot=other).replace('surface="home"', 'surface="other"')
    written(site, plain, markup(boot=payload()) + second)
    plain.locator("[surface=other] [data-block=b] a").click()
    plain.evaluate("document.querySelector('[surface=other]').client.flush()")
    wait_for(lambda: site.noted("use") == ["b"])
    used = [b for b in site.events if any(e["type"] == "use" for e in b["events"])]
    assert [batch["decision"] for batch in used] == ["other"]
    seen = [b["decision"] for b in site.events for e in b["events"] if "block" not in e]
    assert sorted(seen) == ["a-b-c", "other"]


@pytest.mark.parametrize("has_div", [True, False])
def test_inside_a_shadow_root_styles_apply_and_a_click_is_inside(
    plain: Page, site: Site, has_div: bool
) -> None:
    site.pages["/"] = f"{LOADED}<p>outside</p><x-host></x-host>"
    plain.goto("/")
    html = markup(grid=has_div, boot=payload())
    plain.evaluate(
        "html => { document.querySelector('x-host').attachShadow({ mode: 'open' })"
        ".innerHTML = html; }",
        html,
    )
    plain.locator("[data-block=b] .al-menu").click()
    panel = plain.locator(".al-panel")
    assert panel.count() == 1
    assert panel.evaluate("e => getComputedStyle(e).position") == "absolute"
    boxes = [plain.locator(f"[data-block={b}]").bounding_box() for b in "ab"]
    assert boxes[0] and boxes[1] and boxes[0]["y"] == boxes[1]["y"], "side by side: a grid"
    panel.locator("p").first.click()
    assert panel.count() == 1, "a click in the panel is inside"
    plain.locator("[data-block=a] a").click()
    assert panel.count() == 0
    plain.locator("adaptive-layout").evaluate("e => e.client.flush()")
    wait_for(lambda: site.noted("use") == ["a"])


def test_after_fifty_swaps_the_heap_is_back(plain: Page, site: Site) -> None:
    written(site, plain)
    session = plain.context.new_cdp_session(plain)

    def heap() -> float:
        for _ in range(3):
            session.send("HeapProfiler.collectGarbage")
        return float(session.send("Runtime.getHeapUsage")["usedSize"])

    def swap(times: int) -> None:
        for _ in range(times):
            plain.evaluate(SWAP, markup(boot=payload()))

    swap(5)
    plain.wait_for_timeout(300)
    before = heap()
    swap(50)
    plain.wait_for_timeout(300)
    assert heap() <= 1.1 * before
