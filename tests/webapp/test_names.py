"""Where a host has a package of one of our names, both places and the way out are said."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SETTINGS = """
from webapp.settings import *
INSTALLED_APPS = ["uiengine", *INSTALLED_APPS]
"""
SHADOWED = """
SECRET_KEY = "x"
INSTALLED_APPS = ["uiengine", "webapp.surfaces"]
"""


def attempt(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    variables = {
        "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}",
        "DJANGO_SETTINGS_MODULE": "host_settings",
        "VAR_DIR": str(folder / "var"),
    }
    return subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "host_settings.py").write_text(SETTINGS)
    return tmp_path


def package(folder: Path, name: str) -> None:
    (folder / name).mkdir()
    (folder / name / "__init__.py").write_text("")


def test_a_host_without_such_a_package_is_served(folder):
    assert attempt(folder, "-m", "django", "check").returncode == 0


def test_the_check_names_a_foreign_ml(folder):
    package(folder, "ml")

    done = attempt(folder, "-m", "django", "check")

    assert done.returncode == 1 and "layouts.E006" in done.stderr
    assert str(folder / "ml") in done.stderr and str(ROOT / "ml") in done.stderr
    assert "HINT: Rename it; or start workers" in done.stderr


def test_a_worker_refuses_before_it_takes_a_task(folder):
    package(folder, "ml")

    done = attempt(folder, "-m", "celery", "-A", "webapp", "worker", "-P", "solo")

    assert done.returncode != 0
    assert f"Python finds a package 'ml' at {folder / 'ml'}" in done.stderr
    assert " ready." not in done.stdout + done.stderr


def test_a_foreign_webapp_is_named_where_uiengine_is_the_first_app(folder):
    package(folder, "webapp")
    (folder / "host_settings.py").write_text(SHADOWED)

    done = attempt(folder, "-m", "django", "check")

    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert str(folder / "webapp") in last and str(ROOT / "webapp") in last and "Rename it" in last
