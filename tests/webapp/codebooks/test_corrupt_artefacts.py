"""Corrupt artefacts are refused: the version that served before goes on, and nothing is left."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest
from django.test import Client

from tests.webapp.codebooks.conftest import variant
from uiengine.errors import VersionError
from webapp.codebooks.gate.promotion import INNATE_FOLDER
from webapp.codebooks.models import Alias, AliasMove, CodebookVersion
from webapp.codebooks.registry import artefacts
from webapp.codebooks.registry.aliases import version_promote, version_register
from webapp.lib.refresher import Refresher
from webapp.serving.pages import Serving, serving

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def innate(db):
    return version_register(source=INNATE_FOLDER, name="innate")


@pytest.fixture
def second(trained, course):
    return version_register(source=trained, name="course-home-1", surfaces=[course])


def served_id(process: Serving = serving) -> str:
    page = process.page("course-home")
    assert page and page.version
    return page.version.id


def test_a_corrupt_artefact_cannot_be_promoted(course, innate, second):
    damage(second)

    with pytest.raises(VersionError, match="SHA-256"):
        version_promote(surface=course, version=second, why="test")

    assert not AliasMove.objects.exists()
    assert served_id() == innate.manifest["id"]


def test_a_corrupt_artefact_is_refused_and_the_old_version_keeps_serving(
    course, innate, second, tmp_path, trained, caplog
):
    version_promote(surface=course, version=second, why="it serves")
    assert served_id() == second.manifest["id"]
    third = variant(trained, tmp_path / "third", "eeeeeeeeeeee", ["course-home"])
    broken = version_register(source=third, name="course-home-2", surfaces=[course])
    damage(broken)
    Alias.objects.filter(surface=course, name="champion").update(version=broken)

    assert served_id() == second.manifest["id"]
    assert "version_refused" in caplog.text
    # A process that has never loaded the old one serves the innate one.
    assert served_id(Serving(Refresher())) == innate.manifest["id"]


def test_ready_names_a_version_whose_files_are_not_on_this_machine(course, second, monkeypatch):
    version_promote(surface=course, version=second, why="it serves")
    damage(second)
    process = Serving(Refresher())
    monkeypatch.setattr("webapp.observability.views.serving", process)

    process.refresh()

    ready = Client().get("/health/ready")
    assert ready.status_code == 200
    assert ready.json()["versions"] == (
        "course-home-1 cannot be loaded: see the storage and the log"
    )


def test_a_file_exchanged_together_with_its_hash_is_refused(course, innate, second, caplog):
    version_promote(surface=course, version=innate, why="it serves")
    exchange(second)

    with pytest.raises(VersionError, match="is not the one that the version was registered with"):
        version_promote(surface=course, version=second, why="test")
    assert Alias.objects.get(surface=course, name="champion").version == innate

    Alias.objects.filter(surface=course, name="champion").update(version=second)
    assert served_id(Serving(Refresher())) == innate.manifest["id"]
    assert "version_refused" in caplog.text


def test_a_refused_folder_leaves_no_row(course, tmp_path, trained):
    third = variant(trained, tmp_path / "third", "eeeeeeeeeeee", ["course-home"])
    (third / "decoder.onnx").write_bytes(b"not a network")

    with pytest.raises(VersionError):
        version_register(source=third, name="broken")

    assert not CodebookVersion.objects.exists()


def damage(version: CodebookVersion) -> None:
    folder = artefacts.local(version.folder)
    name = json.loads((folder / "manifest.json").read_text())["decoder"]
    (folder / name).write_bytes(b"damaged")


def exchange(version: CodebookVersion) -> None:
    """Sets the codes to zero and updates the manifest accordingly."""
    folder = artefacts.local(version.folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    codes = folder / "codes.npy"
    np.save(codes, np.zeros_like(np.load(codes)))
    manifest["files"]["codes.npy"] = hashlib.sha256(codes.read_bytes()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))
