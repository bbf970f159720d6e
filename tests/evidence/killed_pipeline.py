"""Kills a real worker at steps of a real retrain; compares the result with an undisturbed run.

The worker runs over the embedded transport. At the first attempt of each named step it is killed by
SIGKILL when the step's work is done and nothing of it is committed; then its lease is ended, and
the sweep of the next worker finds the step. The data are the shipped simulated cohort, and training
is a smoke run: 36 people are too few for the gate, so its conditions on numbers of people are off
and its limit on seconds is wide.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from tqdm import tqdm

ROOT = Path(__file__).parents[2]
STEPS = ("collect", "train", "export", "replay", "audit", "gate", "promote")
SEED = """
import django; django.setup()
from django.core.management import call_command
call_command("load_fixtures", verbosity=0)
from webapp.codebooks.pipeline.order import pipeline_request
from webapp.surfaces.models import Surface
surface = Surface.objects.get(slug="course-home")
pipeline_request(kind="retrain", surface=surface, options={"smoke": True, "by": ["gender"]})
"""
WORKER = """
import time
from pathlib import Path
from celery.signals import worker_ready
from webapp.codebooks.gate import clearance, conditions
from webapp.codebooks.pipeline.lease import Lease
from webapp.codebooks.tasks import sweep
conditions.AUDITS["inconclusive"] = "passed"
conditions.LEAST_PEOPLE = 1
conditions.ENERGY_LIMIT = 0.5  # of the seconds: three people are held back
clearance._audit = lambda *_, **__: ()
finish = Lease.finish
def hang(lease, result, version=None, outcome=None):
    if lease.run.kind in {kinds} and lease.run.attempts == 1:
        Path("{marks}", lease.run.kind).touch()
        time.sleep(600)  # the work is done, the transaction is open
    finish(lease, result, version, outcome)
Lease.finish = hang
worker_ready.connect(lambda **_: sweep(), weak=False)
"""


class Killed:
    """A pipeline in its own folder `var`, whose workers are killed at the steps `kinds`."""

    def __init__(self, var: Path, kinds: Sequence[str]) -> None:
        self.var, self.kinds, self.marks = var, tuple(kinds), var / "marks"
        drop = ("DATABASE_URL", "REDIS_URL", "BROKER_URL", "ARTEFACTS_DIR")
        self.environment = {
            **{k: v for k, v in os.environ.items() if k not in drop},
            "VAR_DIR": str(var),
            "DJANGO_SETTINGS_MODULE": "webapp.settings",
            "UIENGINE_GATE_PEOPLE": "200",  # as many as a smoke run's gate looks at
            "PYTHONPATH": str(var),
        }
        self.marks.mkdir(parents=True, exist_ok=True)
        code = WORKER.format(kinds=set(kinds) or "()", marks=self.marks)
        (var / "hanging.py").write_text(code)

    def run(self) -> dict[str, Any]:
        """Seeds, kills, and lets the last worker finish the pipeline; returns the final state."""
        self._python("-m", "django", "migrate", "-v0")
        self._python("-c", SEED)
        for kind in tqdm(self.kinds, desc="killed at", disable=None):
            with self._at_work() as victim:
                self._wait(partial(self._is_reached, kind), victim)
            self._let_leases_end()
        with self._at_work() as last:
            self._wait(self.has_ended, last)
            until = time.monotonic() + 20  # files are deleted right after the end
            while self._left_behind() and time.monotonic() < until:
                time.sleep(0.1)
        return self._found()

    def _is_reached(self, kind: str) -> bool:
        """Says whether a worker hangs in the step; fails where the pipeline ended before it."""
        is_reached = (self.marks / kind).exists()
        assert is_reached or not self.has_ended(), (kind, self._found())
        return is_reached

    def has_ended(self) -> bool:
        return self._rows("codebooks_pipeline", "state") != [("running",)]

    def _found(self) -> dict[str, Any]:
        files = sorted(p.name for p in (self.var / "artefacts" / "versions").iterdir())
        return {
            "pipeline": self._rows("codebooks_pipeline", "state, outcome"),
            "steps": self._rows("codebooks_run", "kind, state, attempts", "order by id"),
            "versions": self._rows("codebooks_codebookversion", "name, status", "order by id"),
            "folders": files,
            "audits": self._rows("audits_auditreport", "verdict"),
            "gates": self._gates(),
            "champion": self._rows("codebooks_alias", "name, version_id", "where name='champion'"),
            "moves": len(self._rows("codebooks_aliasmove", "id")),
            "left_behind": self._left_behind(),
        }

    def _gates(self) -> list[list[tuple[Any, ...]]]:
        """Conditions of each report, without sentences, which tell how long decisions took."""
        reports = [json.loads(text) for (text,) in self._rows("codebooks_gatereport", "conditions")]
        return [[(c["name"], c["verdict"], c["figure"]) for c in report] for report in reports]

    def _left_behind(self) -> list[str]:
        return [p.name for p in (self.var / "artefacts").glob("pipelines/*/*")]

    def _rows(self, table: str, columns: str, more: str = "") -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.var / "db.sqlite3", timeout=30)) as database:
            return database.execute(f"select {columns} from {table} {more}").fetchall()

    def _let_leases_end(self) -> None:
        with closing(sqlite3.connect(self.var / "db.sqlite3", timeout=30)) as database, database:
            database.execute("update codebooks_run set lease_until = '2001-01-01 00:00:00'")

    def _python(self, *arguments: str) -> None:
        command = [sys.executable, *arguments]
        subprocess.run(command, cwd=ROOT, env=self.environment, check=True, timeout=300)

    def _worker(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "celery", "-A", "webapp", "worker", "-P", "solo"]
        with (self.var / "worker.log").open("ab") as log:
            return subprocess.Popen(
                [*command, "--include", "hanging"],
                cwd=ROOT,
                env=self.environment,
                start_new_session=True,
                stdout=log,
                stderr=log,
            )

    @contextmanager
    def _at_work(self) -> Iterator[subprocess.Popen[bytes]]:
        """Starts a worker; kills it at the end, however that comes."""
        worker = self._worker()
        try:
            yield worker
        finally:
            with suppress(ProcessLookupError):
                os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()

    def _wait(self, condition: Any, process: subprocess.Popen[bytes]) -> None:
        until = time.monotonic() + 600
        while not condition():
            log = self.var / "worker.log"
            assert process.poll() is None, f"the worker ended by itself: {log.read_text()[-2000:]}"
            assert time.monotonic() < until, log.read_text()[-2000:]
            time.sleep(0.1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", nargs="+", default=STEPS, choices=STEPS)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        begin = time.monotonic()
        undisturbed = Killed(Path(folder) / "undisturbed", ()).run()
        killed = Killed(Path(folder) / "killed", arguments.steps).run()
    kinds = {kind for kind, _, attempts in killed["steps"] if attempts == 2}
    same = {k: undisturbed[k] == killed[k] for k in undisturbed if k != "steps"}
    line = {
        "name": "worker killed at each step of a retrain",
        "killed_at": arguments.steps,
        "done_twice": sorted(kinds),
        "as_undisturbed": all(same.values()),
        "differs": [k for k, is_same in same.items() if not is_same],
        "versions_made": len(killed["versions"]) - 1,
        "seconds": round(time.monotonic() - begin, 1),
    }
    print(json.dumps(line))
    sys.exit(not (line["as_undisturbed"] and kinds == set(arguments.steps)))


if __name__ == "__main__":
    main()
