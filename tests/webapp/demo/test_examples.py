"""Every published snippet runs unchanged: in Chromium, and curl in bash."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.webapp.demo.conftest import Demo
from tests.webapp.demo.steps import become, events, open_page, person_key, wait_for
from webapp.layouts.docs.pages import SNIPPETS

FORUM = {
    "template": "[data-block=forum] a",
    "fetch": "button:has-text('Course forum')",
    "gridstack": ".grid-stack-item[gs-id=forum]",
    "react": ".react-grid-item:has-text('Course forum')",
}
"""Selector of the forum in each example."""


def open_example(page: Page, name: str, has_examples: bool, person: int = 2) -> str:
    """Opens the example as a simulated person; returns the person's key."""
    if not has_examples and name in ("gridstack", "react"):
        pytest.skip("node not found: gridstack and React were not built")
    open_page(page)
    become(page, person)
    key = person_key(page)
    page.goto(f"/examples/{name}")
    page.wait_for_selector(FORUM[name])
    return key


@pytest.mark.parametrize("name", list(FORUM))
def test_an_example_shows_the_layout_and_sends_what_is_used(
    page: Page, demo: Demo, has_examples: bool, name: str
) -> None:
    key = open_example(page, name, has_examples)
    before = len(events(demo, key, "use"))
    page.locator(FORUM[name]).first.click()
    wait_for(lambda: len(events(demo, key, "use")) == before + 1)
    assert events(demo, key, "use")[-1][1] == "forum"


@pytest.mark.parametrize("name", ["gridstack", "react"])
def test_blocks_stand_in_the_payloads_order_and_dragging_one_asks_for_its_rank(
    page: Page, demo: Demo, has_examples: bool, name: str
) -> None:
    key = open_example(page, name, has_examples)
    items = page.locator(".grid-stack-item, .react-grid-item:not(.react-grid-placeholder)")
    layout = page.evaluate(
        """async () => {
          const { dataset } = document.querySelector('[data-surface]');
          const headers = { Authorization: `Bearer ${dataset.token}` };
          return (await fetch('/api/layout?surface=course-home', { headers })).json();
        }"""
    )
    places = []
    for i in range(items.count()):
        box = items.nth(i).bounding_box()
        assert box
        places.append((round(box["y"] / 8), round(box["x"]), items.nth(i).inner_text().strip()))
    titles = [layout["elements"][block]["title"] for block in layout["order"]]
    assert [title for _, _, title in sorted(places)] == titles

    moved, target = items.filter(has_text=titles[3]), items.filter(has_text=titles[1])
    start, end = moved.bounding_box(), target.bounding_box()
    assert start and end
    page.mouse.move(start["x"] + 40, start["y"] + 20)
    page.mouse.down()
    page.mouse.move(end["x"] + 60, end["y"] + 60, steps=8)
    page.mouse.move(end["x"] + 40, end["y"] + 22, steps=8)
    with page.expect_response("**/api/feedback") as answer:
        page.mouse.up()
    assert answer.value.ok
    assert events(demo, key, "move")


@pytest.mark.parametrize("name", ["gridstack", "react"])
def test_a_drag_into_another_group_snaps_back_and_says_by_which_rule(
    page: Page, demo: Demo, has_examples: bool, name: str
) -> None:
    open_example(page, name, has_examples, person=3)
    items = page.locator(".grid-stack-item, .react-grid-item:not(.react-grid-placeholder)")
    boxes = [items.nth(i).bounding_box() for i in range(items.count())]
    by_place = sorted(range(len(boxes)), key=lambda i: (round(boxes[i]["y"] / 8), boxes[i]["x"]))
    top, below = boxes[by_place[1]], boxes[by_place[-1]]
    page.mouse.move(top["x"] + 40, top["y"] + 20)
    page.mouse.down()
    page.mouse.move(below["x"] + 60, below["y"] + 60, steps=8)
    page.mouse.move(below["x"] + 40, below["y"] + 44, steps=8)
    with page.expect_response("**/api/feedback") as answer:
        page.mouse.up()
    assert answer.value.json()["held"]["rule"] == "group_order"
    words = page.locator("p[role=status]", has_text="stays in the group course")
    words.wait_for()


