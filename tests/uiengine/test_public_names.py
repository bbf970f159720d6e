"""The names that `uiengine` exports, and how little importing it loads."""

from __future__ import annotations

import subprocess
import sys

import pytest

import uiengine
from uiengine import decision, engine, explain, request
from uiengine.behaviour import popularity, profile
from uiengine.model import version_folder
from uiengine.page import surface, surface_json

HOMES = {
    "Decision": decision.Decision,
    "Popularity": popularity.Popularity,
    "Profile": profile.Profile,
    "Request": request.Request,
    "Surface": surface.Surface,
    "decide": engine.decide,
    "fold_visit": profile.fold_visit,
    "load_version": version_folder.load_version,
    "parse_surface": surface_json.parse,
    "sentence": explain.sentence,
}


def test_every_public_name_is_the_one_of_its_module():
    assert set(uiengine.__all__) == set(HOMES)
    for name, home in HOMES.items():
        assert getattr(uiengine, name) is home
    assert set(uiengine.__all__) <= set(dir(uiengine))


def test_an_unknown_name_is_refused_by_name():
    with pytest.raises(AttributeError, match="no attribute 'decided'"):
        uiengine.decided  # noqa: B018 - the look-up is what is tested


@pytest.mark.parametrize("statement", ["import uiengine", "from uiengine import Request, Surface"])
def test_importing_names_loads_neither_numpy_nor_onnxruntime(statement):
    code = f"{statement}\nimport sys\nprint({{'numpy', 'onnxruntime'}} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
