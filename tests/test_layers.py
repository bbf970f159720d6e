"""Import rules seen from fresh interpreters; import-linter checks the others."""

from __future__ import annotations

import os
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("torch", "pandas", "sklearn", "fairlearn", "matplotlib")
WEB = ("django", "rest_framework", "celery")


def loaded_after(statements: str) -> set[str]:
    """Returns top-level names in sys.modules after running statements in a fresh interpreter."""
    code = f"{statements}\nimport sys\nprint(*{{m.split('.')[0] for m in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def modules_of(package: str) -> list[str]:
    return [m.name for m in pkgutil.walk_packages([package], f"{package}.")]


def test_the_engine_pulls_in_no_framework():
    loaded = loaded_after("".join(f"import {m}\n" for m in modules_of("uiengine")))
    assert not loaded & {*HEAVY, *WEB}


def test_the_engine_needs_onnxruntime_in_one_module_only():
    others = [m for m in modules_of("uiengine") if m != "uiengine.model.version_folder"]
    assert "onnxruntime" not in loaded_after("".join(f"import {m}\n" for m in others))


@pytest.mark.parametrize("module", ["uiengine.model.version_folder", "ml.versions.footprint"])
def test_onnxruntime_reports_nothing_to_its_maker(module, tmp_path):
    """With telemetry on, it stores a device id and a queue in the home folder."""
    environment = {k: v for k, v in os.environ.items() if k != "ORT_DISABLE_TELEMETRY"}
    environment |= {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", f"import {module}"], env=environment, check=True)
    assert [path for path in tmp_path.rglob("*") if "onnxruntime" in path.name] == []


def test_parsing_visits_needs_no_torch():
    assert "torch" not in loaded_after("import ml.data")


def test_web_processes_never_import_torch():
    """Loads every module of the web package, urls and admin included, as a web process does."""
    modules = [
        m for m in modules_of("webapp") if ".management." not in m and ".migrations." not in m
    ]
    setup = "import os; os.environ['DJANGO_SETTINGS_MODULE']='webapp.settings'\n"
    start = "import django; django.setup()\nimport webapp.wsgi\n"
    loaded = loaded_after(setup + start + "".join(f"import {m}\n" for m in modules))
    assert not loaded & set(HEAVY)


def test_the_layers_hold():
    linter = Path(sys.executable).with_name("lint-imports")
    if not linter.exists():
        pytest.skip("import-linter is not installed: run `make dev`")
    done = subprocess.run([linter], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_every_setting_of_ours_has_a_default_for_hosts():
    from webapp import host
    from webapp import settings as ours

    names = {name for name in dir(ours) if name.startswith("UIENGINE_")}
    assert names == set(host.DEFAULTS), "add the setting to webapp/host.py too"
    assert {name: getattr(ours, name) for name in names} == host.DEFAULTS
    assert {name: getattr(ours, name) for name in host.CELERY} == host.CELERY
