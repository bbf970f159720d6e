"""Installs the package as a host does: a wheel, in an environment with its declared
dependencies."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = ("DJANGO_SETTINGS_MODULE", "PYTHONPATH", "VIRTUAL_ENV", "DATABASE_URL", "REDIS_URL")
"""Variables of the test process to hide from the host's process."""
MOST_SECONDS = 300


def clean_environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in OURS}
    return {**kept, "PYTHONNOUSERSITE": "1", "PIP_NO_WARN_SCRIPT_LOCATION": "1"}


@dataclass
class Host:
    """A project folder, and the interpreter of its environment."""

    folder: Path
    wheel: Path
    python: Path
    environment: dict[str, str] = field(default_factory=clean_environment)

    def attempt(self, *command: object, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(part) for part in command],
            cwd=self.folder,
            env={**self.environment, **variables},
            capture_output=True,
            text=True,
            timeout=MOST_SECONDS,
        )

    def run(self, *command: object, **variables: str) -> str:
        done = self.attempt(*command, **variables)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def manage(self, *arguments: str, **variables: str) -> str:
        return self.run(self.python, "manage.py", *arguments, **variables)

    def with_extra(self, extra: str, folder: Path) -> Host:
        """Returns the project with a new environment: the present packages and those of an
        extra."""
        self.run(sys.executable, "-m", "venv", "--without-pip", folder)
        [ours] = self.python.parents[1].glob("lib/*/site-packages")
        [new] = folder.glob("lib/*/site-packages")
        (new / "base.pth").write_text(f"{ours}\n")
        python = folder / "bin/python"
        pip = [self.python, "-m", "pip", "--python", python, "install", "--quiet"]
        self.run(*pip, f"{self.wheel}[{extra}]")
        return Host(self.folder, self.wheel, python, self.environment)


def index_is_there() -> bool:
    """Says whether pip can reach a package index."""
    ask = [sys.executable, "-m", "pip", "--retries", "1", "--timeout", "20", "index", "versions"]
    return subprocess.run([*ask, "Django"], capture_output=True).returncode == 0


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    subprocess.run([*build, "--directory", str(folder)], cwd=ROOT, check=True, capture_output=True)
    [built] = folder.glob("*.whl")
    return built
