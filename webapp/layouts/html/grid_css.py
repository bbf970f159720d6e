"""CSS of the grid at every breakpoint, as container queries, so that blocks need no script.

adaptive-layout.js writes equal rules (`gridCss`); a test compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

BASE = (
    "adaptive-layout{display:block;container-type:inline-size}"
    "adaptive-layout>[data-grid]{display:grid;gap:var(--al-gap,1rem)}"
)
CONTROLS = (
    "adaptive-layout>.al-bar{min-block-size:2.5rem;white-space:nowrap;overflow-x:auto}"
    "@media (scripting:none){adaptive-layout>.al-bar{display:none}}"
    "adaptive-layout>.al-about{min-block-size:2.5rem}.al-plain{font:inherit;min-block-size:2rem}"
    ".al-you{display:inline}.al-you button{font:inherit;min-block-size:1.5rem;padding:0;"
    "border:0;background:none;color:LinkText;text-decoration:underline;cursor:pointer}"
    ".al-plain[hidden]{display:inline-block!important;visibility:hidden}"
    "@media print{adaptive-layout>.al-about{display:none}}"
)
"""Reserves space for the script's buttons, so that nothing shifts when it starts."""


PUT_AWAY = (
    "@media (scripting:enabled){[data-folded]>:not(.al-menu,.al-panel){display:none!important}"
    "[data-folded]::before{content:attr(data-folded);font-weight:600}}"
    "@media (scripting:none){adaptive-layout>.al-tray{display:none}"
    "adaptive-layout>[data-grid]>[data-block][hidden]{display:block}}"
)
"""Without scripts, which bring a block back, the page shows all of every block."""


def page_css(payload: Mapping[str, Any], *, controls: bool) -> str:
    """The CSS of a payload's layouts. Slugs and ids are plain identifiers, so they need no
    escaping."""
    scope = f'adaptive-layout[surface="{payload["surface"]}"]>[data-grid]'
    away = PUT_AWAY if payload["put_away"] else ""
    return BASE + (CONTROLS if controls else "") + away + grid_css(payload, scope)


def grid_css(payload: Mapping[str, Any], scope: str) -> str:
    return "".join(
        f"@container (min-width:{min_width}px){{"
        f"{scope}{{grid-template-columns:repeat({payload['cols'][name]},minmax(0,1fr));"
        f"grid-auto-rows:minmax({payload['row_height']}px,auto)}}"
        f"{_areas(payload['layouts'][name], scope)}}}"
        for name, min_width in breakpoints_of(payload)
    )


def breakpoints_of(payload: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Names and least widths, the narrowest first."""
    return sorted(payload["breakpoints"].items(), key=lambda pair: pair[1])


def _areas(items: Sequence[Mapping[str, Any]], scope: str) -> str:
    return "".join(
        f'{scope}>[data-block="{item["id"]}"]'
        f"{{grid-area:{item['y'] + 1}/{item['x'] + 1}/span {item['h']}/span {item['w']}}}"
        for item in items
    )
