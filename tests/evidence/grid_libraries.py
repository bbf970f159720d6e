"""Loads layouts into the real react-grid-layout and gridstack under node, at pinned versions."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any

EXAMPLES = Path(__file__).parents[2] / "webapp/examples"
SNIPPETS = EXAMPLES.parent / "layouts/docs/snippets"


def missing() -> str:
    """Names the programs that are missing; empty if all are there."""
    return ", ".join(name for name in ("node", "npm") if shutil.which(name) is None)


def install() -> None:
    """Installs the packages of the lock file, again only after it has changed."""
    mark, lock = EXAMPLES / "node_modules/.installed", EXAMPLES / "package-lock.json"
    if not mark.exists() or mark.read_text() != lock.read_text():
        quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
        subprocess.run(["npm", "ci", *quiet], cwd=EXAMPLES, check=True, stdout=subprocess.DEVNULL)
        mark.write_text(lock.read_text())


def build() -> None:
    """Builds the examples as `make examples` does, unless they are up to date."""
    install()
    sources = [*EXAMPLES.glob("package*.json"), *SNIPPETS.iterdir()]
    built = EXAMPLES / "dist/react.js"
    newest = max(path.stat().st_mtime for path in sources)
    if not built.exists() or built.stat().st_mtime < newest:
        run_script("build")


def run_script(name: str) -> str:
    """Runs a script of package.json and returns its output; raises RuntimeError where it fails."""
    command = ["npm", "run", "--silent", name]
    done = subprocess.run(command, cwd=EXAMPLES, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"npm run {name}: {done.stdout}{done.stderr}")
    return done.stdout


def check(payloads: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Returns the result of `check_payload.mjs`: counts, and examples of moved blocks."""
    node = subprocess.Popen(
        ["node", "check_payload.mjs"],
        cwd=EXAMPLES,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "NODE_ENV": "production"},
    )
    assert node.stdin is not None and node.stdout is not None
    answer: list[bytes] = []
    # Reads while writing; otherwise both sides could block on a full pipe.
    reader = threading.Thread(target=_read, args=(node.stdout, answer))
    reader.start()
    with node.stdin as pipe:
        for payload in payloads:
            pipe.write(json.dumps(payload).encode() + b"\n")
    reader.join()
    if node.wait() not in (0, 1) or not answer:
        raise RuntimeError(f"node ended with status {node.returncode}; its message is above")
    found: dict[str, Any] = json.loads(answer[-1])
    return found


def _read(pipe: IO[bytes], lines: list[bytes]) -> None:
    with pipe:
        lines.extend(pipe)
