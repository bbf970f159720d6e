"""The reference of the surface format says what the schema and the parser hold."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from uiengine.errors import SurfaceError
from uiengine.page.surface_json import parse
from webapp.layouts.docs import surface_format
from webapp.surfaces.services import check_columns

SMALL = {
    "slug": "page",
    "breakpoints": [{"name": "lg", "min_width": 1200, "columns": 12}],
    "blocks": [{"id": "forum"}],
}
FIELDS = {heading: {f.name: f for f in rows} for heading, rows in surface_format.tables()}
PLACES = {
    "The page": lambda name, value: {**SMALL, name: value},
    "guardrails": lambda name, value: {**SMALL, "guardrails": {name: value}},
    "breakpoints: each": lambda name, value: {
        **SMALL,
        "breakpoints": [{**SMALL["breakpoints"][0], name: value}],
    },
}


def taken(page):
    """What saving checks: the page, and the columns of the row that keeps it."""
    parse(page)
    check_columns({**page, "revision": 1})


def test_every_field_of_the_shipped_pages_is_explained():
    for file in sorted(surface_format.FIXTURES.glob("surfaces/*.json")):
        page = json.loads(file.read_text())
        assert set(page) <= set(FIELDS["The page"]), file.name
        assert set(page["guardrails"]) <= set(FIELDS["guardrails"])
        for block in page["blocks"]:
            assert set(block) <= set(FIELDS["blocks: each"])


@pytest.mark.parametrize("heading", list(PLACES))
def test_the_bounds_that_are_said_are_those_of_the_parser(heading):
    """Numbers at the bounds are taken; one below and one above are refused."""
    tried = 0
    for name, field in FIELDS[heading].items():
        if not field.bounds.startswith("a whole number"):
            continue
        low, high = (int(n.replace(",", "")) for n in field.bounds.split(" from ")[1].split(" to "))
        for value in (low, high):
            taken(PLACES[heading](name, value))
        for value in (low - 1, high + 1):
            with pytest.raises(SurfaceError):
                taken(PLACES[heading](name, value))
        tried += 1
    assert tried


def test_examples_are_taken():
    for heading, place in PLACES.items():
        for name, field in FIELDS[heading].items():
            if name != "breakpoints":
                taken(place(name, json.loads(field.example)))
    assert FIELDS["blocks: each"]["kind"].bounds == "1 to 200 characters"
    assert FIELDS["The page"]["mode"].bounds == "one of live, dry_run, off"
    assert FIELDS["The page"]["slug"].is_required and not FIELDS["The page"]["zone"].is_required


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["en", "de", "ar"])
def test_the_page_and_the_schema_are_served(language):
    client = Client(headers={"Accept-Language": language})
    page = client.get("/api/surface-format").content.decode()
    schema = client.get("/api/surface-schema")

    for rows in FIELDS.values():
        for name, field in rows.items():
            assert f"<code>{name}</code>" in page
            assert field.bounds in page
    assert "<code>oucontent</code>" in page
    assert schema["Content-Type"] == "application/schema+json"
    assert json.loads(schema.content) == surface_format.schema()
    assert ("Surface format" in page) == (language == "en")
