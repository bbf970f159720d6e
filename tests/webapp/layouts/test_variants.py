"""GET /api/layout?variants=N: the best distinct layouts, for previews and experiments."""

from __future__ import annotations

import pytest

from tests.webapp.conftest import COURSE
from uiengine.guardrails import Case, check
from uiengine.page.layout import Layout, Placement
from uiengine.page.surface_json import parse
from webapp.layouts.api import layout_serializers
from webapp.layouts.api.openapi_examples import LAYOUT_EXAMPLE
from webapp.subjects import decisions

pytestmark = pytest.mark.django_db(transaction=True)
ADDRESS = "layout?surface=course-home"


@pytest.fixture
def reader(owner, worker):
    for _ in range(3):
        owner.visit("glossary", "live")
        worker.work()
    return owner


def test_lists_distinct_layouts_best_first_and_keeps_the_one_to_show(reader):
    plain = reader.layout()
    assert plain["variants"] == []

    payload = reader.get(f"{ADDRESS}&variants=3").json()

    assert {k: v for k, v in payload.items() if k != "variants"} == {
        k: v for k, v in plain.items() if k != "variants"
    }
    listed = payload["variants"]
    assert len({tuple(v["order"]) for v in listed}) == 3
    energies = [v["energy_seconds"] for v in listed]
    assert energies[1:] == sorted(energies[1:])
    assert [v["is_served"] for v in listed] == [True, False, False]
    assert listed[0]["order"] == payload["order"]
    assert listed[0]["layouts"] == payload["layouts"]
    assert listed[0]["decision"] == payload["decision"]


def test_every_variant_keeps_the_guardrails(reader):
    before = tuple(reader.layout()["order"])
    surface = parse(COURSE)
    for variant in reader.get(f"{ADDRESS}&variants=8").json()["variants"]:
        placed = {
            name: tuple(Placement(*(i[k] for k in ("id", "x", "y", "w", "h"))) for i in items)
            for name, items in variant["layouts"].items()
        }
        case = Case(surface=surface, layout=Layout(tuple(variant["order"]), placed))
        assert not check(case)
        assert sorted(variant["order"]) == sorted(before)


def test_events_of_a_shown_variant_say_what_was_shown(reader, worker):
    chosen = reader.get(f"{ADDRESS}&variants=3").json()["variants"][2]
    assert decisions.read(chosen["decision"]).order == tuple(chosen["order"])

    reader.send(chosen, reader.event("impression"))
    worker.work()

    assert reader.get("me").json()["profiles"][0]["visits"][-1]["order"] == chosen["order"]


@pytest.mark.parametrize("given", ["0", "9", "-1", "three", "", "1.5", "9" * 400, "٣"])
def test_a_number_that_cannot_be_listed_is_refused(reader, given):
    response = reader.get(f"{ADDRESS}&variants={given}")

    assert response.status_code == 400
    problem = response.json()
    assert problem["field"] == "variants"
    assert "1 to 8" in problem["detail"]
    assert problem["next_step"]


def test_what_is_listed_has_an_etag_of_its_own(reader):
    plain = reader.get(ADDRESS)["ETag"]
    listed = reader.get(f"{ADDRESS}&variants=3")

    assert listed["ETag"] != plain
    again = reader.get(f"{ADDRESS}&variants=3", **{"If-None-Match": listed["ETag"]})
    assert again.status_code == 304


def test_nobody_and_the_frozen_have_nothing_to_choose_from(reader):
    assert reader.client.get(f"/api/{ADDRESS}&variants=3").json()["variants"] == []
    reader.wish("freeze")
    assert reader.get(f"{ADDRESS}&variants=3").json()["variants"] == []


def test_a_dry_run_previews_what_would_be_served(reader, page):
    wanted = reader.layout()["order"]
    page.mode = "dry_run"
    page.save()

    payload = reader.get(f"{ADDRESS}&variants=2").json()

    assert payload["order"] != wanted
    assert payload["variants"][0]["order"] == wanted
    assert not any(v["is_served"] for v in payload["variants"])


def test_the_example_is_what_the_schema_says(reader):
    example = LAYOUT_EXAMPLE.value
    assert set(example) == set(layout_serializers.LayoutOut().fields)
    assert set(example["variants"][0]) == set(layout_serializers.VariantOut().fields)
    item = example["layouts"]["wide"][0]
    assert set(item) <= set(layout_serializers.ItemOut().fields)
    listed = reader.get(f"{ADDRESS}&variants=2").json()
    assert set(listed["variants"][0]) == set(example["variants"][0])
