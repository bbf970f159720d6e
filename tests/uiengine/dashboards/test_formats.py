"""Every tool's page becomes a surface, and its layouts go back into the page."""

from __future__ import annotations

import copy
import json
import random
from itertools import permutations
from pathlib import Path

import jsonschema
import pytest

from tests.uiengine.dashboards.geometry import overlaps, pulled_up
from tests.uiengine.dashboards.samples import EVERY, GRAFANA, LISTS, SAMPLES
from uiengine import guardrails
from uiengine.dashboards import FORMATS, DashboardError, layout_into, surface_of
from uiengine.page import feasibility, surface_json
from uiengine.page.layout import Layout, pack
from uiengine.page.reading_order import apply_pins, default_order
from uiengine.page.surface import Surface

SCHEMA = json.loads(Path("uiengine/page/surface.schema.json").read_text())
every_page = pytest.mark.parametrize("name", EVERY)


def surface(kind: str, document: object) -> Surface:
    return surface_json.parse(surface_of(document, kind)[0])


def shuffled(page: Surface, seed: int) -> Layout:
    order = [block.id for block in page.blocks]
    random.Random(seed).shuffle(order)
    return pack(page, apply_pins(page, order, {}))


def test_every_format_has_a_sample():
    assert {kind for kind, _ in EVERY.values()} == set(FORMATS)


@pytest.mark.parametrize("name", SAMPLES)
def test_blocks_keep_their_order_and_rows_tabs_and_sections_become_groups(name):
    sample = SAMPLES[name]

    found: dict[str, list[str]] = {}
    for block in surface(sample.format, sample.document).blocks:
        found.setdefault(block.group, []).append(block.id)

    assert found == sample.groups


@pytest.mark.parametrize("name", LISTS)
def test_blocks_without_ids_are_told_apart_by_what_they_show(name):
    kind, document, groups = LISTS[name]

    found = surface(kind, document)

    assert len(found.index) == len(found.blocks)
    assert list(found.groups) == groups


@every_page
def test_the_surface_keeps_our_own_rules(name):
    definition, _ = surface_of(EVERY[name][1], EVERY[name][0])

    jsonschema.validate(definition, SCHEMA)
    page = surface_json.parse(definition)
    feasibility.refuse_impossible(page)
    order = default_order(page)
    assert order == tuple(block.id for block in page.blocks)
    assert guardrails.check(guardrails.Case(page, pack(page, order))) == ()


@every_page
def test_the_default_layout_gives_the_document_itself(name):
    kind, document = EVERY[name]
    before = copy.deepcopy(document)
    page = surface(kind, document)

    assert layout_into(document, kind, pack(page, default_order(page))) is document
    assert document == before


@every_page
def test_an_adapted_layout_is_imported_in_its_order_and_nothing_else_changes(name):
    kind, document = EVERY[name]
    before, page = copy.deepcopy(document), surface(kind, document)
    for seed in range(5):
        layout = shuffled(page, seed)

        written = layout_into(document, kind, layout)

        assert document == before
        again = surface(kind, written)
        assert default_order(again) == layout.order
        assert again.groups == page.groups
        back = layout_into(written, kind, pack(again, default_order(page)))
        assert default_order(surface(kind, back)) == default_order(page)


def panels_of(document: dict) -> list[tuple]:
    boxes = [panel["gridPos"] for panel in document["panels"]]
    return [(box["x"], box["y"], box["w"], box["h"]) for box in boxes]


def test_every_order_of_a_grafana_page_stands_where_grafana_leaves_it():
    page = surface("grafana", GRAFANA)
    top, rest = ["panel-1", "panel-2", "panel-3"], ["panel-5", "panel-6", "panel-9", "panel-8"]
    for order in permutations(top):
        written = layout_into(GRAFANA, "grafana", pack(page, [*order, *rest]))

        boxes = panels_of(written)
        assert overlaps(boxes) == []
        assert pulled_up(boxes) == sorted(boxes, key=lambda box: (box[1], box[0]))
        row, collapsed = written["panels"][3], written["panels"][6]
        inside = (written["panels"][4], written["panels"][5])
        assert all(p["gridPos"]["y"] > row["gridPos"]["y"] for p in inside)
        assert all(p["gridPos"]["y"] < collapsed["gridPos"]["y"] for p in inside)
        # Grafana counts the places in a collapsed row from its first panel.
        assert [p["id"] for p in collapsed["panels"]] == [9, 8]
        assert collapsed["panels"][0]["gridPos"]["y"] < collapsed["panels"][1]["gridPos"]["y"]


def test_a_document_of_no_tool_is_refused_by_what_it_lacks():
    for kind in ("perses", "superset", "grafana"):
        with pytest.raises(DashboardError, match=f"holds no {kind.title()} dashboard"):
            surface_of([1, "a"], kind)


def test_an_unknown_format_is_refused_with_those_there_are():
    with pytest.raises(DashboardError, match=r"is unknown.*Use one of .*'grafana'"):
        surface_of(GRAFANA, "tableau")


def test_a_page_without_panels_is_refused():
    with pytest.raises(DashboardError, match="holds no panel that can be arranged"):
        surface_of({"title": "Empty", "panels": []}, "grafana")


def test_a_wrapped_page_is_found_and_written_where_it_is():
    wrapped = {"kind": "ConfigMap", "data": {"a.json": json.dumps(GRAFANA, indent=2), "n": "1"}}
    page = surface("grafana", wrapped)

    written = layout_into(wrapped, "grafana", shuffled(page, 3))

    inner = json.loads(written["data"]["a.json"])
    assert inner == layout_into(GRAFANA, "grafana", shuffled(page, 3))
    assert written["data"]["n"] == "1"


def test_of_several_pages_the_first_is_taken_and_the_others_are_named():
    other = {**GRAFANA, "title": "Another"}

    definition, notes = surface_of([{"dashboard": GRAFANA}, {"dashboard": other}], "grafana")

    assert definition["title"] == "Service"
    assert "Of 2 pages in the file, the first is taken; 'Another' stay as they are." in notes


def test_sections_past_the_most_blocks_stay_and_are_named():
    rows = [
        {"title": f"R{i}", "panels": [{"id": 50 * i + j, "span": 2} for j in range(50)]}
        for i in range(5)
    ]
    document = {"title": "Wide", "rows": rows}

    page, notes = surface_of(document, "grafana")

    assert len(page["blocks"]) == 200
    assert any(note.startswith("R4: its 50 panels stay as they stand") for note in notes)
    written = layout_into(document, "grafana", shuffled(surface_json.parse(page), 1))
    assert written["rows"][4] == rows[4] and written["rows"][0] != rows[0]


def test_a_size_of_the_layout_is_written():
    page = surface("grafana", GRAFANA)
    order = default_order(page)
    layout = pack(page, order, {"panel-2": 0})  # its least size, 1 × 1

    written = layout_into(GRAFANA, "grafana", layout)

    assert [p["gridPos"]["w"] for p in written["panels"][:3]] == [6, 1, 12]
    assert overlaps(panels_of(written)) == []
