"""A report's page in real Chromium: accessible, no wider than a phone, the verdict first."""

from __future__ import annotations

import os

import numpy as np
import pytest
from playwright.sync_api import sync_playwright

from ml.audit import cohort
from ml.audit.audit import audit
from ml.audit.site_facts import SiteFacts
from tests.webapp import axe
from tests.webapp.demo.conftest import ARGUMENTS, CHROMIUM

USERS = 600


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """A page with all that it may hold: small and unknown slices, spellings, what is left out."""
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("CI is set, where nothing may skip, and chromium is not installed.")
        pytest.skip("chromium is not installed: apt-get install chromium")
    axe.install()
    folder = tmp_path_factory.mktemp("report")
    replay = folder / "replay.jsonl"
    visits, people = cohort.simulate(replay, users=USERS, visits=3)
    people["gender"] = ["F", "f ", "M", "NA", ""] * (USERS // 5)
    people["club"] = ["chess"] * 95 + ["golf"] * 7 + ["other"] * (USERS - 102)
    people["income"] = np.random.default_rng(0).normal(30_000, 5_000, USERS)
    by = ["gender", "club", "income"]
    audit(replay, visits, people, by, champion=replay, out=folder, site=SiteFacts(is_chosen=False))
    return folder / "report.html"


@pytest.mark.parametrize("width", [1280, 820, 700, 390])
def test_it_is_accessible_and_no_wider_than_the_window(report, width):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": width, "height": 900})
        page.goto(report.as_uri())
        assert axe.violations(page) == []
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        assert axe.violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        heads = page.locator(".row.head:visible > [role=columnheader]").all_inner_texts()
        assert heads[:4] == [
            *("slice (people)", "difference", "modelled seconds saved a visit", "verdict")
        ]
        first = page.locator("section h2").first
        assert first.inner_text() == "What to do first"
        assert first.bounding_box()["y"] < 900, "without scrolling"
        browser.close()
