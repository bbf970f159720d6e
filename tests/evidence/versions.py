"""Compares two real versions on decisions logged by a real worker, end to end.

A product in a temporary folder: the shipped surface explores, a Celery worker over files folds the
events that simulated people send to the API, a second version is trained on the cohort (a few
epochs), `manage.py export_decisions` writes log and target, and `ml.ope` compares them. Each person
needs three random blocks, so the figures show that it works, not which version is better.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

SURFACE = "course-home"
PATIENCE = 120.0
"""Seconds that the worker may take to fold the events."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=60)
    parser.add_argument("--visits", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "VAR_DIR": folder,
            "DJANGO_SETTINGS_MODULE": "webapp.settings",
            "LOG_LEVEL": "WARNING",
            "ALLOWED_HOSTS": "testserver",
            "DEBUG": "yes",
            "THROTTLE_LAYOUT": "1000000",
            "THROTTLE_WRITE": "1000000",
            "UIENGINE_GATE_PEOPLE": "100",
        }
        import django

        django.setup()
        with contextlib.redirect_stdout(sys.stderr):
            prepare()
        command = [sys.executable, "-m", "celery", "-A", "webapp", "worker", "--pool", "threads"]
        with Path(folder, "worker.log").open("wb") as log:
            worker = subprocess.Popen(
                [*command, "--concurrency", "2"], stdout=log, stderr=subprocess.STDOUT
            )
            try:
                live(options.people, options.visits, np.random.default_rng(options.seed))
            finally:
                worker.terminate()
                worker.wait(30)
        report = compared(Path(folder))
    print(json.dumps({"name": "two versions on logged decisions", **report}))


def prepare() -> None:
    """Loads surface, innate version and cohort; turns exploration on; trains a second version."""
    from django.core.management import call_command

    from webapp.surfaces.models import Surface
    from webapp.surfaces.services import surface_save

    call_command("migrate", verbosity=0)
    call_command("load_fixtures")
    call_command("retrain", surface=SURFACE, smoke=True)
    row = Surface.objects.get(slug=SURFACE)
    rules = {**row.definition.get("guardrails", {}), "exploration": 0.2}
    definition = {**row.full_definition(), "guardrails": rules, "control_percent": 0}
    surface_save(definition)


def live(people: int, visits: int, rng: np.random.Generator) -> None:
    """Lets everybody make `visits` visits, a day apart by their own clocks."""
    from django.test import Client
    from django.utils import timezone

    from webapp.subjects import keys
    from webapp.subjects.models import Event, Subject
    from webapp.subjects.services import clock_advance

    names = [f"host:{number}" for number in range(people)]
    headers = {
        name: {"Authorization": f"Bearer {keys.user_token_make(key=name, now=timezone.now())}"}
        for name in names
    }
    needs, client = {}, Client()
    for visit in range(visits + 1):  # the last visit only closes the previous one
        for name in names:
            answer = client.get("/api/layout", {"surface": SURFACE}, headers=headers[name]).json()
            wanted = needs.setdefault(name, rng.permutation(answer["order"][1:])[:3].tolist())
            used = wanted[: 1 + int(rng.integers(3))]
            at = timezone.now().isoformat()
            events = [{"id": f"{visit}", "at": at, "type": "impression"}] + [
                {"id": f"{visit}-{block}", "at": at, "type": "use", "block": block}
                for block in used
            ]
            body = {"decision": answer["decision"], "events": events}
            sent = client.post(
                "/api/events", body, content_type="application/json", headers=headers[name]
            )
            assert sent.status_code == 202, sent.content
        deadline = time.monotonic() + PATIENCE
        while Event.objects.filter(fold=Event.Fold.PENDING).exists():
            assert time.monotonic() < deadline, "the worker does not fold"
            time.sleep(0.2)
        for subject in Subject.objects.filter(key__in=names):
            clock_advance(subject=subject, seconds=86_400)


def compared(folder: Path) -> dict[str, object]:
    from django.core.management import call_command

    from ml.ope import __main__
    from webapp.codebooks.models import CodebookVersion

    other = CodebookVersion.objects.exclude(name="innate").latest("created_at")
    log, target, out = folder / "log.jsonl", folder / "target.jsonl", io.StringIO()
    call_command(
        "export_decisions",
        f"--surface={SURFACE}",
        f"--log={log}",
        f"--against={other.name}",
        f"--target={target}",
        stdout=out,
    )
    return {**json.loads(out.getvalue()), **__main__.compare(log, target, supported_only=True)}


if __name__ == "__main__":
    main()
