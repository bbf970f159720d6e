"""pyproject.toml declares exactly the third-party packages that each package imports."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from tomllib import loads
from typing import NamedTuple

import pytest
from packaging.requirements import Requirement

PROJECT = loads(Path("pyproject.toml").read_text())["project"]
OWN = {"uiengine", "ml", "webapp"}
EXTRAS_OF = {
    "ml/experiments/": ("ml", "experiments"),
    "ml/": ("ml",),
    "webapp/telemetry/tracing.py": ("otel",),
    "webapp/lib/cache.py": ("redis",),
    "webapp/lib/overdue_scheduler.py": ("scheduler",),
    "webapp/postgres/": ("postgres",),
    "webapp/deploy/": ("server",),
    "webapp/evidence/": ("evidence",),
}
"""Prefixes of files that are loaded only with an extra installed, longest first."""
NAMED = {
    "hiredis": "redis-py parses with it",
    "drf-spectacular-sidecar": "an entry of INSTALLED_APPS",
    "django-cors-headers": "an entry of INSTALLED_APPS",
    "whitenoise": "an entry of MIDDLEWARE",
    "waitress": "a command",
    "onnx": "torch.onnx needs it",
    "onnxscript": "torch.onnx needs it",
}
"""Declared distributions that no file of the project imports."""


class Import(NamedTuple):
    path: str
    name: str
    is_optional: bool


def is_types_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)


def imports_below(node: ast.AST, path: str, is_optional: bool = False) -> Iterator[Import]:
    """Collects third-party imports; one inside a function or a `try` counts as optional."""
    for child in ast.iter_child_nodes(node):
        names: list[str] = []
        if isinstance(child, ast.Import):
            names = [alias.name for alias in child.names]
        elif isinstance(child, ast.ImportFrom) and not child.level:
            names = [child.module or ""]
        for name in names:
            top = name.split(".")[0]
            if top not in sys.stdlib_module_names | OWN:
                yield Import(path, top if top != "opentelemetry" else name, is_optional)
        if not is_types_only(child):
            guarded = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Try))
            yield from imports_below(child, path, is_optional or guarded)


def imports_of(package: str) -> list[Import]:
    return [
        found
        for path in sorted(Path(package).rglob("*.py"))
        for found in imports_below(ast.parse(path.read_text()), path.as_posix())
    ]


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def declared(*extras: str) -> set[str]:
    """Returns distributions of the dependencies and the extras, including extras named by
    extras."""
    found = {normal(Requirement(text).name) for text in PROJECT["dependencies"]}
    waiting = list(extras)
    while waiting:
        for text in PROJECT["optional-dependencies"][waiting.pop()]:
            requirement = Requirement(text)
            if requirement.name == PROJECT["name"]:
                waiting += requirement.extras
            found.add(normal(requirement.name))
    return found


DISTRIBUTIONS = packages_distributions()
OPENTELEMETRY = {
    "opentelemetry": "opentelemetry-api",
    "opentelemetry.sdk": "opentelemetry-sdk",
    "opentelemetry.exporter.otlp.proto.http": "opentelemetry-exporter-otlp-proto-http",
    "opentelemetry.instrumentation.celery": "opentelemetry-instrumentation-celery",
    "opentelemetry.instrumentation.django": "opentelemetry-instrumentation-django",
}
"""Namespace packages that many distributions share."""


def providers(name: str) -> set[str]:
    """Returns distributions that contain a module of this name."""
    if name.startswith("opentelemetry."):
        found = [start for start in OPENTELEMETRY if f"{name}.".startswith(f"{start}.")]
        return {OPENTELEMETRY[max(found, key=len)]}
    return {normal(found) for found in DISTRIBUTIONS.get(name, [name])}


def extras_of(path: str) -> tuple[str, ...]:
    return next((extras for start, extras in EXTRAS_OF.items() if path.startswith(start)), ())


@pytest.mark.parametrize("package", sorted(OWN))
def test_every_import_is_declared(package: str) -> None:
    every = tuple(PROJECT["optional-dependencies"])
    undeclared = [
        found
        for found in imports_of(package)
        if not providers(found.name)
        & declared(*(every if found.is_optional else extras_of(found.path)))
    ]
    assert undeclared == []


def test_the_engine_needs_numpy_and_onnxruntime_alone() -> None:
    assert {found.name for found in imports_of("uiengine")} == {"numpy", "onnxruntime"}


def test_what_is_declared_is_imported_or_named() -> None:
    imported = {
        provider
        for package in OWN
        for found in imports_of(package)
        for provider in providers(found.name)
    }
    every = declared(*PROJECT["optional-dependencies"]) - {PROJECT["name"]}
    assert every - imported == set(NAMED)


def test_what_the_package_asks_for_is_what_is_pinned() -> None:
    lines = Path("requirements.txt").read_text().splitlines()
    pins = [Requirement(line) for line in lines if line and not line.startswith("#")]
    pinned = {normal(pin.name): str(pin.specifier).removeprefix("==") for pin in pins}
    extras = ("ml", "docs", "postgres", "redis", "scheduler", "server")
    asked = [text for name in extras for text in PROJECT["optional-dependencies"][name]]
    for text in [*PROJECT["dependencies"], *asked]:
        requirement = Requirement(text)
        if requirement.name != PROJECT["name"]:
            assert requirement.specifier.contains(pinned[normal(requirement.name)]), text


def test_the_readme_lists_every_extra() -> None:
    section = Path("README.md").read_text().split("| brings |")[1].split("\n\n")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) == set(
        PROJECT["optional-dependencies"]
    )


def test_classifiers_and_readme_are_the_matrix() -> None:
    matrix = loads(Path("pyproject.toml").read_text())["tool"]["matrix"]["django"]
    pythons = sorted(
        {v for versions in matrix.values() for v in versions}, key=lambda v: int(v[2:])
    )
    classifiers = PROJECT["classifiers"]
    assert re.findall(r"Django :: ([\d.]+)", " ".join(classifiers)) == list(matrix)
    assert re.findall(r"Python :: (3\.\d+)", " ".join(classifiers)) == pythons
    rows = re.findall(r"^\| (\d\.\d) \| ([\d., ]+) \|", Path("README.md").read_text(), re.MULTILINE)
    assert {django: versions.split(", ") for django, versions in rows} == matrix
    allowed = Requirement(next(t for t in PROJECT["dependencies"] if t.startswith("Django")))
    assert all(allowed.specifier.contains(f"{django}.9") for django in matrix)
    assert PROJECT["requires-python"] == f">={pythons[0]}"


def test_every_tool_of_a_cell_is_declared() -> None:
    from tests import matrix

    for django in matrix.TABLE["django"]:
        names = {normal(Requirement(text).name) for text in matrix.requirements(django)}
        assert set(matrix.TOOLS) | {"django", "numpy", "whitenoise", "redis"} <= names
