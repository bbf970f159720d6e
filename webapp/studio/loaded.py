"""Loads codebook versions for display; `webapp.serving` loads those that serve."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from uiengine.model import version
from uiengine.model.version_folder import load_version
from webapp.codebooks.models import CodebookVersion
from webapp.codebooks.registry import artefacts

MOST = 4
"""Maximum number of versions that a web process keeps in memory."""


def version_load(row: CodebookVersion) -> version.CodebookVersion:
    """Raises uiengine.errors.VersionError where its files are missing, damaged or replaced."""
    there = artefacts.registered(row.folder, row.manifest)
    return _load(there, str(row.manifest.get("id")))


@lru_cache(maxsize=MOST)
def _load(folder: Path, content: str) -> version.CodebookVersion:
    """content: id from the manifest, so that another version in the folder misses the cache."""
    return load_version(folder)
