"""Batches go out one at a time, promptly after a time offline; what hangs holds nothing else."""

from __future__ import annotations

import time

from playwright.sync_api import Page

from tests.patience import within_its_seconds
from tests.webapp.demo.site import LOADED, Site, hang, markup, payload
from tests.webapp.demo.steps import flush, order, use, wait_for

KEEP = """(count) => {
  for (let i = 0; i < count; i += 1) {
    const padding = 'x'.repeat(4000);
    const events = [{ id: `kept-${i}`, type: 'use', block: 'a', at: '', padding }];
    const number = String(i).padStart(3, '0');
    localStorage.setItem(`adaptive-layout:1000${number}:u${i}:`,
      JSON.stringify({ decision: 'kept', events }));
  }
}"""
SPY = """() => {
  window.flags = [];
  const send = window.fetch;
  window.fetch = (url, init) => {
    const { body, keepalive } = init ?? {};
    if (body) window.flags.push({ keepalive: Boolean(keepalive), size: body.length });
    return send(url, init);
  };
}"""
HIDE = """() => {
  Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true });
  document.dispatchEvent(new Event('visibilitychange'));
}"""
FLUSH = "void document.querySelector('adaptive-layout').client.flush()"
KEPT = "Object.keys(localStorage).filter(key => key.startsWith('adaptive-layout:')).length"


def opened(page: Page, site: Site) -> None:
    site.pages["/"] = LOADED + markup(boot=payload())
    page.goto("/")
    page.wait_for_selector(".al-menu")
    wait_for(lambda: page.evaluate(KEPT) == 0 and site.events != [])


def test_ninety_batches_kept_offline_go_out_promptly_and_one_at_a_time(
    plain: Page, site: Site
) -> None:
    opened(plain, site)
    plain.context.set_offline(True)
    plain.evaluate(KEEP, 90)
    flush(plain)
    plain.wait_for_timeout(500)
    site.most_at_once = 0
    plain.context.set_offline(False)
    wait_for(lambda: plain.evaluate(KEPT) == 0)
    assert len(site.noted("use")) == 90
    assert site.most_at_once == 1


def test_a_flush_that_fails_tries_once_and_doubles_the_wait_once(plain: Page, site: Site) -> None:
    opened(plain, site)
    tried: list[float] = []

    def refuse(batch: object) -> int:
        tried.append(time.monotonic())
        return 503

    site.on_events = refuse
    plain.evaluate(KEEP, 20)
    flush(plain)
    wait_for(lambda: len(tried) == 3)
    first, second = tried[1] - tried[0], tried[2] - tried[1]
    assert 1.8 <= first <= 3.5
    assert 3.6 <= second <= 6


@within_its_seconds
def test_a_batch_that_is_never_answered_holds_nothing_else(plain: Page, site: Site) -> None:
    opened(plain, site)

    def answer(batch: dict[str, object]) -> int:
        if batch["decision"] == "kept":
            hang(20)
        return 202

    site.on_events = answer
    plain.evaluate(KEEP, 1)
    plain.evaluate(FLUSH)
    began = time.monotonic()
    use(plain, "b")
    wait_for(lambda: "b" in site.noted("use"))
    assert time.monotonic() - began < 8
    site.layout = payload(("b", "a", "c"))
    began = time.monotonic()
    plain.evaluate(FLUSH)
    plain.evaluate("void document.querySelector('adaptive-layout').move('b', 0)")
    wait_for(lambda: order(plain) == ["b", "a", "c"])
    assert time.monotonic() - began < 3


def test_a_wish_that_is_never_answered_says_so(plain: Page, site: Site) -> None:
    opened(plain, site)
    site.on_wish = lambda wish: hang(20)
    plain.evaluate("void document.querySelector('adaptive-layout').move('b', 0)")
    wait_for(lambda: "did not work" in plain.locator(".al-live").inner_text())
    use(plain, "c")
    flush(plain)
    wait_for(lambda: site.noted("use") == ["c"])


def test_only_a_page_that_goes_sends_with_keepalive_and_within_64_kib(
    plain: Page, site: Site
) -> None:
    opened(plain, site)
    plain.evaluate(SPY)
    use(plain, "a")
    flush(plain)
    wait_for(lambda: site.noted("use") == ["a"])
    assert not any(flag["keepalive"] for flag in plain.evaluate("flags"))
    plain.evaluate(KEEP, 40)
    use(plain, "b")
    flags = plain.evaluate(f"flags.length = 0; ({HIDE})(); flags")
    assert len(flags) > 10 and all(flag["keepalive"] for flag in flags)
    assert sum(flag["size"] for flag in flags) <= 64 * 1024
    wait_for(lambda: plain.evaluate(KEPT) <= 41 - len(flags))
