"""Files of tools are read whatever holds them, and written back in their own form."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
import yaml

from tests.uiengine.dashboards.samples import GRAFANA, HOME_ASSISTANT, KIBANA, PERSES, SUPERSET
from uiengine.dashboards import DashboardError, layout_into, surface_of
from uiengine.page import surface_json
from uiengine.page.layout import pack
from uiengine.page.reading_order import apply_pins
from webapp.surfaces.dashboards import files

LINES = "".join(json.dumps(line) + "\n" for line in KIBANA)
YAML = """# the house
title: House
views:
  - title: Rooms
    cards:
      - type: light
        entity: light.hall
      - !include stack.yaml
      - type: entities
        title: Since 2024-01-01
        since: 2024-01-01
"""


def archive(**members: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in members.items():
            file.writestr(name.replace("__", "/") + ".yaml", text)
    return made.getvalue()


EXPORT = archive(
    metadata="version: 1.0.0\n",
    dash__dashboards__Sales=yaml.safe_dump(
        {"dashboard_title": "Sales", "position": json.loads(SUPERSET["position_json"])}
    ),
)
FILES = {
    "json": ("grafana", json.dumps(GRAFANA, indent=2).encode() + b"\n"),
    "json on one line": ("grafana", json.dumps(GRAFANA, separators=(",", ":")).encode()),
    "json with a mark": ("grafana", b"\xef\xbb\xbf" + json.dumps(GRAFANA, indent="\t").encode()),
    "json lines": ("kibana", LINES.encode()),
    "yaml": ("perses", yaml.safe_dump(PERSES).encode()),
    "yaml with tags": ("home-assistant", YAML.encode()),
    "several yaml documents": ("perses", b"a: 1\n---\n" + yaml.safe_dump(PERSES).encode()),
    "archive": ("superset", EXPORT),
}


def reversed_page(document: object, kind: str) -> object:
    page = surface_json.parse(surface_of(document, kind)[0])
    order = apply_pins(page, [block.id for block in reversed(page.blocks)], {})
    return layout_into(document, kind, pack(page, order))


@pytest.mark.parametrize("name", FILES)
def test_a_page_that_did_not_change_is_the_file_itself_and_an_adapted_one_reads_back(name):
    kind, content = FILES[name]
    document = files.read(content, name)
    assert files.write(content, document, document) == content

    adapted = reversed_page(document, kind)
    written = files.write(content, document, adapted)

    assert written != content
    again = files.read(written, name)
    assert surface_of(again, kind) == surface_of(adapted, kind)


def test_lines_of_other_objects_and_members_of_an_archive_stay_byte_for_byte():
    lines = files.write(LINES.encode(), *both(LINES.encode(), "kibana")).decode().splitlines()
    made = files.write(EXPORT, *both(EXPORT, "superset"))

    assert lines[0::2] == LINES.splitlines()[0::2] and lines[1] != LINES.splitlines()[1]
    with zipfile.ZipFile(io.BytesIO(made)) as file:
        assert file.namelist() == ["metadata.yaml", "dash/dashboards/Sales.yaml"]
        assert file.read("metadata.yaml") == b"version: 1.0.0\n"


def both(content: bytes, kind: str) -> tuple[object, object]:
    document = files.read(content)
    return document, reversed_page(document, kind)


def test_indentation_is_as_it_was():
    for indent in (2, 4, "\t"):
        content = json.dumps(GRAFANA, indent=indent).encode()

        written = files.write(content, *both(content, "grafana"))

        assert written == json.dumps(json.loads(written), indent=indent).encode()


def test_tags_and_dates_of_yaml_stay():
    written = files.write(YAML.encode(), *both(YAML.encode(), "home-assistant")).decode()

    assert "- !include 'stack.yaml'" in written
    assert "since: 2024-01-01\n" in written
    cards = yaml.safe_load(written.replace("!include ", ""))["views"][0]["cards"]
    assert [card if isinstance(card, str) else card["type"] for card in cards] == [
        "entities",
        "stack.yaml",
        "light",
    ]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b'{"panels": [', "is no valid JSON"),
        (b"a: [1\nb", "is neither JSON nor YAML"),
        (b"PK\x03\x04nothing", "is no archive"),
        (b"\x80\x81\xff", "is no text"),
        (b"[" * 100_000, "is no valid JSON"),
        (b"", "file: is empty .got 'page'.. Export the dashboard again"),
        (b" \n", "is empty"),
        (b"# a comment alone\n", "holds no Grafana dashboard .got 'an empty list'."),
        (b"[]", "got 'an empty list'"),
        (b"{}", "got 'an empty object'"),
        (b"[1, 2]", "got 'a list of 2'"),
        (b"null", "got 'nothing'"),
        (b"not a dashboard", "got 'not a dashboard'"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_reason(content, says):
    with pytest.raises(DashboardError, match=says):
        surface_of(files.read(content, "page"), "grafana")


def test_yaml_that_names_a_value_many_times_over_is_refused():
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 9)]

    with pytest.raises(DashboardError, match="holds more than 2000000 values"):
        files.read("\n".join(levels).encode())


def test_an_archive_that_unpacks_to_too_much_is_refused():
    with pytest.raises(DashboardError, match="holds more than"):
        files.read(archive(big="a" * 40_000_000))


def test_a_block_with_a_tag_has_one_name_at_every_reading():
    content = b"cards:\n  - type: light\n    entity: !secret hall\n  - type: gauge\n"

    first, again = (surface_of(files.read(content), "home-assistant") for _ in range(2))

    assert first == again


def test_home_assistants_storage_keeps_its_frame():
    content = json.dumps(HOME_ASSISTANT, indent=2).encode()

    written = json.loads(files.write(content, *both(content, "home-assistant")))

    assert (written["version"], written["key"]) == (1, "lovelace")
