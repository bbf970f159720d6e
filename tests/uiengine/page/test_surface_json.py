from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.uiengine.strategies import surfaces
from uiengine.errors import SurfaceError
from uiengine.page.surface import to_json
from uiengine.page.surface_json import parse

GOOD = {
    "slug": "home",
    "breakpoints": [{"name": "wide", "min_width": 1200, "columns": 12}],
    "blocks": [{"id": "news"}, {"id": "forum"}],
}


@given(surfaces())
def test_json_gives_the_same_surface_back(surface):
    assert parse(json.loads(json.dumps(to_json(surface)))) == surface


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"slug": "a b"}, "slug"),
        ({"breakpoints": []}, "breakpoints"),
        ({"blocks": []}, "blocks"),
        ({"blocks": [{"id": "x"}, {"id": "x"}]}, "blocks"),
        ({"blocks": [{"id": "x", "group": "none"}]}, "blocks[0].group"),
        ({"blocks": [{"id": "x", "pinned": {"tv": [0, 0]}}]}, "blocks[0].pinned.tv"),
        (
            {"blocks": [{"id": "x", "sizes": {"wide": {"default": [13, 1]}}}]},
            "blocks[0].sizes.wide.default",
        ),
        (
            {"blocks": [{"id": "x", "sizes": {"wide": {"default": [2, 1], "min": [3, 1]}}}]},
            "blocks[0].sizes.wide.default",
        ),
        ({"guardrails": {"budget": 3}}, "guardrails.budget"),
        ({"guardrails": {"min_target_px": 12}}, "guardrails.min_target_px"),
        ({"mode": "maybe"}, "mode"),
        ({"revision": True}, "revision"),
    ],
)
def test_a_mistake_names_its_field(change, field):
    with pytest.raises(SurfaceError) as error:
        parse({**copy.deepcopy(GOOD), **change})
    assert error.value.field == field
    assert error.value.next_step


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON, st.sampled_from([*GOOD, "groups", "guardrails", "row_height"]))
def test_anything_else_is_refused_not_crashed_on(data, field):
    for subject in (data, {**GOOD, field: data}):
        try:
            parse(subject)
        except SurfaceError as error:
            assert error.field and error.next_step


@pytest.mark.parametrize("path", sorted(Path("fixtures/surfaces").glob("*.json")), ids=str)
def test_fixtures_parse(path):
    parse(json.loads(path.read_text()))
