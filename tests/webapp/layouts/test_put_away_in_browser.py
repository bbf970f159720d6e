"""Folding and the tray in real Chromium: by keyboard, at three widths, both ways of reading."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.http import HttpRequest, HttpResponse
from django.template import Context, Template
from django.urls import path
from django.utils import translation
from playwright.sync_api import Browser, Page

from tests.webapp import axe
from tests.webapp.demo.conftest import chromium
from tests.webapp.layouts.test_put_away import allow, feedback_of, regular
from webapp import urls
from webapp.layouts.html import element
from webapp.subjects.keys import VISITOR_COOKIE, visitor_make

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
HTML = Template(
    "{% load static adaptive_layout %}<!doctype html><html lang={{ lang }} dir={{ dir }}>"
    "<meta name=viewport content='width=device-width'><title>Home</title>"
    "<script type=module src=\"{% static 'uiengine/adaptive-layout.js' %}\"></script>"
    "<body><main><h1>Home</h1>"
    "{% adaptive_layout 'course-home' subject=who controls=True %}</main>"
)
PUBLIC = Template(
    "{% load static adaptive_layout %}<!doctype html><html lang=en><title>Home</title>"
    "<script type=module src=\"{% static 'uiengine/book-page.js' %}\"></script>"
    "<script type=module src=\"{% static 'uiengine/adaptive-layout.js' %}\"></script>"
    "<h1>Home</h1>{% adaptive_layout 'course-home' from='book' controls=True %}"
)
NONCE = "a-nonce-of-the-host"
WATCH = """
self.shifts = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) self.shifts += entry.value;
}).observe({ type: 'layout-shift', buffered: true });
"""
FOCUSED = """() => {
  const e = document.activeElement;
  return [e.className || e.textContent, e.closest('[data-block]')?.dataset.block ?? e.value];
}"""


def home(request: HttpRequest) -> HttpResponse:
    lang = request.GET.get("lang", "en")
    seen = {"request": request, "who": "host:owner", "csp_nonce": NONCE}
    seen |= {"lang": lang, "dir": "rtl" if lang == "ar" else "ltr"}
    with translation.override(lang):
        response = HttpResponse(HTML.render(Context(seen)))
    policy = f"default-src 'self'; script-src 'self' 'nonce-{NONCE}'; style-src 'nonce-{NONCE}'"
    response["Content-Security-Policy"] = policy
    return response


def public(request: HttpRequest) -> HttpResponse:
    return HttpResponse(PUBLIC.render(Context({"request": request})))


urlpatterns = [path("home", home), path("public", public), *urls.urlpatterns]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    axe.install()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # Playwright runs its own event loop
        yield from chromium()


@pytest.fixture
def server(live_server, settings, owner):
    settings.ROOT_URLCONF = __name__
    allow()
    return live_server


def opened(
    browser: Browser, server, width: int = 1280, lang: str = "en", scripts: bool = True
) -> Page:
    here = browser.new_context(
        base_url=server.url,
        viewport={"width": width, "height": 900},
        locale=lang,
        java_script_enabled=scripts,
    )
    here.add_init_script(WATCH)
    page = here.new_page()
    page.goto(f"/home?lang={lang}")
    if scripts:
        page.wait_for_selector(".al-menu")
    return page


def press(page: Page, button: str, block: str) -> str:
    """Chooses a button of a block's menu by keyboard alone; returns what is said."""
    page.evaluate("document.querySelector('.al-live').textContent = ''")
    page.locator(f"[data-block={block}] .al-menu").focus()
    page.keyboard.press("Enter")
    panel = page.locator(f"[data-block={block}] .al-panel")
    for _ in range(9):
        if page.evaluate("document.activeElement.textContent") == button:
            break
        page.keyboard.press("Tab")
    assert panel.get_by_role("button", name=button).evaluate("b => b === document.activeElement")
    return answered(page)


def answered(page: Page) -> str:
    """Presses what has the focus, by keyboard; returns what a screen reader hears."""
    page.evaluate("document.querySelector('.al-live').textContent = ''")
    with page.expect_response(lambda r: "/api/feedback" in r.url):
        page.keyboard.press("Enter")
    page.locator(".al-live:not(:empty)").wait_for(state="attached")
    return page.locator(".al-live").inner_text()


