"""Packing against a slow, literal implementation of its definition."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.uiengine.guardrails.facts import page
from tests.uiengine.strategies import surfaces
from uiengine import guardrails
from uiengine.page.layout import Placement, pack
from uiengine.page.reading_order import apply_pins, default_order
from uiengine.page.surface import Cell, to_json
from uiengine.page.surface_json import parse


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
    placed.sort(key=lambda p: (p.y, p.x))
    if surface.guardrails.stretch:
        for i, box in enumerate(placed):
            if box.id not in fixed:
                placed[i] = widened(surface, at, box, [p for p in placed if p is not box])
    return tuple(placed)


def widened(surface, at, box, others):
    """The box a column wider, as often as nothing stands there and its limits allow it."""
    most = surface.block(box.id).sizes[at.name].max
    wider = box._replace(w=box.w + 1)
    if (most and wider.w > most.w) or not fits(wider, others, at.columns):
        return box
    return widened(surface, at, wider, others)


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


@settings(max_examples=150)
@given(surfaces(), st.randoms(use_true_random=False))
def test_stretching_changes_widths_alone_and_breaks_no_rule(surface, random):
    order = list(default_order(surface))
    random.shuffle(order)
    order = apply_pins(surface, order, {})
    plain, wide = (
        replace(surface, guardrails=replace(surface.guardrails, stretch=is_on))
        for is_on in (False, True)
    )

    packed, stretched = pack(plain, order), pack(wide, order)

    for name, placed in packed.placements.items():
        now = stretched.placements[name]
        assert [p._replace(w=0) for p in placed] == [p._replace(w=0) for p in now]
        assert all(before.w <= after.w for before, after in zip(placed, now, strict=True))
    own = {rule for rule in guardrails.check(guardrails.Case(plain, packed))}
    assert set(guardrails.check(guardrails.Case(wide, stretched))) <= own


def test_a_block_widens_up_to_its_largest_width_and_pinned_ones_stay():
    def at(w: int, most: int | None = None, **more: object) -> dict:
        return {"sizes": {"*": {"default": [w, 1], "max": most and [most, 1]}}, **more}

    surface = parse(
        {
            "slug": "s",
            "breakpoints": [{"name": "lg", "min_width": 1200, "columns": 12}],
            "guardrails": {"stretch": True},
            "blocks": [
                {"id": "a", "pinned": {"lg": [0, 0]}, **at(7)},
                {"id": "b", **at(4)},
                {"id": "c", **at(4, 5)},
                {"id": "d", **at(3, 6)},
                {"id": "e", **at(9)},
            ],
        }
    )

    placed = pack(surface, ["a", "b", "c", "d", "e"]).placements["lg"]

    assert [(p.id, p.x, p.y, p.w) for p in placed] == [
        ("a", 0, 0, 7),
        ("b", 7, 0, 5),
        ("c", 0, 1, 4),
        ("d", 4, 1, 6),
        ("e", 0, 2, 12),
    ]


def test_a_page_that_does_not_stretch_is_written_as_before():
    surface = page()

    assert "stretch" not in to_json(surface)["guardrails"]
    wide = replace(surface, guardrails=replace(surface.guardrails, stretch=True))
    assert parse(to_json(wide)).guardrails.stretch is True


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
