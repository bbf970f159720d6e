"""Kills one of two real workers in the middle of a part; compares with an undisturbed run.

Two workers collect a page in parts, over the embedded transport. One of them, the `helper` or the
`holder` of the run, is killed by SIGKILL at the first part that it takes; then its leases are
ended, as time would do it. Data and training are those of `killed_pipeline`.
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
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.evidence.killed_pipeline import ROOT, SEED, WORKER, Killed

VICTIMS = ("helper", "holder")
PARTS = """
import os
from webapp.codebooks.pipeline.parts import split, work
split.VISITS_A_PART = 60
collect = work.WORKS["collect"]
def slowly(part):
    time.sleep(0.3)  # so that both have some
    role = "holder" if part._watch else "helper"
    mark = Path("{marks}", role)
    if role == "{victim}" and not mark.exists():
        mark.write_text(f"{{os.getpid()}} {{part.part.pk}}")
        time.sleep(600)
    return collect(part)
work.WORKS["collect"] = slowly
"""

STORED = """
import json
import django; django.setup()
from ml.data.digest import visits_digest
from ml.data.rows import visits_frame
from webapp.codebooks.pipeline.stored_visits import stored_visits
from webapp.surfaces.models import Surface
rows = visits_frame(stored_visits(Surface.objects.get(slug="course-home")))
visits = len(rows.drop_duplicates(["user", "when"]))
people = rows["user"].nunique()
print(json.dumps({"sha256": visits_digest(rows), "visits": visits, "people": people}))
"""


class KilledPart(Killed):
    """A pipeline in its own folder `var`, one of whose two workers is killed; "": none is."""

    def __init__(self, var: Path, victim: str) -> None:
        super().__init__(var, ())
        self.victim = victim
        code = WORKER.format(kinds="()", marks=self.marks)
        code += PARTS.format(marks=self.marks, victim=victim)
        (var / "hanging.py").write_text(code)

    def run_until(self, is_over: Any) -> dict[str, Any]:
        """Seeds, kills, and lets the other worker go on; returns what was found at the end."""
        self._python("-m", "django", "migrate", "-v0")
        self._python("-c", SEED)
        workers = [self._worker(), self._worker()]
        try:
            if self.victim:
                self._kill(workers)
            self._wait(is_over, workers[0])
        finally:
            for worker in workers:
                os.killpg(worker.pid, signal.SIGKILL)
                worker.wait()
        return self.found()

    def found(self) -> dict[str, Any]:
        ((result,),) = self._rows("codebooks_run", "result", "where kind = 'collect'")
        left = json.loads(result)
        return {
            "pipeline": self._rows("codebooks_pipeline", "state, outcome"),
            "steps": self._rows("codebooks_run", "kind, state, attempts", "order by id"),
            "versions": self._rows("codebooks_codebookversion", "name, status", "order by id"),
            "parts": self._rows("codebooks_part", "state, attempts", "order by number"),
            "collected": {
                "sha256": left["sha256"],
                "visits": left["visits"],
                "people": left["people"] + left["held_back"],
            },
        }

    def stored(self) -> dict[str, Any]:
        """What is to be collected, from the rows of the database in one go."""
        command = [sys.executable, "-c", STORED]
        return dict(json.loads(subprocess.check_output(command, cwd=ROOT, env=self.environment)))

    def has_collected(self) -> bool:
        rows = self._rows("codebooks_run", "state", "where kind = 'collect'")
        return rows == [("done",)]

    def has_ended(self) -> bool:
        return self._rows("codebooks_pipeline", "state") != [("running",)]

    def _kill(self, workers: list[Any]) -> None:
        """Kills the worker that says it is the victim, and ends what it held."""
        mark = self.marks / self.victim
        self._wait(lambda: mark.exists() and mark.read_text(), workers[0])
        pid, part = map(int, mark.read_text().split())
        (dead,) = [worker for worker in workers if worker.pid == pid]
        os.killpg(dead.pid, signal.SIGKILL)
        dead.wait()
        workers.remove(dead)
        over = "set lease_until = '2001-01-01 00:00:00'"
        with closing(sqlite3.connect(self.var / "db.sqlite3", timeout=30)) as database, database:
            database.execute(f"update codebooks_part {over} where id = {part}")
            if self.victim == "holder":
                database.execute(f"update codebooks_run {over}")
        if self.victim == "holder":
            workers.append(self._worker())  # its sweep finds the run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.parse_args()
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        runs = {
            victim: KilledPart(Path(folder) / (victim or "none"), victim)
            for victim in ("", *VICTIMS)
        }
        found = {victim: run.run_until(run.has_ended) for victim, run in runs.items()}
    whole = found.pop("")
    same = ("pipeline", "versions", "collected")
    line = {
        "name": "one of two workers killed in the middle of a part",
        "parts": len(whole["parts"]),
        "done_twice": {v: sum(n > 1 for _, n in one["parts"]) for v, one in found.items()},
        "as_undisturbed": all(one[k] == whole[k] for one in found.values() for k in same),
        "seconds": round(time.monotonic() - begin, 1),
    }
    print(json.dumps(line))
    once = all(count == 1 for count in line["done_twice"].values())
    sys.exit(not (line["as_undisturbed"] and once))


if __name__ == "__main__":
    main()
