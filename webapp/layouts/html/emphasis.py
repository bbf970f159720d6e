"""Points to the block that is expected next, by CSS alone: nothing moves and no place changes.

appear: the block is there at once, the others fade in within half a second; not for people who
asked for less motion. mark: a dashed frame and words, which screen readers read as well. In a style
element of its own: the client writes the grid's anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

APPEAR = (
    "@media (prefers-reduced-motion:no-preference){@keyframes al-follow{from{opacity:0}}"
    "adaptive-layout[data-pointing]>[data-grid]>[data-block]:not([data-expected])"
    "{animation:al-follow .3s .2s ease-out backwards}}"
)
MARK = (
    "adaptive-layout [data-expected]{outline:2px dashed currentColor;outline-offset:2px}"
    "adaptive-layout .al-next{display:block;font-size:.875em;font-style:italic}"
)
END = (
    "{const e=document.currentScript.closest('adaptive-layout');"
    "e.addEventListener('animationend',()=>e.removeAttribute('data-pointing'),{once:true})}"
)
"""Ends the fading for good: a block that the client moves later would fade in again."""


def pointing_css(payload: Mapping[str, Any]) -> str:
    """Empty where the page points to nothing."""
    found = payload["emphasis"]
    if found is None:
        return ""
    return APPEAR if found["how"] == "appear" else MARK
