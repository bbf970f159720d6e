"""Layouts in the real react-grid-layout and gridstack, under node, as pinned in webapp/examples."""

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
    """Which program is not there; empty if both are."""
    return ", ".join(name for name in ("node", "npm") if shutil.which(name) is None)


def install() -> None:
    """The packages of the lock file, once; again whenever the lock file changes."""
    mark, lock = EXAMPLES / "node_modules/.installed", EXAMPLES / "package-lock.json"
    if not mark.exists() or mark.read_text() != lock.read_text():
        quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
        subprocess.run(["npm", "ci", *quiet], cwd=EXAMPLES, check=True, stdout=subprocess.DEVNULL)
        mark.write_text(lock.read_text())


def build() -> None:
    """The examples as `make examples` builds them, unless nothing changed since."""
    install()
    sources = [*EXAMPLES.glob("package*.json"), *SNIPPETS.iterdir()]
    built = EXAMPLES / "dist/react.js"
    newest = max(path.stat().st_mtime for path in sources)
    if not built.exists() or built.stat().st_mtime < newest:
        run_script("build")


def run_script(name: str) -> str:
    """Runs a script of package.json and returns what it printed; raises where it fails."""
    command = ["npm", "run", "--silent", name]
    done = subprocess.run(command, cwd=EXAMPLES, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"npm run {name}: {done.stdout}{done.stderr}")
    return done.stdout


def check(payloads: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """What `check_payload.mjs` says of them: counts, and examples of what moved."""
    node = subprocess.Popen(
        ["node", "check_payload.mjs"],
        cwd=EXAMPLES,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "NODE_ENV": "production"},
    )
    assert node.stdin is not None and node.stdout is not None
    answer: list[bytes] = []
    # Read while writing, or both sides would wait on a full pipe.
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
