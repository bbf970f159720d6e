"""Runs the accessibility checker axe-core in a page of a real browser.

Its version is pinned in webapp/examples/package.json; npm fetches it once, like the grid libraries.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.evidence import grid_libraries

SOURCE = grid_libraries.EXAMPLES / "node_modules/axe-core/axe.min.js"
RUN = """within => axe.run(
  {include: [within], exclude: [["svg *"]]}, {preload: false, resultTypes: ["violations"]})"""
SERIOUS = ("serious", "critical")


def install() -> None:
    """Installs axe-core; skips without node, except in CI, where everything must be there."""
    absent = grid_libraries.missing()
    if absent and not os.environ.get("CI"):
        pytest.skip(f"{absent} not found: accessibility was not checked")
    grid_libraries.install()


def violations(page: Page, *, within: str = "html") -> list[str]:
    """Returns serious and critical violations of the current page: rule, elements, explanation.

    within: a CSS selector. Contents of pictures are excluded, as their labels describe them. The
    source is evaluated rather than added as an element, which the page's policy would block.
    """
    page.evaluate(SOURCE.read_text())
    found: dict[str, Any] = page.evaluate(RUN, within)
    assert found["passes"], "axe found nothing to check"
    return [
        f"{v['id']} ({v['impact']}): {node['target']} {node['failureSummary']}"
        for v in found["violations"]
        if v["impact"] in SERIOUS
        for node in v["nodes"]
    ]
