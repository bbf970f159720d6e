"""Arranges the blocks of a page for one person: takes a profile and returns a layout.

The public names below are imported at their first use, so that `import uiengine` loads neither
numpy nor onnxruntime. The README beside this file gives a reading order.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uiengine.behaviour.popularity import Popularity
    from uiengine.behaviour.profile import Profile, fold_visit
    from uiengine.decision import Decision
    from uiengine.engine import decide
    from uiengine.explain import sentence
    from uiengine.model.version_folder import load_version
    from uiengine.page.surface import Surface
    from uiengine.page.surface_json import parse as parse_surface
    from uiengine.request import Request

# Must be set before onnxruntime is imported, which otherwise keeps a device id in the home folder
# and reports its use to its maker from a thread.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

__all__ = [
    "Decision",
    "Popularity",
    "Profile",
    "Request",
    "Surface",
    "decide",
    "fold_visit",
    "load_version",
    "parse_surface",
    "sentence",
]

_HOMES = {
    "Decision": ("uiengine.decision", "Decision"),
    "Popularity": ("uiengine.behaviour.popularity", "Popularity"),
    "Profile": ("uiengine.behaviour.profile", "Profile"),
    "Request": ("uiengine.request", "Request"),
    "Surface": ("uiengine.page.surface", "Surface"),
    "decide": ("uiengine.engine", "decide"),
    "fold_visit": ("uiengine.behaviour.profile", "fold_visit"),
    "load_version": ("uiengine.model.version_folder", "load_version"),
    "parse_surface": ("uiengine.page.surface_json", "parse"),
    "sentence": ("uiengine.explain", "sentence"),
}


def __getattr__(name: str) -> object:
    """Imports a public name at its first use (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _HOMES[name]
    found: object = getattr(import_module(module), attribute)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
