"""The JSON Schema of a surface agrees with the parser, as far as a schema can say it."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator

import uiengine
from tests.uiengine.strategies import surfaces
from uiengine.errors import SurfaceError
from uiengine.page.surface import to_json
from uiengine.page.surface_json import parse

PAGE = Path(uiengine.__file__).parent / "page"
SCHEMA = json.loads((PAGE / "surface.schema.json").read_text())
VALIDATOR = Draft202012Validator(SCHEMA)
FIXTURES = sorted(Path("fixtures/surfaces").glob("*.json"))
SMALL = {
    "slug": "page",
    "breakpoints": [{"name": "lg", "min_width": 1200, "columns": 12}],
    "blocks": [{"id": "forum", "sizes": {"*": {"default": [6, 2]}}}],
}
WRONG = [
    (("slug",), "no spaces, please"),
    (("revision",), 0),
    (("row_height",), 2001),
    (("mode",), "on"),
    (("groups",), ["a", "a"]),
    (("guardrails",), {"unknown": 1}),
    (("guardrails",), {"move_budget": -1}),
    (("guardrails",), {"min_target_px": 23}),
    (("guardrails",), {"exploration": 0.3}),
    (("breakpoints",), []),
    (("breakpoints",), [{"name": f"b{i}", "min_width": i, "columns": 1} for i in range(13)]),
    (("groups",), [f"g{i}" for i in range(201)]),
    (("blocks",), [{"id": f"b{i}"} for i in range(201)]),
    (("breakpoints", 0, "columns"), 121),
    (("breakpoints", 0, "viewport_height"), 99),
    (("breakpoints", 0, "min_width"), -1),
    (("blocks",), []),
    (("blocks", 0, "id"), ""),
    (("blocks", 0, "kind"), " "),
    (("blocks", 0, "title"), "x" * 201),
    (("blocks", 0, "required"), 1),
    (("blocks", 0, "pinned"), {"lg": [0]}),
    (("blocks", 0, "sizes"), {"*": {}}),
    (("blocks", 0, "sizes"), {"*": {"default": [0, 1]}}),
]


def changed(path, value):
    surface = at = copy.deepcopy(SMALL)
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    return surface


def test_the_schema_itself_is_valid():
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_the_shipped_surfaces_are_valid(path):
    VALIDATOR.validate(json.loads(path.read_text()))


@settings(max_examples=50)
@given(surfaces())
def test_what_the_engine_writes_is_valid(surface):
    VALIDATOR.validate(to_json(surface))


def test_the_small_surface_is_accepted_by_both():
    VALIDATOR.validate(SMALL)
    parse(SMALL)


@pytest.mark.parametrize(("path", "value"), WRONG, ids=str)
def test_a_wrong_field_is_refused_by_both(path, value):
    wrong = changed(path, value)

    assert not VALIDATOR.is_valid(wrong)
    with pytest.raises(SurfaceError):
        parse(wrong)


def test_every_field_has_a_description_and_an_example():
    fields = [SCHEMA, *SCHEMA["$defs"].values()]
    for owner in fields:
        for name, field in owner.get("properties", {}).items():
            field = SCHEMA["$defs"][field["$ref"].rsplit("/", 1)[1]] if "$ref" in field else field
            assert field["description"] and field["examples"], name


def test_defaults_are_those_of_the_parser():
    parsed, given = to_json(parse(SMALL)), SCHEMA["properties"]
    for name in ("revision", "row_height", "mode", "groups"):
        assert given[name]["default"] == parsed[name]
    for name, value in parsed["guardrails"].items():
        assert SCHEMA["$defs"]["guardrails"]["properties"][name]["default"] == value
