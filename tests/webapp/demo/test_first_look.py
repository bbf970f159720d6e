"""What a stranger sees first: an adapted page beside everybody's, and labels that are true."""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from contextlib import closing
from json import loads

import pytest
from playwright.sync_api import Page

from tests.patience import PATIENCE
from tests.webapp.demo.conftest import Demo
from tests.webapp.demo.steps import READY, next_visit, open_page, order, use, wait_for

SENTENCE = ".compare-head p"


def visits_of(demo: Demo, key: str) -> list[set[str]]:
    """Returns the blocks used in each of a person's visits, as they are stored."""
    with closing(sqlite3.connect(demo.var / "db.sqlite3", timeout=PATIENCE)) as database:
        rows = database.execute(
            "SELECT v.uses FROM subjects_visit v JOIN subjects_profile p ON p.id = v.profile_id"
            " JOIN subjects_subject s ON s.id = p.subject_id WHERE s.key = ? AND v.is_closed",
            (key,),
        ).fetchall()
    return [set(loads(uses)) for (uses,) in rows]


def test_it_begins_on_the_bank_page_of_somebody_whose_favourite_stands_first(page: Page) -> None:
    page.goto("/")
    page.wait_for_selector(READY)
    assert page.get_attribute("adaptive-layout", "surface") == "bank"
    assert page.locator("button.person[aria-current=true]").inner_text().startswith("Amina")
    maps = page.locator(".maps svg[role=img]:visible")
    before, after = (maps.nth(i).get_attribute("aria-label") or "" for i in (0, 1))
    assert maps.count() == 2 and before != after
    titles = page.locator("[data-block] h2").all_inner_texts()
    assert after.split(", ") == [re.sub(r"\s+(moved|pinned)?$", "", title) for title in titles]
    found = re.match(
        r"(.+), used in .* number (\d) of 6 in its group before, number 1 now; "
        r"(\d+) px down the page before, (\d+) px now",
        page.locator(SENTENCE).inner_text(),
    )
    assert found and int(found[2]) > 1 and int(found[3]) > int(found[4])
    assert titles[4].startswith(found[1]), "the first of its group of six"


@pytest.mark.parametrize("slug", ["bank", "shop-account"])
def test_people_without_a_named_habit_are_what_their_visits_show(
    page: Page, demo: Demo, slug: str
) -> None:
    open_page(page, slug)
    people = page.locator("button.person")
    assert people.count() == 7
    for i in range(1, people.count()):
        visits = visits_of(demo, people.nth(i).get_attribute("value") or "")
        most = Counter(block for used in visits for block in used).most_common(1)[0][1]
        assert f" in {most} of {len(visits)} visits" in people.nth(i).inner_text()


def test_the_comparison_follows_the_replay_and_the_newcomers_own_uses(page: Page) -> None:
    page.goto("/?page=bank")
    page.wait_for_selector(READY)
    now = page.locator(".maps-wide svg[role=img]").nth(1).get_attribute("aria-label")
    page.evaluate(
        "() => { const slider = document.querySelector('.time input');"
        " slider.value = 0; slider.dispatchEvent(new Event('input')); }"
    )
    wait_for(lambda: "Nothing was used here yet" in page.locator(SENTENCE).inner_text())
    assert page.locator(".maps-wide svg[role=img]").nth(1).get_attribute("aria-label") != now

    open_page(page, "bank")
    assert "Nothing was used here yet" in page.locator(SENTENCE).inner_text()
    for _ in range(2):
        use(page, "support")
        next_visit(page)
    assert "number 4 of 4 in its group before, number 1 now" in page.locator(SENTENCE).inner_text()
    assert order(page)[10] == "support"


def test_the_side_panel_says_which_block_a_reason_is_of(page: Page) -> None:
    open_page(page, "operations")

    reasons = page.locator(".engine section").filter(has_text="Reasons")
    said = reasons.locator("li").all_inner_texts()

    guesses = [line for line in said if "A first guess" in line]
    assert guesses and not any(line.startswith("A first guess") for line in guesses), said
    assert not any(": Everything stays" in line for line in said), said


def test_the_side_panel_counts_the_goal_of_the_bank_and_other_pages_have_none(page: Page) -> None:
    open_page(page, "bank")
    counted = page.locator(".engine .goals dd")
    assert page.locator(".engine .goals dt").all_inner_texts() == ["Payments sent"]
    before = int(counted.inner_text())

    page.locator("[data-goal=payment]").first.click()

    wait_for(lambda: int(counted.inner_text()) == before + 1)
    open_page(page, "course-home")
    assert page.locator(".engine .goals").count() == 0
