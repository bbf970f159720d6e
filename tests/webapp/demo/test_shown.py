"""Nothing counts before a page is shown, and a page that is shown again asks again."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.webapp.demo.conftest import ARGUMENTS, CHROMIUM
from tests.webapp.demo.site import LOADED, Site, markup, payload
from tests.webapp.demo.steps import flush, order, use, wait_for

PRERENDERING = """<!doctype html><script type="speculationrules">
{"prerender": [{"urls": ["/next"], "eagerness": "immediate"}]}</script><p>start
<script>setInterval(async () => {
  if ((await fetch('/go')).ok) location.href = '/next';
}, 300)</script>"""
RAN = "if (document.prerendering) fetch('/api/layout?ran')"
SEE = """(state) => {
  Object.defineProperty(document, 'visibilityState', { value: state, configurable: true });
  document.dispatchEvent(new Event('visibilitychange'));
}"""


@pytest.fixture
def keeping(browser: Browser, site: Site) -> Iterator[Page]:
    """A page of a browser that keeps pages for going back, as people's browsers do."""
    own = browser.browser_type.launch(
        executable_path=CHROMIUM,
        args=ARGUMENTS,
        ignore_default_args=["--disable-back-forward-cache"],
    )
    yield own.new_context(base_url=site.address).new_page()
    own.close()


def test_a_prerendered_page_counts_nothing_before_it_is_shown(
    browser: Browser, site: Site, tmp_path: Path
) -> None:
    """By Chromium alone: it prerenders nothing for Playwright."""
    site.pages["/"] = PRERENDERING
    site.pages["/next"] = f"<script>{RAN}</script>{LOADED}{markup(boot=payload())}"
    quiet = ["--headless", "--remote-debugging-port=0", f"--user-data-dir={tmp_path}", *ARGUMENTS]
    allowed = [a for a in quiet if a != "--disable-background-networking"]
    chromium = subprocess.Popen(
        [str(CHROMIUM), *allowed, f"{site.address}/"], stderr=subprocess.DEVNULL
    )
    try:
        wait_for(lambda: site.asked == 1)
        time.sleep(2.5)
        assert site.events == []
        site.pages["/go"] = "now"
        wait_for(lambda: "" in site.noted("impression"))
    finally:
        chromium.terminate()
        chromium.wait()


def test_a_page_opened_in_the_background_counts_nothing_before_it_is_seen(
    plain: Page, site: Site
) -> None:
    plain.add_init_script(
        "Object.defineProperty(document, 'visibilityState', {value: 'hidden', configurable: true})"
    )
    site.pages["/"] = LOADED + markup(boot=payload())
    plain.goto("/")
    plain.wait_for_timeout(1500)
    flush(plain)
    plain.wait_for_timeout(300)
    assert site.events == []
    plain.evaluate(SEE, "visible")
    wait_for(lambda: site.noted("impression").count("") == 1)


def test_a_page_from_the_back_forward_cache_asks_again_before_it_counts(
    keeping: Page, site: Site
) -> None:
    site.pages["/"] = LOADED + markup(boot=payload())
    site.pages["/away"] = "<!doctype html><p>away"
    keeping.goto("/")
    keeping.wait_for_selector(".al-menu")
    keeping.evaluate("window.same = true")
    keeping.goto("/away")
    site.layout = payload(("c", "b", "a"))
    asked = site.asked
    keeping.evaluate("history.back()")
    keeping.wait_for_url(f"{site.address}/", wait_until="commit")
    assert keeping.evaluate("window.same"), "kept, not loaded anew"
    wait_for(lambda: order(keeping) == ["c", "b", "a"])
    assert site.asked == asked + 1
    use(keeping, "b")
    flush(keeping)
    wait_for(lambda: site.noted("use") == ["b"])
    used = next(b for b in site.events if any(e["type"] == "use" for e in b["events"]))
    assert used["decision"] == "c-b-a"


def test_a_tab_that_is_seen_again_shows_what_another_tab_asked_for(plain: Page, site: Site) -> None:
    site.pages["/"] = LOADED + markup(boot=payload())
    plain.goto("/")
    plain.wait_for_selector(".al-menu")
    plain.evaluate(SEE, "hidden")
    site.layout = payload(("b", "a", "c"), undo="nothing")
    plain.evaluate(SEE, "visible")
    wait_for(lambda: order(plain) == ["b", "a", "c"])
    undo = plain.get_by_role("button", name="Undo", exact=True)
    assert undo.get_attribute("aria-disabled") == "true"


def test_undo_takes_back_nothing_that_the_page_did_not_show(plain: Page, site: Site) -> None:
    """Two windows side by side: no tab is hidden, and the other window moved a block."""
    site.pages["/"] = LOADED + markup(boot=payload())
    plain.goto("/")
    plain.wait_for_selector(".al-menu")
    site.layout = payload(("b", "a", "c"))
    plain.get_by_role("button", name="Undo", exact=True).click()
    wait_for(lambda: order(plain) == ["b", "a", "c"])
    plain.wait_for_timeout(300)
    assert site.wishes == []
    assert "changed elsewhere" in plain.locator(".al-live").inner_text()
    site.on_wish = lambda wish: setattr(site, "layout", payload())
    plain.get_by_role("button", name="Undo", exact=True).click()
    wait_for(lambda: order(plain) == ["a", "b", "c"])
    assert [wish["type"] for wish in site.wishes] == ["undo"]


def test_what_the_host_shows_itself_is_not_asked_away(plain: Page, site: Site) -> None:
    site.pages["/"] = LOADED + markup(boot=payload())
    plain.goto("/")
    plain.wait_for_selector(".al-menu")
    plain.evaluate(
        "payload => document.querySelector('adaptive-layout').show(payload)",
        payload(("c", "a", "b")),
    )
    plain.evaluate(SEE, "hidden")
    plain.evaluate(SEE, "visible")
    plain.wait_for_timeout(300)
    assert order(plain) == ["c", "a", "b"]
