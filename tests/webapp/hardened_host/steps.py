"""Steps of a person in that host's admin."""

from __future__ import annotations

from playwright.sync_api import Page


def listed(page: Page, name: str) -> None:
    """Opens the admin's list of a model, by the links that a person would follow."""
    page.goto("/backstage/")
    page.locator("#content-main th").get_by_role("link", name=name, exact=True).click()
    page.locator("#changelist").wait_for()


def opened(page: Page, name: str, row: str = "") -> None:
    """Opens the first object of that list, or the first with `row` in its text."""
    listed(page, name)
    page.locator("#result_list tbody tr", has_text=row).first.locator("th a").click()
