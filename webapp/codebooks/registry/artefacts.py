"""Version folders in the artefact storage, and on the disk that ONNX Runtime reads."""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Iterable, Mapping
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


def keep(source: Path, name: str) -> str:
    """Copies one file into the storage and returns its name there.

    The storage gives a new name if the file exists, as after another worker's attempt.
    """
    with source.open("rb") as content:
        return _storage().save(name, File(content))


def fetch(name: str, into: Path) -> Path:
    """Path of a kept file on this machine; a remote file is downloaded to the folder `into`."""
    try:
        return Path(_storage().path(name))
    except NotImplementedError:
        into.mkdir(parents=True, exist_ok=True)
        target = into / Path(name).name
        with _storage().open(name) as source, target.open("wb") as copy:
            shutil.copyfileobj(source, copy)
        return target


def read(name: str) -> bytes:
    """Content of a kept file. Raises FileNotFoundError if it is gone."""
    with _storage().open(name) as source:
        content: bytes = source.read()
    return content


def has_files(folder: str, names: Iterable[str]) -> bool:
    """Returns True if the storage has all of these files."""
    return all(_storage().exists(f"{folder}/{name}") for name in names)


def folders(folder: str) -> list[str]:
    """The names of the folders in a folder; empty if it does not exist.

    Storages without folders list the names of all files below.
    """
    folders, files = _listed(folder)
    return sorted({*folders, *(name.partition("/")[0] for name in files if "/" in name)})


def clear(folder: str, starts: tuple[str, ...] = ("",), kept: Collection[str] = ()) -> None:
    """Deletes the files of a folder whose names begin so, but for those that are kept."""
    for name in _listed(folder)[1]:
        if name.startswith(starts) and f"{folder}/{name}" not in kept:
            _storage().delete(f"{folder}/{name}")
    if starts == ("",):
        with suppress(OSError):  # some storages have no folders
            _storage().delete(folder)


def _listed(folder: str) -> tuple[list[str], list[str]]:
    """Folders and files of a folder, which some storages only have while it holds files."""
    try:
        return _storage().listdir(folder)
    except FileNotFoundError:
        return [], []


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
