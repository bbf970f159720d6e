"""A rehearsal's page in real Chromium: accessible, no wider than a phone, the verdict first."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from ml.rehearsal.rehearse import rehearse
from tests.ml.rehearsal.test_rehearse import BLOCKS, HELD, INNATE, made
from tests.webapp import axe
from tests.webapp.demo.conftest import ARGUMENTS, CHROMIUM
from webapp.subjects.models import Subject
from webapp.surfaces import mappers
from webapp.surfaces.models import Surface
from webapp.surfaces.services import surface_save
from webapp.trials.rehearsals.page import rehearsal_html
from webapp.trials.rehearsals.services import rehearsal_save

CUT = """[...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth)
  .map(e => e.ariaLabel)"""
"""The tables that one has to scroll to see whole."""


@pytest.fixture
def home(db) -> Surface:
    sizes = {"*": {"default": [1, 2]}}
    return surface_save(
        {
            "slug": "home",
            "title": "Home <of> us",
            "breakpoints": [{"name": "desktop", "min_width": 0, "columns": 3}],
            "blocks": [{"id": b, "title": b.title(), "sizes": sizes} for b in BLOCKS],
        }
    )


@pytest.fixture
def written(home, tmp_path) -> Path:
    """A page with all that it may hold: slices of many and of few people, three weeks."""
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("CI is set, where nothing may skip, and chromium is not installed.")
        pytest.skip("chromium is not installed: apt-get install chromium")
    axe.install()
    people = [
        {"user": user, "plan": "free" if number % 3 else "of <few>" if number < 9 else "paid"}
        for number, user in enumerate(HELD)
    ]
    visits = made({user: BLOCKS[3 + n % 5] for n, user in enumerate(HELD)})
    page = mappers.to_surface(home)
    found = rehearse(visits, people, ["plan"], surface=page, folder=INNATE)
    Subject.objects.bulk_create(Subject(key=user) for user in HELD)
    told = {**found.figures, "trained": False, "simulated": True}
    weeks = [vars(week) for week in found.weeks]
    row = rehearsal_save(surface=home, version=None, figures=told, weeks=weeks)
    path = tmp_path / "rehearsal.html"
    path.write_text(rehearsal_html(row, row.weeks.all()), encoding="utf-8")
    return path


def test_it_is_accessible_and_no_wider_than_the_window(written):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for width in (1280, 390):
            page = browser.new_page(viewport={"width": width, "height": 900})
            page.goto(written.as_uri())
            assert axe.violations(page) == []
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.evaluate(CUT) == []
            assert page.locator("h1").inner_text() == "Worth it"
            assert page.locator("article").count() == 3
            assert "of <few>" in page.locator("main").inner_text()
        browser.close()
