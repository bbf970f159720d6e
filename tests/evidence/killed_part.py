"""Kills one of two real workers in the middle of a part; compares with an undisturbed run.

Two workers do a step's work on a page in parts, over the embedded transport. One of them, the
`helper` or the `holder` of the run, is killed by SIGKILL at the first part that it takes, when what
the part leaves is stored and nothing of it is committed; then its leases are ended, as time would
do it. Collecting is killed in a retrain; replay and audit are where the innate version is judged.
Data and training are those of `killed_pipeline`.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
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

WORKS = ("collect", "replay", "audit")
VICTIMS = ("helper", "holder")
JUDGED = SEED.replace(
    'kind="retrain", surface=surface',
    'kind="judge", surface=surface, version=surface.aliases.get(name="champion").version',
)
PARTS = """
import os
from ml.evaluation import held_back
from webapp.codebooks.pipeline.parts import split, work
held_back.HELD_BACK = 50  # percent, so that each part replays somebody
split.VISITS_A_PART = 60
split.REPLAYED_A_PART = 150
do = work.WORKS["{work}"]
def slowly(part):
    time.sleep(0.3)  # so that both have some
    role = "holder" if part._watch else "helper"
    mark = Path("{marks}", role)
    left = do(part)
    if role == "{victim}" and not mark.exists():
        mark.write_text(f"{{os.getpid()}} {{part.part.pk}}")
        time.sleep(600)
    return left
work.WORKS["{work}"] = slowly
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
    """A pipeline in its own folder `var`, one of whose two workers is killed at a part of `work`;
    victim "": none is."""

    def __init__(self, var: Path, victim: str, work: str = "collect") -> None:
        super().__init__(var, ())
        self.victim, self.work = victim, work
        code = WORKER.format(kinds="()", marks=self.marks)
        code += PARTS.format(marks=self.marks, victim=victim, work=work)
        (var / "hanging.py").write_text(code)

    def seed(self) -> None:
        """Makes the database and asks for the pipeline; a copy of `var` may be another run's."""
        self._python("-m", "django", "migrate", "-v0")
        self._python("-c", SEED if self.work == "collect" else JUDGED)

    def run_until(self, is_over: Any) -> dict[str, Any]:
        """Kills, and lets the other worker go on; returns what was found at the end."""
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
        """attempts: at the parts of the work. left: what must be as in an undisturbed run."""
        ((result,),) = self._rows("codebooks_run", "result", "where kind = 'collect'")
        collected = json.loads(result)
        parts = f"where work = '{self.work}' and state = 'done' order by number"
        return {
            "steps": self._rows("codebooks_run", "kind, state, attempts", "order by id"),
            "attempts": [tries for (tries,) in self._rows("codebooks_part", "attempts", parts)],
            "left": {
                "pipeline": self._rows("codebooks_pipeline", "state, outcome"),
                "versions": self._rows("codebooks_codebookversion", "name, status", "order by id"),
                "audits": self._rows("audits_auditreport", "report, html"),
                "gates": self._gates(),
                "collected": {
                    "sha256": collected["sha256"],
                    "visits": collected["visits"],
                    "people": collected["people"] + collected["held_back"],
                },
            },
        }

    def stored(self) -> dict[str, Any]:
        """What is to be collected, from the rows of the database in one go."""
        command = [sys.executable, "-c", STORED]
        return dict(json.loads(subprocess.check_output(command, cwd=ROOT, env=self.environment)))

    def has_collected(self) -> bool:
        rows = self._rows("codebooks_run", "state", "where kind = 'collect'")
        return rows == [("done",)]

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


def compared(home: Path, work: str) -> dict[str, Any]:
    """Kills each victim at a part of the work; says what came of it."""
    KilledPart(home / work, "", work).seed()
    found = {}
    for victim in ("", *VICTIMS):
        shutil.copytree(home / work, var := home / f"{work}-{victim}")
        run = KilledPart(var, victim, work)
        found[victim] = run.run_until(run.has_ended)
    whole = found.pop("")
    left = whole["left"]
    return {
        "parts": len(whole["attempts"]),
        "done_twice": {v: sum(n > 1 for n in one["attempts"]) for v, one in found.items()},
        "differs": {v: [k for k in left if one["left"][k] != left[k]] for v, one in found.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--works", nargs="+", default=WORKS, choices=WORKS)
    works = parser.parse_args().works
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        found = {work: compared(Path(folder), work) for work in works}
    line = {
        "name": "one of two workers killed in the middle of a part",
        **found,
        "seconds": round(time.monotonic() - begin, 1),
    }
    print(json.dumps(line))
    once = all(n == 1 for one in found.values() for n in one["done_twice"].values())
    sys.exit(not once or any(names for one in found.values() for names in one["differs"].values()))


if __name__ == "__main__":
    main()
