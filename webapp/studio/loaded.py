"""Codebook versions that somebody looks at; those that serve are in `codebooks.serving`."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from uiengine import runtime
from webapp.codebooks import artefacts
from webapp.codebooks.models import CodebookVersion

MOST = 4
"""Versions kept in memory by a web process."""


def version_load(row: CodebookVersion) -> runtime.CodebookVersion:
    """Raises uiengine.errors.VersionError where its files are missing, damaged or exchanged."""
    there = artefacts.registered(row.folder, row.manifest)
    return _load(there, str(row.manifest.get("id")))


@lru_cache(maxsize=MOST)
def _load(folder: Path, content: str) -> runtime.CodebookVersion:
    """content: of the manifest, so that another version in the same folder is read anew."""
    return runtime.load(folder)
