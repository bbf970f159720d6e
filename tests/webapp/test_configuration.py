"""The tables of settings in `webapp/deploy/README.md` list exactly what the code reads."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from webapp import env

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "webapp" / "deploy" / "README.md"
BEGIN, END = "<!-- configuration -->\n", "<!-- end of configuration -->"
OF_TORCHRUN = {"WORLD_SIZE", "LOCAL_WORLD_SIZE", "LOCAL_RANK", "TORCHELASTIC_RUN_ID"}
SET_FOR_US = {"DJANGO_SETTINGS_MODULE"} | OF_TORCHRUN
"""Variables that Django's own commands and torchrun set."""


def printed(**variables: str) -> str:
    environment = {"PATH": os.environ["PATH"], **variables}
    command = [sys.executable, "manage.py", "configuration"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> str:
    return printed(VAR_DIR=str(tmp_path_factory.mktemp("var")))


def code_of(*packages: str) -> list[Path]:
    found = [path for package in packages for path in (ROOT / package).rglob("*.py")]
    return [path for path in found if "node_modules" not in path.parts]


def names_read() -> Iterator[str]:
    """Returns names that code of `webapp` and `ml` passes to a reader of `env` or to
    `os.environ`."""
    for path in code_of("webapp", "ml"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                of, key = ast.unparse(node.func.value), node.args[0] if node.args else None
                is_read = of == "env" or (of == "os.environ" and node.func.attr == "get")
            elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
                key, is_read = node.slice, ast.unparse(node.value) == "os.environ"
            else:
                continue
            if is_read and isinstance(key, ast.Constant):
                yield str(key.value)


def test_the_page_of_operators_has_the_tables_that_the_command_prints(table):
    page = PAGE.read_text("utf-8")
    assert page.partition(BEGIN)[2].partition(END)[0] == table, (
        f"paste what `manage.py configuration` prints between the markers of {PAGE}"
    )


def test_the_tables_say_defaults_wherever_they_are_printed(table, tmp_path):
    elsewhere = {
        "VAR_DIR": str(tmp_path),
        "SECRET_KEY": "x" * 40,
        "ALLOWED_HOSTS": "shop.example",
        "REDIS_URL": "redis://127.0.0.1:6379/0",
        "UIENGINE_BUDGET": "7",
    }
    assert printed(**elsewhere) == table


@pytest.mark.parametrize("name", sorted(set(names_read()) - SET_FOR_US))
def test_every_variable_that_is_read_is_listed(table, name):
    assert f"| `{name}` |" in table


def test_every_reader_of_the_environment_can_list_its_variable():
    """Only `env` and these modules use `os.environ`; all others read through `env`."""
    touching = {
        str(path.relative_to(ROOT))
        for path in code_of("webapp", "ml", "uiengine")
        if "os.environ" in path.read_text("utf-8") or "os.getenv" in path.read_text("utf-8")
    }
    assert touching == {
        "ml/learning/distributed.py",  # torchrun's variables
        "uiengine/__init__.py",  # sets one for onnxruntime
        "webapp/asgi.py",  # sets Django's
        "webapp/celery.py",  # sets OpenMP's
        "webapp/demo/children.py",  # hands all of them on
        "webapp/demo/management/commands/demo.py",  # hands one on
        "webapp/deploy/gunicorn.py",  # sets where counts lie, before anything counts
        "webapp/env.py",
        "webapp/telemetry/tracing.py",  # OpenTelemetry's own
        "webapp/wsgi.py",  # sets Django's
    }


def test_a_variable_without_a_help_text_is_not_listed(monkeypatch):
    from webapp.configuration import DECLARED

    monkeypatch.setenv("NOT_OURS", "3")
    assert env.integer("NOT_OURS", 1, low=1, high=5) == 3
    assert "NOT_OURS" not in DECLARED
