"""Values of documents as they are meant: texts, numbers, boxes."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from uiengine.dashboards.page import Box
from uiengine.page.surface_json import UNUSABLE

LONGEST = 200
"""Characters of a title, a kind or a group."""
WIDEST = 10_000
"""Columns."""


def text(*candidates: Any) -> str:
    """The first candidate that says something, on one line, short enough for a title."""
    for candidate in candidates:
        if isinstance(candidate, int | float) and not isinstance(candidate, bool):
            candidate = f"{candidate:g}"
        if isinstance(candidate, str):
            line = " ".join(UNUSABLE.sub(" ", candidate).split())[:LONGEST].strip()
            if line:
                return line
    return ""


def first_line(markup: Any) -> str:
    """The first line of Markdown or HTML that says something, without its marks."""
    if not isinstance(markup, str):
        return ""
    for line in re.sub(r"<[^>]*>", "\n", markup[:4000]).splitlines():
        plain = re.sub(r"[#*_`>|~]+|^\s*[-+]\s|!?\[|\]\([^)]*\)?", " ", line)
        if re.search(r"\w", plain):
            return text(plain)[:80]
    return ""


def number(value: Any, otherwise: float) -> float:
    """A finite number, also where a tool writes it as text; booleans are none."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return otherwise
    if isinstance(value, bool) or not isinstance(value, int | float):
        return otherwise
    return value if math.isfinite(value) and abs(value) < 2**40 else otherwise


def box(node: Any, names: tuple[str, str, str, str], default: Box) -> Box:
    """The box that a node keeps under four names; what is missing is as in `default`."""
    kept: Mapping[str, Any] = node if isinstance(node, Mapping) else {}
    x, y, w, h = (number(kept.get(n), d) for n, d in zip(names, default, strict=True))
    x, w = min(max(x, 0), WIDEST), min(w if w > 0 else default.w, WIDEST)
    return Box(x, max(y, 0), w, h if h > 0 else default.h)


def whole(value: float) -> int:
    """Cells that a length takes, at least one."""
    return max(1, math.ceil(value - 1e-9))


def mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def sequence(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
