"""Codebook versions that somebody looks at; those that serve are in `codebooks.serving`."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from uiengine.model import version, version_folder
from webapp.codebooks.models import CodebookVersion
from webapp.codebooks.registry import artefacts

MOST = 4
"""Versions kept in memory by a web process."""


def version_load(row: CodebookVersion) -> version.CodebookVersion:
    """Raises uiengine.errors.VersionError where its files are missing, damaged or exchanged."""
    there = artefacts.registered(row.folder, row.manifest)
    return _load(there, str(row.manifest.get("id")))


@lru_cache(maxsize=MOST)
def _load(folder: Path, content: str) -> version.CodebookVersion:
    """content: of the manifest, so that another version in the same folder is read anew."""
    return version_folder.load(folder)
