"""Import rules seen from fresh interpreters; import-linter checks the others."""

from __future__ import annotations

import ast
import os
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from importlib.util import resolve_name
from pathlib import Path

import pytest

HEAVY = ("torch", "pandas", "sklearn", "fairlearn", "matplotlib")
WEB = ("django", "rest_framework", "celery")
ROOT = Path(__file__).parents[1]
FILES = {
    str(path.relative_to(ROOT).with_suffix("")).replace(os.sep, ".").removesuffix(".__init__"): path
    for package in ("uiengine", "ml", "webapp")
    for path in (ROOT / package).rglob("*.py")
    if not {"migrations", "node_modules"} & set(path.parts)
}
"""Every file of the three packages, by the name of its module."""


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


def test_onnxruntime_imported_before_us_needs_the_variable(tmp_path):
    """As README says: it writes while it is imported, so only the environment is early enough."""
    environment = {k: v for k, v in os.environ.items() if k != "ORT_DISABLE_TELEMETRY"}
    for name, more in (("unset", {}), ("set", {"ORT_DISABLE_TELEMETRY": "1"})):
        home = {"HOME": str(tmp_path / name), "XDG_CACHE_HOME": str(tmp_path / name)}
        (tmp_path / name).mkdir()
        code = "import onnxruntime, uiengine; uiengine.load_version"
        run = [sys.executable, "-c", code]
        subprocess.run(run, env={**environment, **home, **more}, check=True)
    assert [path for path in (tmp_path / "set").rglob("*") if path.is_file()] == []
    readme = Path("README.md").read_text("utf-8")
    assert "`ORT_DISABLE_TELEMETRY=1`" in readme


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


def test_no_files_import_one_another_in_a_circle():
    """Imports inside functions count, those for type checkers alone do not."""
    graph = {name: imports_of(name, path) for name, path in FILES.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(reversed(error.args[1])))


def test_an_import_inside_a_function_is_seen():
    assert "webapp.codebooks.pipeline.training.jobs" in imports_of(
        "webapp.codebooks.apps", FILES["webapp.codebooks.apps"]
    )


def imports_of(name: str, path: Path) -> set[str]:
    """Returns the files of ours that a file imports."""
    package = name if path.stem == "__init__" else name.rpartition(".")[0]
    found: set[str] = set()
    for node in at_run_time(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = resolve_name("." * node.level + (node.module or ""), package)
            whole = {f"{base}.{alias.name}" for alias in node.names}
            found |= {one if one in FILES else base for one in whole}
    return found & FILES.keys() - {name}


def at_run_time(tree: ast.AST) -> Iterator[ast.AST]:
    """Yields the nodes of a module, but for the bodies of `if TYPE_CHECKING`."""
    yield tree
    if isinstance(tree, ast.If) and "TYPE_CHECKING" in ast.unparse(tree.test):
        return
    for child in ast.iter_child_nodes(tree):
        yield from at_run_time(child)


def test_every_setting_of_ours_has_a_default_for_hosts():
    from webapp import host
    from webapp import settings as ours

    names = {name for name in dir(ours) if name.startswith("UIENGINE_")}
    assert names == set(host.DEFAULTS), "add the setting to webapp/host.py too"
    assert {name: getattr(ours, name) for name in names} == host.DEFAULTS
    assert {name: getattr(ours, name) for name in host.CELERY} == host.CELERY


def test_no_file_names_a_user_model():
    """A host may have its own: get_user_model(), or AUTH_USER_MODEL in a model."""
    named = [
        str(path)
        for path in Path("webapp").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module == "django.contrib.auth.models"
        if "User" in {alias.name for alias in node.names}
    ]
    assert not named
