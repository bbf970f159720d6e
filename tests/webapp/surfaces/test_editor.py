"""The form beside a surface's JSON has a field for all that the schema has, in three languages."""

from __future__ import annotations

import json
import re

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import translation

from tests.webapp.conftest import COURSE
from webapp.surfaces.definition_field import readable
from webapp.surfaces.editor import ELSEWHERE, SCHEMA, WORDS, DefinitionEditor, fields

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("part", WORDS)
def test_every_property_of_the_schema_has_a_field(part):
    known = SCHEMA if part == "page" else SCHEMA["$defs"][part]
    left = ELSEWHERE if part == "page" else ()

    assert {field.name for field in fields(part)} == set(known["properties"]) - set(left)


def test_fields_have_the_bounds_of_the_schema():
    found = {field.name: field for field in (*fields("guardrails"), *fields("block"))}

    budget, title = found["move_budget"], found["title"]
    assert (budget.control, budget.low, budget.high, budget.default) == ("number", 0, 200, 6)
    assert (title.control, title.longest) == ("text", 200)
    assert found["exploration"].step == "any" and budget.step == "1"


def test_a_guardrail_is_switched_whatever_its_name():
    found = {field.name: field for field in fields("guardrails")}
    known = SCHEMA["$defs"]["guardrails"]["properties"]

    assert (found["sizes"].control, found["put_away"].control) == ("checkbox", "checkbox")
    assert [value for value, _ in found["emphasis"].choices] == known["emphasis"]["enum"]


def test_bounds_are_written_as_browsers_read_them():
    with translation.override("de"):
        shown = DefinitionEditor().render("definition", "{}", {"id": "id_definition"})

    assert 'max="0.2"' in shown and 'max="10000"' in shown


@pytest.mark.parametrize("language", sorted({*dict(settings.LANGUAGES)} - {"en"}))
def test_every_word_of_the_form_is_translated(language):
    def words() -> list[str]:
        html = DefinitionEditor().render("definition", "{}", {"id": "id_definition"})
        said = re.findall(r'>([^<>]+)<|(?:aria-label|data-[a-z]+)="([^"]* [^"]*)"', html)
        return [word for one, other in said if re.search(r"\w", word := (one or other).strip())]

    with translation.override("en"):
        english = words()
    with translation.override(language):
        translated = words()

    same = [one for one, other in zip(english, translated, strict=True) if one == other]
    assert len(english) > 60
    assert set(same) <= {"{}", "Name", "Id", "Navigation"}


def test_the_check_says_where_each_mistake_is(admin_client):
    definition = {**COURSE, "guardrails": {"move_budget": 999}}
    address = reverse("admin:uiengine_surfaces_surface_check")

    shown = admin_client.post(address, {"definition": json.dumps(definition)}).content.decode()

    assert 'data-path="guardrails.move_budget"' in shown


def test_the_check_says_at_which_block_rules_clash(admin_client):
    blocks = [dict(block) for block in COURSE["blocks"]]
    blocks[4]["pinned"] = blocks[0]["pinned"]
    address = reverse("admin:uiengine_surfaces_surface_check")

    shown = admin_client.post(address, {"definition": json.dumps({**COURSE, "blocks": blocks})})

    paths = set(re.findall(r'data-path="(.*?)"', shown.content.decode()))
    assert paths <= {"blocks[0]", "blocks[4]"} and paths


def test_the_check_says_which_breakpoint_has_the_width_of_another(admin_client):
    first, second, *others = COURSE["breakpoints"]
    twin = {**second, "min_width": first["min_width"]}
    definition = {**COURSE, "breakpoints": [first, twin, *others]}
    address = reverse("admin:uiengine_surfaces_surface_check")

    shown = admin_client.post(address, {"definition": json.dumps(definition)}).content.decode()

    assert 'data-path="breakpoints[1].min_width"' in shown and second["name"] in shown


def test_texts_with_brackets_are_shown_as_they_are():
    kept = {"blocks": [{"id": "a", "title": "All [ new ] { and old }"}]}

    assert json.loads(readable(kept)) == kept
