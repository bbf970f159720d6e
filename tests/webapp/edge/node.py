"""Runs the browser's modules under node."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent


def run(script: str, file: Path, given: Any) -> Any:
    """What the script of this folder answers to `given`, written to `file`; skips without node."""
    if shutil.which("node") is None:
        if os.environ.get("CI"):
            pytest.fail("CI is set, where nothing may skip, and node is not installed.")
        pytest.skip("node is not installed: apt-get install nodejs")
    file.write_text(json.dumps(given))
    command = ["node", str(HERE / script), str(file)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
