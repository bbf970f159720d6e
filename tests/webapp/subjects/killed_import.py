"""Imports by real processes, of which one is killed by SIGKILL in the middle of a part.

The victim has stored all of its part's people and committed nothing when it is killed.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.patience import PATIENCE

ROOT = Path(__file__).parents[3]
HANGING = """
import os, time
from pathlib import Path
from webapp.subjects.imports import jobs
from webapp.subjects.imports.parts import work
jobs.ROWS_A_PART = int(os.environ["ROWS_A_PART"])
store, begun = work.WORKS["visits"], []
def hang(imported, files, show):
    role, victim = os.environ["ROLE"], os.environ["VICTIM"]
    while role == "command" and victim == "worker" and not Path("{var}", "hangs").exists():
        time.sleep(0.05)  # so that both have some
    done = store(imported, files, show)
    begun.append(1)
    if victim == role and len(begun) == int(os.environ["AT"]):
        Path("{var}", "hangs").touch()
        time.sleep(600)
    return done
work.WORKS["visits"] = hang
"""
COMMAND = """
import sys
import django; django.setup()
import hanging
from django.core.management import call_command
call_command("import_visits", sys.argv[1])
"""
FOUND = """
import json
import django; django.setup()
from webapp.subjects.models import *
from webapp.surfaces.models import PopularityDay
rounded = lambda shares: {b: round(s, 9) for b, s in sorted(shares.items())}
visits = Visit.objects.values_list("profile__subject__key", "visit", "day", "uses")
days = PopularityDay.objects.order_by("day")
print(json.dumps({
  "states": sorted(Profile.objects.values_list("subject__key", "state"), key=str),
  "visits": sorted(visits, key=str),
  "days": [(d.day, d.visits, d.people, rounded(d.shares), rounded(d.newcomers)) for d in days],
  "imports": list(Import.objects.order_by("pk").values_list("state", flat=True)),
  "attempts": sorted(ImportPart.objects.values_list("attempts", flat=True)),
}))
"""


class KilledImport:
    """Processes on a database of their own in the folder `var`; address: of PostgreSQL, perhaps."""

    def __init__(self, var: Path, address: str = "") -> None:
        drop = ("DATABASE_URL", "REDIS_URL", "BROKER_URL", "ARTEFACTS_DIR")
        self.var = var
        self.environment = {
            **{name: value for name, value in os.environ.items() if name not in drop},
            **({"DATABASE_URL": address} if address else {}),
            "VAR_DIR": str(var),
            "DJANGO_SETTINGS_MODULE": "webapp.settings",
            "PYTHONPATH": str(var),
        }
        (var / "hanging.py").write_text(HANGING.format(var=var))
        self._run("-m", "django", "migrate", "-v0")

    def command(self, path: Path, rows: int, victim: str = "", at: int = 0) -> Any:
        """Starts an import in parts of so many rows; the victim hangs in its part number `at`."""
        return self._start(
            "-c", COMMAND, str(path), role="command", rows=rows, victim=victim, at=at
        )

    def worker(self, victim: str = "", at: int = 0) -> Any:
        celery = ("-m", "celery", "-A", "webapp", "worker", "-P", "solo", "--include", "hanging")
        return self._start(*celery, role="worker", rows=1, victim=victim, at=at)

    def kill(self, process: Any) -> None:
        """Kills it once it hangs."""
        until = time.monotonic() + PATIENCE
        while not (self.var / "hangs").exists():
            assert process.poll() is None, (self.var / "log").read_text()[-3000:]
            assert time.monotonic() < until, (self.var / "log").read_text()[-3000:]
            time.sleep(0.05)
        self.end(process)

    def end(self, process: Any) -> None:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def wait(self, process: Any) -> None:
        assert process.wait(PATIENCE) == 0, (self.var / "log").read_text()[-3000:]

    def found(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._run("-c", FOUND).splitlines()[-1])
        files = (self.var / "artefacts" / "imports").rglob("*.parquet")
        return {**found, "files": [path.name for path in files]}

    def _run(self, *arguments: str) -> str:
        command = [sys.executable, *arguments]
        return subprocess.check_output(
            command, cwd=ROOT, env=self.environment, text=True, timeout=PATIENCE
        )

    def _start(self, *arguments: str, role: Any, rows: Any, victim: Any, at: Any) -> Any:
        told = {"ROLE": role, "ROWS_A_PART": str(rows), "VICTIM": victim, "AT": str(at)}
        with (self.var / "log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                env={**self.environment, **told},
                start_new_session=True,
                stdout=log,
                stderr=log,
            )
