"""A version's life in that host's admin: retrain, audit, acknowledge, promote, roll back."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.patience import PATIENCE
from tests.webapp.hardened_host.conftest import MAIL, Host
from tests.webapp.hardened_host.steps import listed, opened

pytest.importorskip("torch", reason="training is not installed: make install")
FEW = (
    "from webapp.subjects.models import Subject;"
    "from webapp.surfaces.models import Surface;"
    "mine = Subject.objects.filter(source='simulated', profiles__surface__slug='course-home');"
    "few = list(mine.order_by('pk').values_list('pk', flat=True)[:8]);"
    "Subject.objects.filter(source='simulated').exclude(pk__in=few).delete()"
)
"""Leaves a cohort that is trained on in seconds."""
WORKER = ("-m", "celery", "-A", "webapp", "worker", "--pool", "solo", "--loglevel", "warning")


@pytest.fixture
def worker(host: Host) -> Iterator[None]:
    host.manage("shell", "-c", FEW)
    with host.running(*WORKER):
        yield


def asked(page: Page, tool: str, why: str = "") -> None:
    """Takes one of an object's tools, and confirms."""
    page.locator(".object-tools").get_by_role("link", name=tool).click()
    if why:
        page.locator("[name=why]").fill(why)
    page.locator(".submit-row input[type=submit]").click()
    expect(page.locator(".messagelist .success")).to_be_visible()


def ended(page: Page, name: str) -> str:
    """Waits until the latest of these rows is under way no more, and returns its text."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        listed(page, name)
        row = page.locator("#result_list tbody tr").first.inner_text()
        if not any(state in row.lower() for state in ("queued", "running")):
            return row
        page.wait_for_timeout(500)
    raise AssertionError(row)


def champion(page: Page) -> str:
    opened(page, "Surfaces", "course-home")
    return page.locator(".field-champion a").inner_text()


def test_a_version_is_made_judged_promoted_and_taken_back(page: Page, worker: None) -> None:
    before = champion(page)
    asked(page, "Audit now…")
    opened(page, "Surfaces", "course-home")
    asked(page, "Retrain now…")
    assert "held" in ended(page, "Pipelines").lower()  # eight people are too few to tell
    assert "failed" not in ended(page, "Runs").lower()

    for name in ("Audit reports", "Gate reports"):
        opened(page, name, "course-home-")
        asked(page, "Acknowledge…", "Tried with eight simulated people.")
    opened(page, "Codebook versions", "course-home-")
    asked(page, "Promote…", "To try it.")
    made = champion(page)
    assert made.startswith("course-home-")
    page.goto("/")
    page.wait_for_selector("adaptive-layout .al-menu")

    opened(page, "Surfaces", "course-home")
    asked(page, "Roll back…", "Tried.")
    assert champion(page) == before
    listed(page, "Alias moves")
    assert page.locator("#result_list tbody tr").first.inner_text().count(MAIL) == 1
