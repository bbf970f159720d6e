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
