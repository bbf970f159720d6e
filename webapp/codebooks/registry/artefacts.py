"""Version folders in the artefact storage, and on the disk that ONNX Runtime reads from."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import Storage, storages

from uiengine.errors import VersionError
from uiengine.model import version
from uiengine.model.version_folder import load_version

MANIFEST, CARD = "manifest.json", "card.json"


def put(source: Path, folder: str) -> None:
    """Copies a version's files into the storage; the manifest last, so that none is half there."""
    names = sorted((p.name for p in source.iterdir() if p.is_file()), key=lambda n: n == MANIFEST)
    for name in names:
        with (source / name).open("rb") as content:
            _storage().save(f"{folder}/{name}", File(content))


def local(folder: str) -> Path:
    """A folder on this machine with the version's files; fetched once from a remote storage."""
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
    """The version in a folder, which must be the one that was registered with this manifest.

    Raises VersionError where a file is missing, damaged, or was exchanged together with its hash.
    """
    return load_version(registered(folder, manifest))


def keep(source: Path, name: str) -> str:
    """Copies one file into the storage, and returns the name it got there: where another worker
    was at it, or died over it, a new one."""
    with source.open("rb") as content:
        return _storage().save(name, File(content))


def fetch(name: str, into: Path) -> Path:
    """A kept file on this machine; in the folder `into` where the storage is remote."""
    try:
        return Path(_storage().path(name))
    except NotImplementedError:
        into.mkdir(parents=True, exist_ok=True)
        target = into / Path(name).name
        with _storage().open(name) as source, target.open("wb") as copy:
            shutil.copyfileobj(source, copy)
        return target


def clear(folder: str) -> None:
    """Deletes the files of a folder, which need not be there."""
    if _storage().exists(folder):
        for name in _storage().listdir(folder)[1]:
            _storage().delete(f"{folder}/{name}")
        with suppress(OSError):  # a storage without folders has none to delete
            _storage().delete(folder)


def read_json(folder: Path, name: str) -> dict[str, Any]:
    """Empty where there is no such file."""
    path = folder / name
    data = json.loads(path.read_text()) if path.is_file() else {}
    return data if isinstance(data, dict) else {}


def _fetched(storage: Storage, folder: str) -> Path:
    there = Path(settings.VAR_DIR) / "artefact_cache" / folder
    if not (there / MANIFEST).is_file():
        there.mkdir(parents=True, exist_ok=True)
        names = sorted(storage.listdir(folder)[1], key=lambda n: n == MANIFEST)
        for name in names:
            partial = there / f"{name}.part"
            with storage.open(f"{folder}/{name}") as source, partial.open("wb") as target:
                shutil.copyfileobj(source, target)
            partial.rename(there / name)
    return there


def _storage() -> Storage:
    return storages["artefacts"]
