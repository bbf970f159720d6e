"""Rules that cannot hold together are named when a surface is saved."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.uiengine.guardrails.facts import page
from uiengine.errors import SurfaceError
from uiengine.guardrails import Case, check
from uiengine.page.feasibility import clashes, refuse_impossible
from uiengine.page.layout import pack
from uiengine.page.reading_order import default_order
from uiengine.page.surface_json import parse

SMALL = {"*": {"default": [1, 1], "min": [1, 1], "max": [1, 1]}}


def test_a_possible_page_has_no_clash():
    assert clashes(page()) == ()


def test_pins_on_top_of_one_another():
    both = page({"id": "a", "pinned": {"wide": [0, 0]}}, {"id": "b", "pinned": {"wide": [5, 1]}})
    assert clashes(both) == ("pinned_stay and no_overlap: 'a' and 'b' at 'wide'.",)


def test_breakpoints_of_one_width_are_refused_by_name():
    grids = [
        {"name": name, "min_width": width, "columns": 12}
        for name, width in (("phone", 0), ("tablet", 700), ("desk", 700))
    ]
    even = parse({"slug": "page", "breakpoints": grids, "blocks": [{"id": "a"}]})

    with pytest.raises(SurfaceError) as refused:
        refuse_impossible(even)

    assert refused.value.field == "breakpoints[2].min_width"
    assert "'tablet'" in str(refused.value) and "'desk'" in str(refused.value)


def test_a_pin_that_leaves_the_grid():
    assert clashes(page({"id": "a", "pinned": {"wide": [7, 0]}}))[0].startswith(
        "pinned_stay and inside_grid: 'a'"
    )


def test_a_maximum_smaller_than_a_finger():
    assert clashes(page({"id": "a", "sizes": SMALL}, row_height=20))[0].startswith(
        "touch_targets and size_limits: 'a'"
    )


def test_a_refusal_names_every_rule_that_clashes():
    both = page(
        {"id": "a", "pinned": {"wide": [0, 0]}},
        {"id": "b", "pinned": {"wide": [8, 1]}},
        {"id": "c", "sizes": SMALL},
        row_height=20,
    )
    with pytest.raises(SurfaceError) as refused:
        refuse_impossible(both)
    for named in ("touch_targets and size_limits: 'c'", "pinned_stay and inside_grid: 'b'"):
        assert named in str(refused.value)


@st.composite
def pages(draw: st.DrawFn):
    """Draws up to five blocks with independent pins and limits."""
    grids = {"phone": 4, "desk": 12}

    def block(number: int) -> dict:
        low = [draw(st.integers(1, 3)), draw(st.integers(1, 2))]
        usual = [low[0] + draw(st.integers(0, 2)), low[1] + draw(st.integers(0, 2))]
        high = [usual[0] + draw(st.integers(0, 1)), usual[1]] if draw(st.booleans()) else None
        cell = {n: [draw(st.integers(0, c - 1)), draw(st.integers(0, 4))] for n, c in grids.items()}
        return {
            "id": f"b{number}",
            "group": draw(st.sampled_from(["", "one", "two"])),
            "pinned": cell if draw(st.integers(0, 3)) == 0 else {},
            "sizes": {"*": {"default": usual, "min": low, "max": high}},
        }

    return parse(
        {
            "slug": "page",
            "row_height": draw(st.sampled_from([10, 60])),
            "breakpoints": [
                {"name": name, "min_width": 100 * c, "columns": c} for name, c in grids.items()
            ],
            "groups": ["one", "two"],
            "guardrails": {"min_target_px": draw(st.sampled_from([24, 48, 90]))},
            "blocks": [block(number) for number in range(draw(st.integers(1, 5)))],
        }
    )


@settings(max_examples=200)
@given(pages())
def test_what_is_refused_is_what_no_default_layout_can_keep(surface):
    """The default layout breaks a guardrail exactly where a clash is named."""
    broken = check(Case(surface, pack(surface, default_order(surface))))
    named = " ".join(clashes(surface))
    assert bool(broken) == bool(named)
    assert all(v.rule in named for v in broken if v.rule in ("no_overlap", "inside_grid"))
