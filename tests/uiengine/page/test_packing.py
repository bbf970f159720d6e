"""Packing against a slow, literal implementation of its definition."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.uiengine.guardrails.facts import page
from tests.uiengine.strategies import surfaces
from uiengine.page.layout import Placement, pack
from uiengine.page.reading_order import default_order
from uiengine.page.surface import Cell


def literal(surface, at, order, held):
    """Tries every cell from the top left; returns the placements sorted by (y, x)."""
    placed = []
    for block in surface.blocks:
        cell = block.pinned.get(at.name) or held.get(block.id)
        size = surface.sizes[at.name][block.id][1]
        if cell:
            box = Placement(block.id, cell.x, cell.y, size.w, size.h)
            if block.is_pinned or fits(box, placed, at.columns):
                placed.append(box)
    fixed = {p.id for p in placed}
    last = (-1, -1)
    for block_id in order:
        if block_id in fixed:
            continue
        size = surface.sizes[at.name][block_id][1]
        box = next(
            box
            for y in range(1000)
            for x in range(at.columns - size.w + 1)
            if (y, x) > last
            and fits(box := Placement(block_id, x, y, size.w, size.h), placed, at.columns)
            and touches(box, placed)
        )
        placed.append(box)
        last = (box.y, box.x)
    return tuple(sorted(placed, key=lambda p: (p.y, p.x)))


def fits(box, placed, columns):
    inside = box.x >= 0 and box.x + box.w <= columns
    return inside and not any(box.overlaps(p) for p in placed)


def touches(box, placed):
    above = Placement(box.id, box.x, box.y - 1, box.w, 1)
    return box.y == 0 or any(p.bottom == box.y and p.overlaps(above) for p in placed)


@settings(max_examples=150)
@given(surfaces(), st.randoms(use_true_random=False))
def test_every_block_takes_the_topmost_leftmost_supported_place(surface, random):
    order = list(default_order(surface))
    random.shuffle(order)
    for at in surface.breakpoints:
        assert pack(surface, order).placements[at.name] == literal(surface, at, order, {})


def test_a_cell_held_by_the_user_is_kept():
    surface = page({"id": "a"}, {"id": "b"}, {"id": "c"})
    held = {"wide": {"c": Cell(6, 0)}}

    layout = pack(surface, ("a", "b", "c"), None, held)

    assert layout.placements["wide"] == literal(
        surface, surface.breakpoints[0], "abc", held["wide"]
    )
    assert layout.placements["wide"] == (
        Placement("a", 0, 0, 6, 2),
        Placement("c", 6, 0, 6, 2),
        Placement("b", 0, 2, 6, 2),
    )


def test_a_held_cell_that_the_team_took_is_let_go():
    surface = page({"id": "a", "pinned": {"wide": [0, 0]}}, {"id": "b"})
    layout = pack(surface, ("a", "b"), None, {"wide": {"b": Cell(3, 1)}})
    assert layout.placements["wide"] == (Placement("a", 0, 0, 6, 2), Placement("b", 6, 0, 6, 2))


def test_size_classes_choose_minimum_default_and_maximum():
    layout = pack(page(), ("a", "b"), {"a": 0, "b": 2})
    assert layout.placements["wide"] == (Placement("a", 0, 0, 3, 1), Placement("b", 0, 1, 12, 4))
