"""Stores a version folder: files in the artefact storage, the card in the database."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from uiengine.errors import VersionError
from webapp.codebooks.models import CodebookVersion
from webapp.codebooks.registry import artefacts
from webapp.codebooks.registry.aliases import (
    version_register,
)
from webapp.lib import database, stored_files
from webapp.surfaces.models import Surface


def manifest_read(folder: Path) -> dict[str, Any]:
    """The manifest of a complete folder. Raises VersionError if a file is missing or differs."""
    manifest = artefacts.read_json(folder, artefacts.MANIFEST)
    if not manifest:
        problem, step = "has no readable manifest", "Train the version again."
        raise VersionError(artefacts.MANIFEST, str(folder), problem, step)
    for name, digest in manifest["files"].items():
        path = folder / name
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            problem, step = "is missing or differs from the manifest", "Train the version again."
            raise VersionError(name, str(folder), problem, step)
    return manifest


@database.atomic
def version_store(
    *,
    folder: Path,
    name: str,
    surfaces: Iterable[Surface] = (),
    parent: CodebookVersion | None = None,
) -> tuple[CodebookVersion, bool]:
    """The version with this content, and True if it is new; no content is stored twice.

    Files of a known version that are missing or damaged are copied again, as after a database was
    restored without its artefacts.
    """
    manifest = manifest_read(folder)
    known = CodebookVersion.objects.filter(manifest__id=manifest["id"]).first()
    if known is not None:
        if known.manifest == manifest and not is_whole(known):
            stored_files.clear(known.folder)
            artefacts.put(folder, known.folder)
        return _back_in_use(known), False
    stored_files.clear(f"versions/{name}")  # files left by a worker that died while copying
    return version_register(source=folder, name=name, surfaces=surfaces, parent=parent), True


def is_whole(version: CodebookVersion) -> bool:
    """Returns True if all files of the version are stored as they were registered."""
    if not artefacts.has_files(version.folder, [artefacts.MANIFEST, *version.manifest["files"]]):
        return False
    try:
        manifest_read(artefacts.registered(version.folder, version.manifest))
    except (VersionError, OSError):
        return False
    return True


def _back_in_use(version: CodebookVersion) -> CodebookVersion:
    """Takes back that the version was removed: the same content was made anew."""
    if version.status == CodebookVersion.Status.REMOVED:
        version.status = CodebookVersion.Status.TRAINED
        version.save(update_fields=("status",))
    return version
