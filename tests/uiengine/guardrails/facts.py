"""A small page on which tests break one rule at a time."""

from __future__ import annotations

from uiengine.guardrails import Case
from uiengine.page.layout import Layout, Placement
from uiengine.page.surface_json import parse

WIDE = {"name": "wide", "min_width": 1200, "columns": 12, "viewport_height": 800}


def page(*blocks: dict, **fields):
    """Returns a surface with one 12-column grid of 100 px columns and 50 px rows."""
    sizes = {"*": {"default": [6, 2], "min": [3, 1], "max": [12, 4]}}
    named = [{"sizes": sizes, **block} for block in blocks or ({"id": "a"}, {"id": "b"})]
    return parse(
        {"slug": "page", "row_height": 50, "breakpoints": [WIDE], "blocks": named, **fields}
    )


def case(
    *boxes: tuple[str, int, int, int, int], surface=None, order=None, sizes=None, **fields
) -> Case:
    """boxes: (id, x, y, w, h), in the order of the layout's array."""
    placed = tuple(Placement(*box) for box in boxes)
    layout = Layout(tuple(order or (p.id for p in placed)), {"wide": placed}, sizes or {})
    return Case(surface or page(), layout, **fields)


def broken(rule, subject: Case) -> list[str]:
    return list(rule.broken(subject))
