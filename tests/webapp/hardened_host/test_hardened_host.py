"""What README promises, done in Chromium in a host that sets everything otherwise."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.webapp import axe
from tests.webapp.demo.steps import ask, flush, open_options, order, rank, said
from tests.webapp.hardened_host.conftest import Host
from tests.webapp.hardened_host.steps import opened

NEXT_DAY = (
    "from webapp.subjects.models import Subject; from webapp.surfaces.models import Surface;"
    "from webapp.subjects.services import visit_end;"
    "visit_end(subject=Subject.objects.get(user__isnull=False),"
    " surface=Surface.objects.get(slug='course-home'), days=1)"
)
"""Ends the visit a day ago."""
MOST_SHIFT = 0.02
ASK_API = """async ([method, path]) => {
  const { header, token } = await (await fetch('/tools/arrange/csrf')).json();
  const answer = await fetch('/tools/arrange/' + path, { method, headers: { [header]: token } });
  return [answer.status, await answer.json()];
}"""


def home(page: Page) -> None:
    page.goto("/")
    page.wait_for_selector("adaptive-layout .al-menu")


def use(page: Page, block: str) -> None:
    page.locator(f"[data-block={block}] h2").click()


def test_a_page_adapts_to_its_user_without_shifts(page: Page, host: Host) -> None:
    home(page)
    first = rank(page, "glossary")
    for _ in range(3):
        use(page, "glossary")
        with page.expect_response(lambda r: r.url.endswith("/tools/arrange/events")) as sent:
            flush(page)
        assert sent.value.status == 202
        host.manage("shell", "-c", NEXT_DAY)
        home(page)
    assert rank(page, "glossary") < first
    page.wait_for_timeout(500)
    assert page.evaluate("window.shifts") <= MOST_SHIFT
    assert axe.violations(page) == []


def test_wishes_act_at_once_and_the_site_cache_shows_no_old_page(page: Page) -> None:
    home(page)
    before = order(page)
    held, last = before[4], before[-1]
    open_options(page, held)
    assert axe.violations(page) == []
    ask(page, "Keep it here")
    assert "stays where it is" in said(page)
    open_options(page, last)
    ask(page, "Move up")
    assert order(page) != before
    home(page)
    assert order(page) != before
    ask(page, "Undo")
    assert order(page) == before
    ask(page, "Freeze")
    assert "frozen" in said(page)
    ask(page, "Freeze")
    ask(page, "Reset")
    assert "default" in said(page)
    assert page.evaluate("window.shifts") <= MOST_SHIFT


def test_people_take_their_data_along_and_have_it_erased(page: Page) -> None:
    home(page)
    status, kept = page.evaluate(ASK_API, ["GET", "me"])
    assert status == 200 and kept["profiles"]
    status, erased = page.evaluate(ASK_API, ["DELETE", "me"])
    assert (status, erased["erased"]) == (200, True)
    status, kept = page.evaluate(ASK_API, ["GET", "me"])
    assert status == 200 and not kept["profiles"]


def test_the_studio_and_the_apis_own_pages_obey_the_policy(page: Page) -> None:
    opened(page, "Surfaces", "course-home")
    for name in ("Preview", "Suggest"):
        page.locator(".object-tools").get_by_role("link", name=name).click()
        assert axe.violations(page, within="#content-start") == []
        page.go_back()
    for address in (
        "/backstage/studio/health/",
        "/tools/arrange/errors",
        "/tools/arrange/snippets",
    ):
        answer = page.goto(address)
        assert answer and answer.status == 200
