"""Hints to the workers that a row waits for them."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction

from webapp.codebooks.models import Run

TASKS = {
    Run.Kind.COLLECT: "codebooks.collect",
    Run.Kind.TRAIN: "codebooks.train",
    Run.Kind.EXPORT: "codebooks.export",
    Run.Kind.REPLAY: "codebooks.replay",
    Run.Kind.AUDIT: "audits.audit",
    Run.Kind.GATE: "codebooks.gate",
    Run.Kind.PROMOTE: "codebooks.promote",
}


def run_enqueue(run: Run) -> None:
    """Sends the hint once the row is there. A broker that is away is made up for by the sweep."""
    from webapp.celery import app

    transaction.on_commit(lambda: app.send_task(TASKS[Run.Kind(run.kind)], [run.pk]), robust=True)


LEASE = timedelta(minutes=2)
"""Longest silence of a worker that is alive."""
ACTIVE = (Run.State.QUEUED, Run.State.RUNNING)
