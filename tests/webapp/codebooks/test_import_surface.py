"""`manage.py import_surface` and the admin's upload: a tool's file becomes a surface, once."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command

from tests.uiengine.dashboards.samples import EVERY, GRAFANA
from tests.webapp.conftest import COURSE
from tests.webapp.studio.conftest import staff
from uiengine.dashboards import FORMATS
from webapp.codebooks.models import Alias
from webapp.surfaces.models import ImportedPage, Surface
from webapp.surfaces.services import surface_save

pytestmark = pytest.mark.django_db
IMPORT = "/admin/uiengine_surfaces/surface/import/"


@pytest.fixture
def file(tmp_path) -> Path:
    path = tmp_path / "service.json"
    path.write_text(json.dumps(GRAFANA, indent=2))
    return path


def imported(path: Path, kind: str, slug: str = "") -> tuple[dict, str]:
    out, notes = io.StringIO(), io.StringIO()
    call_command("import_surface", path, format=kind, slug=slug, stdout=out, stderr=notes)
    return json.loads(out.getvalue()), notes.getvalue()


def test_the_surface_and_the_file_are_there_and_the_notes_are_said(file):
    done, notes = imported(file, "grafana")

    row = Surface.objects.get(slug="service")
    assert done | {"seconds": 0} == {
        "surface": "service",
        "created": True,
        "revision": 1,
        "blocks": 7,
        "groups": 3,
        "breakpoints": ["phone", "desktop"],
        "notes": 2,
        "seconds": 0,
    }
    assert "Row 'Panel 7' is collapsed: its panels are arranged within it." in notes
    assert row.title == "Service" and len(row.definition["blocks"]) == 7
    assert bytes(row.imported.content) == file.read_bytes()
    assert (row.imported.format, row.imported.file_name) == ("grafana", "service.json")


def test_the_shipped_version_serves_a_page_imported_into_an_empty_database(file):
    imported(file, "grafana")

    served = Alias.objects.get(surface__slug="service", name=Alias.Name.CHAMPION)
    assert served.version.manifest["surfaces"] == []


@pytest.mark.parametrize("name", EVERY)
def test_every_tools_page_is_imported(name, tmp_path):
    kind, document = EVERY[name]
    path = tmp_path / "page.json"
    path.write_text(json.dumps(document))

    done, _ = imported(path, kind, "mine")

    assert done["created"] and Surface.objects.get().slug == "mine"


def test_importing_again_changes_nothing_and_an_edited_page_is_a_new_revision(file):
    imported(file, "grafana")

    assert imported(file, "grafana")[0]["revision"] == 1
    file.write_text(json.dumps({**GRAFANA, "panels": GRAFANA["panels"][:3]}))
    done, _ = imported(file, "grafana")

    assert (done["created"], done["revision"], done["blocks"]) == (False, 2, 3)
    assert ImportedPage.objects.count() == 1


def test_a_surface_that_was_not_imported_is_not_replaced(file):
    surface_save({**COURSE, "slug": "service"})

    with pytest.raises(CommandError, match=r"belongs to a surface that was not imported.*slug"):
        imported(file, "grafana")

    assert not ImportedPage.objects.exists()
    assert len(Surface.objects.get().definition["blocks"]) == len(COURSE["blocks"])


@pytest.mark.parametrize(
    ("kind", "slug", "says"),
    [
        ("perses", "", r"looks like a Grafana dashboard.*--format grafana\.\nNothing was imported"),
        ("grafana", "no/slug", "slug: is no slug"),
    ],
)
def test_a_refusal_names_the_reason_and_leaves_nothing(file, kind, slug, says):
    with pytest.raises(CommandError, match=says):
        imported(file, kind, slug)

    assert not Surface.objects.exists()


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(CommandError, match=r"file: .*nothing\.json"):
        imported(tmp_path / "nothing.json", "grafana")


def test_the_help_shows_a_row_of_every_format(capsys):
    with pytest.raises(SystemExit):
        call_command("import_surface", "--help")

    shown = capsys.readouterr().out
    assert all(format.row in shown for format in FORMATS.values())


def sent(**more: str) -> dict:
    upload = SimpleUploadedFile("service.json", json.dumps(GRAFANA).encode())
    return {"file": upload, "format": "grafana", "slug": "", **more}


def test_the_admin_previews_a_file_and_saves_nothing(admin_client):
    page = admin_client.post(IMPORT, sent(preview="Preview"))

    shown = page.content.decode()
    assert "becomes the surface <code>service</code>: 7 blocks in 3 groups" in shown
    assert "Panel &#x27;Panel 5&#x27; repeats for $host" in shown
    assert shown.count('class="layout-picture"') == 2
    assert not Surface.objects.exists()


def test_the_admin_imports_a_file_and_says_so_in_the_log(admin_client):
    answer = admin_client.post(IMPORT, sent(**{"import": "Import"}))

    row = Surface.objects.get()
    assert answer.status_code == 302 and str(row.pk) in answer["Location"]
    assert admin_client.get(answer["Location"]).status_code == 200
    assert row.imported.format == "grafana"


def test_the_admin_says_why_a_file_is_refused(admin_client):
    page = admin_client.post(IMPORT, sent(format="kibana", preview="P"))

    assert "looks like a Grafana dashboard, not a Kibana dashboard" in page.content.decode()


def test_importing_in_the_admin_needs_the_permission(db):
    colleague = staff("colleague", ("view_surface",))

    assert colleague.get(IMPORT).status_code == 403
    assert "import/" not in colleague.get("/admin/uiengine_surfaces/surface/").content.decode()


ADD = "/admin/uiengine_surfaces/surface/add/"
TYPED = {
    "slug": "typed",
    "title": "Typed",
    "mode": "live",
    "visit_minutes": 30,
    "control_percent": 0,
    "event_days": 400,
    "decision_days": 90,
    "idle_days": 730,
    "definition": json.dumps({key: COURSE[key] for key in ("breakpoints", "row_height", "blocks")}),
}


def champion(slug: str) -> Alias | None:
    return Alias.objects.filter(surface__slug=slug, name=Alias.Name.CHAMPION).first()


def test_the_shipped_version_serves_a_page_made_in_the_admin_alone(admin_client):
    assert admin_client.post(ADD, TYPED).status_code == 302
    admin_client.post(IMPORT, sent(**{"import": "Import"}))

    first, second = champion("typed"), champion("service")
    assert first and second and first.version == second.version
    assert first.version.manifest["surfaces"] == []


def test_a_version_that_cannot_be_stored_keeps_no_page_from_being_saved(
    admin_client, monkeypatch, caplog
):
    def full(**_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("webapp.codebooks.gate.promotion.innate_ship", full)

    assert admin_client.post(ADD, TYPED).status_code == 302

    row = Surface.objects.get(slug="typed")
    assert champion("typed") is None and "No space left on device" in caplog.text
    page = admin_client.get(f"/admin/uiengine_surfaces/surface/{row.pk}/change/").content.decode()
    assert "manage.py load_fixtures --no-cohort stores the shipped version" in page