def test_the_curl_snippet_gets_a_304_counts_a_use_once_and_pins(
    page: Page, demo: Demo, tmp_path: Path
) -> None:
    open_page(page)
    token = page.get_attribute("adaptive-layout", "token") or ""
    done = subprocess.run(
        ["bash", str(SNIPPETS / "curl.sh")],
        cwd=tmp_path,
        env={**os.environ, "SITE": demo.address, "TOKEN": token},
        capture_output=True,
        text=True,
    )
    assert "304" in done.stdout.splitlines()
    assert '{"accepted":1,"duplicate":0,"ignored":0}' in done.stdout
    assert '{"accepted":0,"duplicate":1,"ignored":0}' in done.stdout
    assert json.loads((tmp_path / "pinned.json").read_text())["pins"] == ["forum"]


@pytest.mark.parametrize("name", ["gridstack", "react"])
def test_a_block_is_put_away_below_the_grid_and_brought_back(
    page: Page, demo: Demo, has_examples: bool, name: str
) -> None:
    open_example(page, name, has_examples, person=4)
    forum = page.locator(FORUM[name])
    page.get_by_role("button", name="Put away: Course forum").click()
    back = page.get_by_role("button", name="Bring back: Course forum")
    back.wait_for()
    assert forum.count() == 0
    back.click()
    forum.wait_for()
    assert back.count() == 0


@pytest.mark.parametrize("name", ["gridstack", "react"])
def test_a_wobble_of_five_pixels_is_a_use_and_no_wish(
    page: Page, demo: Demo, has_examples: bool, name: str
) -> None:
    key = open_example(page, name, has_examples)
    before = len(events(demo, key, "use"))
    moves = len(events(demo, key, "move"))
    box = page.locator(FORUM[name]).bounding_box()
    assert box
    page.mouse.move(box["x"] + 40, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 43, box["y"] + 22, steps=3)
    page.mouse.move(box["x"] + 44, box["y"] + 23, steps=3)
    page.mouse.up()
    wait_for(lambda: len(events(demo, key, "use")) == before + 1)
    page.wait_for_timeout(1300)
    assert len(events(demo, key, "use")) == before + 1
    assert len(events(demo, key, "move")) == moves


def test_gridstack_takes_the_columns_of_the_width_it_has_now(
    page: Page, demo: Demo, has_examples: bool
) -> None:
    open_example(page, "gridstack", has_examples)
    columns = "document.querySelector('.grid-stack').gridstack.getColumn()"
    assert page.evaluate(columns) > 4
    page.set_viewport_size({"width": 420, "height": 800})
    wait_for(lambda: page.evaluate(columns) == 4)
    page.set_viewport_size({"width": 1280, "height": 800})
    wait_for(lambda: page.evaluate(columns) > 4)


@pytest.mark.parametrize("name", ["gridstack", "react"])
def test_right_to_left_the_examples_are_mirrored_and_inside_the_page(
    page: Page, demo: Demo, has_examples: bool, name: str
) -> None:
    page.add_init_script(
        "new MutationObserver(() => document.documentElement?.setAttribute('dir', 'rtl'))"
        ".observe(document, { childList: true })"
    )
    open_example(page, name, has_examples)
    page.wait_for_timeout(500)
    assert page.get_attribute("html", "dir") == "rtl"
    items = page.locator(".grid-stack-item, .react-grid-item:not(.react-grid-placeholder)")
    boxes = [items.nth(i).bounding_box() for i in range(items.count())]
    found = [(round(b["y"] / 8), round(-b["x"] - b["width"])) for b in boxes if b]
    assert all(b and b["x"] >= 0 and b["x"] + b["width"] <= 1280 for b in boxes)
    titles = [items.nth(i).inner_text().strip() for i in range(items.count())]
    layout = page.evaluate(
        """async () => {
          const { dataset } = document.querySelector('[data-surface]');
          const headers = { Authorization: `Bearer ${dataset.token}` };
          return (await fetch('/api/layout?surface=course-home', { headers })).json();
        }"""
    )
    wanted = [layout["elements"][block]["title"] for block in layout["order"]]
    assert [title for _, title in sorted(zip(found, titles, strict=True))] == wanted
