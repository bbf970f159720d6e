"""What a retrain from stored visits takes, beside an earlier build's on the same database.

    python -m tests.evidence.retrain_before --old CHECKOUT [--people 8000] [--visits 44]

CHECKOUT is a clone at an earlier commit. Simulated people (`tests.evidence.planted.cohort`) are
imported by it into SQLite; a copy of its database is migrated to this build. Each build then
collects and trains with its own defaults, one after the other, each step in a process of its own:
processor seconds, and the process's peak of memory.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.evidence.planted import cohort

HERE = Path(__file__).parents[2]
STEPS = ("collect", "train")
FILL = """
import django; django.setup()
from django.core.management import call_command
call_command("load_fixtures", no_cohort=True, verbosity=0)
from webapp.subjects.imports.jobs import import_file
import_file("{visits}")
"""
ASK = """
import django; django.setup()
from webapp.codebooks.pipeline.order import pipeline_request
from webapp.surfaces.models import Surface
pipeline_request(kind="retrain", surface=Surface.objects.get(slug="page"))
"""
STEP = """
import django; django.setup()
from webapp.codebooks.models import Run
from webapp.codebooks.pipeline.steps import step_run
done = step_run(Run.objects.get(kind="{step}").pk)
assert done is not None and done.state == "done", done and done.error
"""


class Build:
    """A checkout with a database of its own in the folder `var`."""

    def __init__(self, checkout: Path, var: Path) -> None:
        self.checkout, self.var = checkout, var
        drop = ("DATABASE_URL", "REDIS_URL", "BROKER_URL", "ARTEFACTS_DIR", "PYTHONPATH")
        self.environment = {
            **{name: value for name, value in os.environ.items() if name not in drop},
            "VAR_DIR": str(var),
            "DJANGO_SETTINGS_MODULE": "webapp.settings",
            "LOG_LEVEL": "ERROR",
        }

    def python(self, *arguments: str) -> dict[str, float]:
        """Runs Python in the checkout; returns processor seconds and the peak in MB."""
        command = [sys.executable, *arguments]
        started = subprocess.Popen(
            command, cwd=self.checkout, env=self.environment, stdout=sys.stderr
        )
        _, status, used = os.wait4(started.pid, 0)
        if status:
            raise RuntimeError(f"{self.checkout}: {arguments[-1][-300:]} ended with {status}")
        seconds = round(used.ru_utime + used.ru_stime, 1)
        return {"cpu_seconds": seconds, "peak_mb": round(used.ru_maxrss / 1024)}

    def retrained(self) -> dict[str, Any]:
        """What each step took; all: their seconds together, and the higher peak."""
        self.python("-c", ASK)
        took = {step: self.python("-c", STEP.format(step=step)) for step in STEPS}
        seconds = sum(one["cpu_seconds"] for one in took.values())
        peak = max(one["peak_mb"] for one in took.values())
        return {**took, "all": {"cpu_seconds": round(seconds, 1), "peak_mb": peak}}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.evidence.retrain_before")
    parser.add_argument("--old", type=Path, required=True, help="a clone at an earlier commit")
    parser.add_argument("--people", type=int, default=8000)
    parser.add_argument("--visits", type=int, default=44, help="of a person")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        rows, _ = cohort("quiet", options.people, options.visits, 0.2, 0)
        rows.to_csv(home / "visits.csv", index=False)
        old = Build(options.old.resolve(), home / "old")
        old.var.mkdir()
        old.python("-m", "django", "migrate", "-v0")
        old.python("-c", FILL.format(visits=home / "visits.csv"))
        new = Build(HERE, Path(shutil.copytree(old.var, home / "new")))
        new.python("-m", "django", "migrate", "-v0")
        before, now = old.retrained(), new.retrained()
    line = {"name": "retrain_before", "simulated": True, "people": options.people}
    line |= {"visits": options.people * options.visits, "old": before, "new": now}
    ratios = {k: round(now["all"][k] / before["all"][k], 2) for k in ("cpu_seconds", "peak_mb")}
    print(json.dumps(line | {"ratios": ratios, "load": round(os.getloadavg()[0], 1)}))


if __name__ == "__main__":
    main()
