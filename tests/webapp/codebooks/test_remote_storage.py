"""Versions in a storage without local folders, such as S3, are fetched and served."""

from __future__ import annotations

import json
from io import BytesIO

import pytest
from django.core.files.base import ContentFile, File
from django.core.files.storage import Storage, storages

from tests.webapp.conftest import COURSE, Person
from webapp.codebooks.gate.promotion import INNATE_FOLDER
from webapp.codebooks.registry import artefacts
from webapp.codebooks.registry.aliases import version_register
from webapp.surfaces.services import surface_save

pytestmark = pytest.mark.django_db(transaction=True)


class Remote(Storage):
    """Stores names and bytes, without paths or folders."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def _open(self, name: str, mode: str = "rb") -> File:
        return File(BytesIO(self.kept[name]), name)

    def _save(self, name: str, content: File) -> str:
        self.kept[name] = content.read()
        return name

    def exists(self, name: str) -> bool:
        return name in self.kept

    def delete(self, name: str) -> None:
        self.kept.pop(name, None)

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        start = f"{path.rstrip('/')}/"
        return [], [name.removeprefix(start) for name in self.kept if name.startswith(start)]


@pytest.fixture
def remote(settings):
    memory = {"BACKEND": f"{__name__}.Remote"}
    settings.STORAGES = {**settings.STORAGES, "artefacts": memory}
    return storages["artefacts"]


def test_a_version_is_served_from_a_storage_without_paths(remote, clock, worker, tmp_path):
    row = version_register(source=INNATE_FOLDER, name="innate")
    surface_save(COURSE)
    with pytest.raises(NotImplementedError):
        remote.path(row.folder)

    layout = Person("host:owner", clock).layout()

    assert (layout["status"], bool(layout["version"])) == ("adapted", True)
    here = artefacts.local(row.folder)
    assert here.is_relative_to(tmp_path)
    names = {path.name for path in INNATE_FOLDER.iterdir()}
    assert {path.name for path in here.iterdir()} == names


def test_what_a_stranger_put_beside_a_version_is_not_loaded(remote, clock, worker):
    """A file that the manifest does not list makes the version refused."""
    row = version_register(source=INNATE_FOLDER, name="innate")
    surface_save(COURSE)
    manifest = json.loads(remote.open(f"{row.folder}/manifest.json").read())
    assert "encoder.onnx" in json.dumps(manifest)
    remote.delete(f"{row.folder}/encoder.onnx")
    decoder = remote.open(f"{row.folder}/decoder.onnx").read()
    remote.save(f"{row.folder}/encoder.onnx", ContentFile(decoder))

    layout = Person("host:owner", clock).layout()

    assert (layout["status"], layout["version"]) == ("default", "")
    assert layout["layouts"]
