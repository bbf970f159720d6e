"""The children of `<adaptive-layout>` stay where a framework put them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.evidence import grid_libraries
from tests.webapp.demo.site import LOADED, SCRIPT, Site, markup, payload
from tests.webapp.demo.steps import order, wait_for

REACT = """
import { useState } from 'react';
import { createRoot } from 'react-dom/client';
function App() {
  const [shown, setShown] = useState(['a', 'b', 'c']);
  window.setShown = setShown;
  return <adaptive-layout surface="home" controls="">
    {shown.map((id) => <section key={id} data-block={id}><h2>{id}</h2></section>)}
  </adaptive-layout>;
}
createRoot(document.querySelector('main')).render(<App />);
"""


def test_a_child_can_be_taken_out_and_put_back_by_its_parent(plain: Page, site: Site) -> None:
    site.layout = payload(("c", "a", "b"))
    site.pages["/"] = LOADED + markup(grid=False)
    plain.goto("/")
    plain.wait_for_selector(".al-menu")
    assert order(plain) == ["c", "a", "b"]
    plain.evaluate(
        "() => { const e = document.querySelector('adaptive-layout');"
        " window.gone = e.removeChild(e.querySelector('[data-block=a]')); }"
    )
    assert order(plain) == ["c", "b"]
    plain.evaluate("document.querySelector('adaptive-layout').prepend(window.gone)")
    wait_for(lambda: order(plain) == ["c", "a", "b"])


def test_blocks_without_a_div_around_them_stand_in_the_grid(plain: Page, site: Site) -> None:
    site.pages["/"] = LOADED + markup(grid=False)
    plain.goto("/")
    plain.wait_for_selector(".al-menu")

    def places() -> list[tuple[int, int]]:
        found = plain.eval_on_selector_all(
            "[data-block]", "all => all.map(e => [e.offsetLeft, e.offsetTop])"
        )
        return [(x, y) for x, y in found]

    wide = places()
    assert wide[0][1] == wide[1][1] and wide[0][0] < wide[1][0]
    assert wide[2][1] > wide[0][1] and wide[2][0] == wide[0][0]
    bar = plain.locator(".al-bar").bounding_box()
    assert bar and bar["y"] + bar["height"] <= wide[0][1] + 1
    plain.set_viewport_size({"width": 400, "height": 800})
    assert len({x for x, _ in places()}) == 1


def test_react_hides_and_shows_one_child(plain: Page, site: Site, tmp_path: Path) -> None:
    if grid_libraries.missing() and not os.environ.get("CI"):
        pytest.skip("node not found: React was not built")
    grid_libraries.install()
    built = tmp_path / "app.js"
    subprocess.run(
        [
            grid_libraries.EXAMPLES / "node_modules/.bin/esbuild",
            *("--bundle", "--loader=jsx", "--format=esm", "--jsx=automatic"),
            *("--define:process.env.NODE_ENV='production'", f"--outfile={built}"),
            "--log-level=warning",
        ],
        input=REACT,
        text=True,
        cwd=grid_libraries.EXAMPLES,
        check=True,
    )
    site.files["/app.js"] = built
    site.layout = payload(("c", "a", "b"))
    site.pages["/"] = f'<main></main><script type="module" src="{SCRIPT}"></script>'
    site.pages["/"] += '<script type="module" src="/app.js"></script>'
    plain.goto("/")
    plain.wait_for_selector(".al-menu")
    assert order(plain) == ["c", "a", "b"]

    plain.evaluate("window.setShown(['a', 'c'])")
    wait_for(lambda: order(plain) == ["c", "a"])
    plain.evaluate("window.setShown(['a', 'b', 'c'])")
    wait_for(lambda: order(plain) == ["c", "a", "b"])
    assert plain.locator(".al-menu").count() == 3, "the block that came back has its menu"
    plain.evaluate("window.setShown([])")
    wait_for(lambda: order(plain) == [])
