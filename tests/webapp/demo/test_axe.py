"""The accessibility checker runs under a strict policy and finds planted violations."""

from __future__ import annotations

import pytest

from tests.webapp import axe

POLICY = "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'\">"


@pytest.fixture(scope="module", autouse=True)
def installed():
    axe.install()


def test_a_picture_without_words_is_found_under_a_strict_policy(browser):
    page = browser.new_page()
    head = f"<html lang=en><head><title>T</title>{POLICY}</head><body><main><h1>H</h1>"

    page.set_content(f"{head}<img src='data:,'></main></body></html>")
    found = axe.violations(page)
    page.set_content(f"{head}<img src='data:,' alt='A river'></main></body></html>")

    assert [line.split()[0] for line in found] == ["image-alt"]
    assert axe.violations(page) == []
    page.close()
