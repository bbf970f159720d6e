"""Version folders in the artefact storage, and on the disk that ONNX Runtime reads."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import Storage, storages

from uiengine.errors import VersionError
from uiengine.model import version
from uiengine.model.version_folder import load_version

MANIFEST, CARD = "manifest.json", "card.json"
MOST_FETCHED = 20
"""Versions of a remote storage that stay on this machine's disk."""


def put(source: Path, folder: str) -> None:
    """Copies a version's files into the storage, the manifest last to mark the copy complete."""
    names = sorted((p.name for p in source.iterdir() if p.is_file()), key=lambda n: n == MANIFEST)
    for name in names:
        with (source / name).open("rb") as content:
            _storage().save(f"{folder}/{name}", File(content))


def local(folder: str) -> Path:
    """A local folder with the version's files; downloaded once from a remote storage."""
    storage = _storage()
    try:
        return Path(storage.path(folder))
    except NotImplementedError:
        return _fetched(storage, folder)


def registered(folder: str, manifest: Mapping[str, Any]) -> Path:
    """Returns the local folder of a version to load, checked against its registered manifest.

    Raises VersionError where a file was exchanged together with its hash; that each file has the
    hash its manifest says is checked by `load_version`.
    """
    there = local(folder)
    if there.is_dir() and read_json(there, MANIFEST) != manifest:
        problem = "is not the one that the version was registered with"
        step = "Restore the files from a backup, or train the version again."
        raise VersionError(MANIFEST, folder, problem, step)
    return there


def load(folder: str, manifest: Mapping[str, Any]) -> version.CodebookVersion:
    """Loads the version in a folder, which must have the registered manifest.

    Raises VersionError if a file is missing, damaged, or was exchanged together with its hash.
    """
    return load_version(registered(folder, manifest))


def has_files(folder: str, names: Iterable[str]) -> bool:
    """Returns True if the storage has all of these files."""
    return all(_storage().exists(f"{folder}/{name}") for name in names)


def read_json(folder: Path, name: str) -> dict[str, Any]:
    """Reads a JSON object; empty if the file does not exist."""
    path = folder / name
    data = json.loads(path.read_text()) if path.is_file() else {}
    return data if isinstance(data, dict) else {}


def _fetched(storage: Storage, folder: str) -> Path:
    there = Path(settings.VAR_DIR) / "artefact_cache" / folder
    if not (there / MANIFEST).is_file():
        there.mkdir(parents=True, exist_ok=True)
        _make_room(there)
        names = sorted(storage.listdir(folder)[1], key=lambda n: n == MANIFEST)
        for name in names:
            partial = there / f"{name}.part"
            with storage.open(f"{folder}/{name}") as source, partial.open("wb") as target:
                shutil.copyfileobj(source, target)
            partial.rename(there / name)
    return there


def _make_room(newest: Path) -> None:
    """Deletes the downloaded versions but for the MOST_FETCHED latest."""
    folders = sorted(newest.parent.iterdir(), key=lambda path: path.stat().st_mtime)
    for folder in folders[:-MOST_FETCHED]:
        if folder != newest:
            shutil.rmtree(folder, ignore_errors=True)


def _storage() -> Storage:
    return storages["artefacts"]
