"""Versions for processes that walk some of the people, beside others that walk others."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from uiengine.model.version import CodebookVersion
from uiengine.model.version_folder import load_version


@lru_cache(maxsize=4)
def one_core(folder: Path) -> CodebookVersion:
    """The version in a folder, which does not change, on one core: as many walk as there are."""
    return load_version(folder, threads=1)
