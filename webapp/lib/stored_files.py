"""Files in the artefact storage that work leaves for other work, on this host or another."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from django.core.files.base import File
from django.core.files.storage import Storage, storages


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


def fetch_each(names: Iterable[str], into: Path) -> Iterator[Path]:
    """Yields the paths of kept files; the copy that a remote storage makes on this machine is
    deleted before the next one is made."""
    for name in names:
        path = fetch(name, into)
        yield path
        if path.is_relative_to(into):
            path.unlink()


def read(name: str) -> bytes:
    """Content of a kept file. Raises FileNotFoundError if it is gone."""
    with _storage().open(name) as source:
        content: bytes = source.read()
    return content


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


def _storage() -> Storage:
    return storages["artefacts"]
