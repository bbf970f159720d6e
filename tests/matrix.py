"""`make matrix`: tests engine and web on every Python and Django that pyproject.toml names.

Each cell has its own environment below var/matrix, with the package's dependencies and the extras
that the project's settings name, but none that needs a compiler or a model. A missing interpreter
is reported and does not fail the run. The last line of output is JSON.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tomllib import loads

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PROJECT = loads((ROOT / "pyproject.toml").read_text())
TABLE = PROJECT["tool"]["matrix"]
FOLDER = ROOT / "var" / "matrix"
TOOLS = (
    "pytest",
    "pytest-django",
    "pytest-timeout",
    "pytest-rerunfailures",
    "hypothesis",
    "jsonschema",
    "django-csp",
)
SERVED = ("docs", "redis", "server")
"""Extras that `webapp.settings` needs, which the tests use."""
SETTINGS = ("DJANGO_SETTINGS_MODULE", "PYTHONPATH", "DATABASE_URL", "REDIS_URL", "BROKER_URL")


@dataclass(frozen=True)
class Cell:
    python: str
    django: str
    interpreter: str

    @property
    def name(self) -> str:
        return f"{self.python}x{self.django}"

    @property
    def folder(self) -> Path:
        return FOLDER / self.name


@dataclass(frozen=True)
class Ran:
    cell: Cell
    is_passed: bool
    says: str
    seconds: float


def interpreter(version: str) -> str | None:
    """Returns the path of `python3.X` in pyenv's folder or on PATH; None where there is none."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    beside = sorted(root.glob(f"{version}.*/bin/python"), reverse=True)
    for path in (*beside, shutil.which(f"python{version}")):
        if path and _version(str(path)) == version:
            return str(path)
    return None


def _version(path: str) -> str:
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run([path, "-c", code], capture_output=True, text=True)
    return done.stdout.strip()


def cells(chosen: list[str]) -> tuple[list[Cell], list[str]]:
    """Returns the cells to run, and the names of cells whose interpreter is missing."""
    found = {version: interpreter(version) for version in pythons()}
    run, absent = [], []
    for django, versions in TABLE["django"].items():
        for python in versions:
            cell = Cell(python, django, found[python] or "")
            if not chosen or cell.name in chosen:
                (run if cell.interpreter else absent).append(cell)
    return run, [cell.name for cell in absent]


def pythons() -> list[str]:
    every = {version for versions in TABLE["django"].values() for version in versions}
    return sorted(every, key=lambda version: int(version.split(".")[1]))


def requirements(django: str) -> list[str]:
    """Returns a cell's requirements: dependencies, extras that the settings need, test tools."""
    extras = PROJECT["project"]["optional-dependencies"]
    asked = [text for extra in SERVED for text in extras[extra]]
    tools = [text for text in PROJECT["dependency-groups"]["dev"] if _name(text) in TOOLS]
    texts = [*PROJECT["project"]["dependencies"], *asked, *tools]
    kept = [text for text in texts if _name(text) not in ("django", PROJECT["project"]["name"])]
    return [f"Django=={django}.*", *kept]


def _name(text: str) -> str:
    return Requirement(text).name.lower()


def installed(cell: Cell) -> str:
    """Creates the cell's environment unless it is up to date; returns its interpreter."""
    asked = requirements(cell.django)
    stamp = hashlib.sha256("\n".join([cell.interpreter, *asked]).encode()).hexdigest()
    python, mark = str(cell.folder / "bin" / "python"), cell.folder / "installed"
    if mark.is_file() and mark.read_text() == stamp:
        return python
    shutil.rmtree(cell.folder, ignore_errors=True)
    _run([cell.interpreter, "-m", "venv", str(cell.folder)])
    _run([python, "-m", "pip", "install", "--quiet", "--no-compile", *asked])
    mark.write_text(stamp)
    return python


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)


def run(cell: Cell) -> Ran:
    began = time.monotonic()
    try:
        python = installed(cell)
    except subprocess.CalledProcessError as error:
        return Ran(cell, False, f"not installed: {error.stderr[-2000:]}", time.monotonic() - began)
    ignored = [f"--ignore={path}" for path in TABLE["without"]]
    options = ["-p", "no:cacheprovider", "--durations=0", f"--basetemp={cell.folder / 'tmp'}"]
    environment = {k: v for k, v in os.environ.items() if k not in SETTINGS}
    done = subprocess.run(
        [python, "-m", "pytest", *TABLE["tests"], *ignored, *options],
        env={**environment, "VAR_DIR": str(cell.folder / "var"), "PYTHONDONTWRITEBYTECODE": ""},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    return Ran(cell, done.returncode == 0, done.stdout + done.stderr, time.monotonic() - began)


def counted(says: str) -> dict[str, int]:
    """Parses pytest's last line: {"passed": 400, "skipped": 2}."""
    found = re.findall(r"(\d+) (passed|failed|skipped|error)", says.rsplit("\n", 2)[-2])
    return {word: int(number) for number, word in found}


def ran(chosen: list[Cell], at_once: int) -> Iterator[Ran]:
    with ThreadPoolExecutor(at_once) as pool:
        yield from pool.map(run, chosen)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.matrix", description=__doc__)
    parser.add_argument("cells", nargs="*", help="such as 3.12x6.0; all where none is named")
    parser.add_argument("--at-once", type=int, default=2, help="cells that run side by side")
    arguments = parser.parse_args()
    run_now, absent = cells(arguments.cells)
    results: dict[str, object] = {}
    failed = []
    for done in ran(run_now, arguments.at_once):
        counts = counted(done.says) if done.is_passed else {}
        print(f"{done.cell.name}: {counts or 'failed'} in {done.seconds:.0f} s", flush=True)
        if not done.is_passed:
            failed.append(done.cell.name)
            print(done.says[-6000:], file=sys.stderr)
        results[done.cell.name] = {"passed": counts.get("passed", 0), "s": round(done.seconds)}
    print(json.dumps({"matrix": results, "failed": failed, "no_interpreter": absent}))
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
