"""Finds a host's package that Python takes for one of ours: `uiengine`, `ml` or `webapp`.

A host that names "uiengine" first in INSTALLED_APPS has Django import `uiengine.apps`, which asks
here before any module of `webapp` is looked for. Standard library only.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

NAMES = ("uiengine", "ml", "webapp")
OURS = Path(__file__).resolve().parents[1]
"""The folder that our packages are installed in."""


def foreign_place(name: str) -> Path | None:
    """Returns where Python finds the package, if that is not where ours is."""
    spec = find_spec(name)
    places = (
        [Path(place).resolve() for place in (spec.submodule_search_locations or ())] if spec else []
    )
    if spec and not places and spec.origin:  # a module of one file
        places = [Path(spec.origin).resolve()]
    return places[0] if places and OURS / name not in places else None


def clash_sentence(name: str) -> str:
    """Names both places and the way out; empty where Python finds our package."""
    place = foreign_place(name)
    if place is None:
        return ""
    found = f"Python finds a package {name!r} at {place} before ours at {OURS / name}."
    return f"{found} {way_out(name)}"


def way_out(name: str) -> str:
    if name == "ml":
        return (
            "Rename it; or start workers in a folder, or with a PYTHONPATH, that does not have it "
            "(web processes do not need ours)."
        )
    return "Rename it: web processes and workers both import ours by this name."
