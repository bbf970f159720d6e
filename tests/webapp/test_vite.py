"""The React snippet builds as it stands in a fresh Vite project, by the steps of the README."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.evidence import grid_libraries
from webapp.layouts.docs.pages import CLIENT, SNIPPETS

EXAMPLES = grid_libraries.EXAMPLES
HTML = "<!doctype html><html lang='en'><head><title>app</title></head><body>{}</body></html>"


def block(language: str) -> str:
    """The README's code in this language."""
    found = re.findall(rf"```{language}\n(.*?)```", (EXAMPLES / "README.md").read_text(), re.DOTALL)
    (only,) = found
    return str(only)


def test_the_snippet_builds_and_reads_the_client_by_its_address(tmp_path: Path) -> None:
    absent = grid_libraries.missing()
    if absent and not os.environ.get("CI"):
        pytest.skip(f"{absent} not found: nothing was built")
    grid_libraries.install()
    (tmp_path / "src").mkdir()
    (tmp_path / "src/main.jsx").write_text((SNIPPETS / "react.jsx").read_text())
    (tmp_path / "index.html").write_text(HTML.format(block("html")))
    (tmp_path / "vite.config.js").write_text(block("js"))
    (tmp_path / "package.json").write_text('{"private": true, "type": "module"}')
    (tmp_path / "node_modules").symlink_to(EXAMPLES / "node_modules")
    vite = EXAMPLES / "node_modules/vite/bin/vite.js"

    done = subprocess.run(
        ["node", str(vite), "build"], cwd=tmp_path, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stdout + done.stderr
    (script,) = (tmp_path / "dist/assets").glob("*.js")
    assert CLIENT in script.read_text()
    assert not (tmp_path / "dist/static").exists(), "the client is not copied into the build"