@pytest.mark.parametrize(("width", "lang"), [(390, "en"), (800, "ar"), (1280, "en")])
def test_by_keyboard_a_block_is_folded_put_away_and_brought_back(browser, server, width, lang):
    page = opened(browser, server, width, lang=lang)
    with translation.override(lang):
        words = element._strings()
    block = page.locator("[data-block=glossary]")
    title = block.get_attribute("aria-label")
    high = block.bounding_box()["height"]

    assert press(page, words["fold"], "glossary") == words["said_fold"].format(title=title)
    assert page.evaluate(FOCUSED) == ["al-menu", "glossary"]
    assert block.bounding_box()["height"] < high or width == 390
    assert block.evaluate("b => getComputedStyle(b, '::before').content") == f'"{title}"'
    assert block.locator("h2").is_hidden()
    assert axe.violations(page) == []

    assert press(page, words["put_away"], "glossary") == words["said_put_away"].format(title=title)
    back = page.get_by_role("group", name=words["tray"], exact=True).get_by_role("button")
    assert back.inner_text() == words["bring_back"].format(title=title)
    assert back.evaluate("b => b === document.activeElement") and block.is_hidden()
    assert axe.violations(page) == []

    page.reload()
    page.wait_for_selector(".al-menu")
    page.wait_for_timeout(300)
    assert page.evaluate("self.shifts") <= 0.02
    assert block.is_hidden()
    back.focus()
    assert answered(page) == words["said_bring_back"].format(title=title)
    assert page.evaluate(FOCUSED) == ["al-menu", "glossary"]
    assert block.locator("h2").is_visible() and page.locator(".al-tray button").count() == 0
    assert page.evaluate(
        "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    )
    page.context.close()


def test_undo_and_reset_bring_back_and_a_required_block_offers_neither(browser, server, owner):
    page = opened(browser, server)
    press(page, "Put it away", "glossary")
    page.get_by_role("button", name="Undo").focus()
    assert "undone" in answered(page)
    assert page.locator("[data-block=glossary]").is_visible()
    press(page, "Put it away", "glossary")
    press(page, "Show only its title", "forum")
    page.get_by_role("button", name="Reset").focus()
    assert "default" in answered(page)
    assert page.locator("[data-folded], [data-block][hidden]").count() == 0
    page.locator("[data-block=assignments] .al-menu").click()
    panel = page.locator("[data-block=assignments] .al-panel")
    assert panel.get_by_role("button", name="Keep it here").is_visible()
    assert panel.get_by_role("button", name="Put it away").count() == 0
    page.context.close()


def test_a_suggestion_counts_as_made_once_it_is_seen_and_a_no_is_taken(
    browser, server, owner, worker
):
    regular(owner, worker)
    page = opened(browser, server)
    hint = page.locator(".al-tray p")
    assert "You have not used Glossary" in hint.inner_text()
    with page.expect_request(lambda r: "suggested" in (r.post_data or "")):
        hint.scroll_into_view_if_needed()
    hint.get_by_role("button", name="No, keep it").focus()
    assert "stays where it is" in answered(page)
    assert hint.count() == 0 and page.locator("[data-block=glossary]").is_visible()
    worker.work()
    kept = feedback_of(owner)
    assert (list(kept["suggested"]), kept["declined"]) == (["glossary"], ["glossary"])
    page.context.close()


def test_on_a_public_page_the_engine_serves_whoever_put_something_away(browser, server):
    here = browser.new_context(base_url=server.url, viewport={"width": 1280, "height": 900})
    cookies = {VISITOR_COOKIE: visitor_make()[1], "layout_byte_course-home": "engine"}
    here.add_cookies([{"name": n, "value": v, "url": server.url} for n, v in cookies.items()])
    page = here.new_page()
    page.goto("/public")
    page.wait_for_selector(".al-menu")
    press(page, "Put it away", "glossary")
    assert page.request.get("/api/token?surface=course-home").json()["served"] == "engine"
    page.reload()
    page.get_by_role("button", name="Bring back Glossary").wait_for()
    assert page.locator("[data-block=glossary]").is_hidden()
    page.context.close()


def test_without_scripts_everything_is_there_to_read(browser, server, owner):
    owner.wish("put_away", "glossary")
    owner.wish("fold", "forum")
    page = opened(browser, server, scripts=False)
    for block in ("glossary", "forum"):
        assert page.locator(f"[data-block={block}] h2").is_visible()
    assert page.locator(".al-tray").is_hidden()
    page.context.close()
