"""The client sends the CSRF token by the header, and from the cookie, that the page names."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page

from tests.webapp.demo.site import LOADED, Site, markup, payload
from tests.webapp.demo.steps import wait_for


@pytest.mark.parametrize(
    ("cookie", "sent"), [("", "by-page"), ("XSRF-TOKEN", "by-cookie"), ("absent", "by-page")]
)
def test_every_wish_carries_the_token_of_the_page(
    plain: Page, site: Site, cookie: str, sent: str
) -> None:
    csrf = {"cookie": cookie, "header": "X-XSRF-TOKEN", "token": "by-page"}
    boot = json.dumps({"payload": payload(), "csrf": csrf})
    element = markup(boot=payload()).replace(json.dumps({"payload": payload()}), boot)
    site.pages["/"] = f"<script>document.cookie = 'XSRF-TOKEN=by-cookie'</script>{LOADED}{element}"
    plain.goto("/")
    plain.wait_for_selector(".al-menu")
    for act in ("pin('a')", "freeze()", "undo()"):
        plain.evaluate(f"document.querySelector('adaptive-layout').{act}")
    plain.get_by_role("button", name="Reset", exact=True).click()
    wait_for(lambda: len(site.wishes) == 4)
    assert [wish["type"] for wish in site.wishes] == ["pin", "freeze", "undo", "reset"]
    assert {headers.get("X-XSRF-TOKEN") for headers in site.headers} == {sent}


def wish(page: Page, act: str) -> None:
    page.evaluate(f"document.querySelector('adaptive-layout').{act}")


def test_a_page_without_the_tag_asks_for_the_token_with_its_first_wish(
    plain: Page, site: Site
) -> None:
    site.pages["/"] = LOADED + markup()
    site.csrf = ["first", "second"]
    plain.goto("/")
    plain.wait_for_selector(".al-menu")
    plain.wait_for_timeout(200)
    assert site.csrf == ["first", "second"], "pages without wishes ask for none"
    wish(plain, "pin('a')")
    wish(plain, "freeze()")
    assert [headers["X-CSRFToken"] for headers in site.headers] == ["first", "first"]


def test_after_a_refusal_the_token_is_asked_for_again(plain: Page, site: Site) -> None:
    """Signing in in another tab ends the session that the page's token is of."""
    site.pages["/"] = LOADED + markup()
    site.csrf = ["of another session", "present"]
    plain.goto("/")
    plain.wait_for_selector(".al-menu")
    site.on_wish = lambda _: 403 if site.headers[-1]["X-CSRFToken"] != "present" else 200
    wish(plain, "pin('a')")
    wait_for(lambda: "did not work" in plain.locator(".al-live").inner_text())
    wish(plain, "pin('a')")
    wait_for(lambda: "stays where it is" in plain.locator(".al-live").inner_text())
