"""`manage.py export_layout`: the tool's own file, in one person's layout."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import CommandError, call_command

from tests.uiengine.dashboards.samples import EVERY, GRAFANA
from tests.webapp.conftest import Person
from uiengine.dashboards import surface_of
from webapp.surfaces.dashboards.imported import page_import, page_read
from webapp.surfaces.models import Surface
from webapp.surfaces.services import surface_save

pytestmark = pytest.mark.django_db(transaction=True)
FILE = json.dumps(GRAFANA, indent=4) + "\n"


@pytest.fixture
def service(page) -> Surface:
    """A Grafana page with the innate version, on which nobody is kept at the default."""
    row = page_import(page_read(FILE.encode(), format="grafana", file_name="service.json"))
    Surface.objects.filter(pk=row.pk).update(control_percent=0)
    return row


@pytest.fixture
def reader(service, clock, worker) -> Person:
    """Somebody who put the table first in its row, and panel 3 first on the page."""
    person = Person("host:reader", clock)
    person.layout = lambda: person.get("layout?surface=service").json()  # type: ignore[method-assign]
    for block in ("panel-6", "panel-3"):
        person.wish("move", block, rank={"panel-6": 3, "panel-3": 0}[block], breakpoint="desktop")
    worker.work()
    return person


def exported(subject: str, kind: str = "grafana", surface: str = "service") -> tuple[str, dict]:
    out, done = io.StringIO(), io.StringIO()
    call_command(
        "export_layout", surface=surface, subject=subject, format=kind, stdout=out, stderr=done
    )
    return out.getvalue(), json.loads(done.getvalue())


def test_somebody_without_a_profile_gets_the_file_itself(service):
    text, done = exported("host:nobody")

    assert text == FILE
    assert done == {
        "surface": "service",
        "format": "grafana",
        "bytes": len(FILE),
        "as_imported": True,
    }


def test_a_person_gets_the_order_that_the_page_shows(reader):
    shown = reader.layout()["order"]
    text, done = exported("host:reader")

    assert not done["as_imported"]
    definition, _ = surface_of(json.loads(text), "grafana")
    assert [block["id"] for block in definition["blocks"]] == shown
    assert shown[0] == "panel-3" and shown[3] == "panel-6"
    written = json.loads(text)["panels"][:6]
    kept = [{k: v for k, v in p.items() if k != "gridPos"} for p in written]
    assert kept == [{k: v for k, v in p.items() if k != "gridPos"} for p in GRAFANA["panels"][:6]]


@pytest.mark.parametrize("name", EVERY)
def test_every_tools_default_is_the_file_itself(name, db):
    kind, document = EVERY[name]
    content = json.dumps(document)
    page_import(page_read(content.encode(), format=kind, slug="mine"))

    assert exported("host:nobody", kind, "mine")[0] == content


def test_a_page_that_is_switched_off_is_the_file_itself(reader):
    Surface.objects.filter(slug="service").update(mode=Surface.Mode.OFF)

    assert exported("host:reader")[0] == FILE


def test_blocks_that_were_taken_from_the_surface_keep_their_place_in_the_file(reader):
    row = Surface.objects.get(slug="service")
    blocks = [b for b in row.definition["blocks"] if b["id"] not in ("panel-5", "panel-1")]
    surface_save({**row.full_definition(), "title": row.title, "blocks": blocks})

    panels = {p["id"]: p["gridPos"] for p in json.loads(exported("host:reader")[0])["panels"]}

    assert len(panels) == len(GRAFANA["panels"])
    assert (panels[3]["y"], panels[6]["y"] < panels[7]["y"]) == (0, True)


@pytest.mark.parametrize(
    ("surface", "kind", "says"),
    [
        ("service", "kibana", "format: is not what service was made of.*Use grafana"),
        ("course-home", "grafana", "was made of no tool's file"),
        ("elsewhere", "grafana", "'elsewhere' is unknown"),
    ],
)
def test_a_refusal_names_the_next_step(service, surface, kind, says):
    with pytest.raises(CommandError, match=says):
        exported("host:nobody", kind, surface)


def test_standard_output_is_the_file_alone(service, capsysbinary):
    call_command("export_layout", surface="service", subject="file:anna", format="grafana")

    assert capsysbinary.readouterr().out == FILE.encode()


def test_the_admin_gives_the_default_and_one_persons_file(reader, admin_client):
    row = Surface.objects.get(slug="service")
    profile = row.profiles.get()
    assert (
        f"/admin/studio/export/{row.pk}/"
        in admin_client.get(f"/admin/uiengine_surfaces/surface/{row.pk}/change/").content.decode()
    )

    default = admin_client.get(f"/admin/studio/export/{row.pk}/")
    own = admin_client.get(f"/admin/studio/export/{row.pk}/?profile={profile.pk}")

    assert b"".join(default.streaming_content).decode() == FILE
    assert b"".join(own.streaming_content).decode() == exported("host:reader")[0] != FILE
    assert own["Content-Disposition"] == 'attachment; filename="service.json"'


def test_the_innate_version_knows_the_kinds_of_an_imported_page(service, admin_client):
    found = admin_client.get(f"/admin/studio/suggest/{service.pk}/").context["found"]

    assert (
        set(found.known) == {"stat", "timeseries", "table", "logs_list", "text"} == set(found.kinds)
    )
