"""Surfaces declared in Python: the `SURFACES` lists in the `surfaces.py` of installed apps."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.apps import apps

from uiengine.page import feasibility, surface_json


def declarations() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yields (module, declaration) of every surface, in the order of INSTALLED_APPS."""
    for config in apps.get_app_configs():
        name = f"{config.name}.surfaces"
        if find_spec(name) is not None:
            for declared in getattr(import_module(name), "SURFACES", ()):
                yield name, json.loads(json.dumps(declared))  # tuples become lists, as in rows


def declaration_check(declared: Mapping[str, Any]) -> None:
    """Raises SurfaceError if the surface has a mistake, or no layout can satisfy its rules."""
    feasibility.refuse_impossible(surface_json.parse(declared))
