"""Reads declared pages for replays and simulations, and the visits that belong on them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from ml.data.errors import BadValue, DataError
from uiengine.errors import SurfaceError
from uiengine.page.surface import Surface
from uiengine.page.surface_json import parse


def read_surfaces(paths: Sequence[Path]) -> dict[str, Surface]:
    """Returns the pages by slug. Raises DataError for files that are no surface, or of one slug."""
    found: dict[str, Surface] = {}
    for path in paths:
        try:
            surface = parse(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, SurfaceError) as error:
            rule = f"must be the JSON of a surface, as in fixtures/surfaces: {error}"
            raise DataError([BadValue(path.name, 0, "surface", str(path), rule)]) from error
        if surface.slug in found:
            rule = "names a surface that another file declares: give one file for each"
            raise DataError([BadValue(path.name, 0, "slug", surface.slug, rule)])
        found[surface.slug] = surface
    return found


def refuse_strangers(visits: pd.DataFrame, surfaces: Mapping[str, Surface], file: str) -> None:
    """Raises DataError where visits name a page, or a block of one, that is not declared."""
    problems = []
    pairs = visits[["surface", "block"]].drop_duplicates()
    for row, slug, block in zip(pairs.index, pairs["surface"], pairs["block"], strict=True):
        if slug not in surfaces:
            rule = f"is declared by no --surface file; they declare {', '.join(sorted(surfaces))}"
            problems.append(BadValue(file, int(row) + 1, "surface", str(slug), rule))
        elif block not in surfaces[slug].index:
            rule = f"is no block of {slug}: leave its rows out, or declare it"
            problems.append(BadValue(file, int(row) + 1, "block", str(block), rule))
    if problems:
        raise DataError(problems)
