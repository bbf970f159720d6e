"""Tells workers by message that a run is queued."""

from __future__ import annotations

from datetime import timedelta

from celery import current_app

from webapp.codebooks.models import Run
from webapp.lib import database

LEASE = timedelta(minutes=2)
"""Time without a renewal after which a worker counts as dead."""
ACTIVE = (Run.State.QUEUED, Run.State.RUNNING)
"""States of an unfinished run."""
TASKS = {
    Run.Kind.COLLECT: "codebooks.collect",
    Run.Kind.TRAIN: "codebooks.train",
    Run.Kind.EXPORT: "codebooks.export",
    Run.Kind.REPLAY: "codebooks.replay",
    Run.Kind.AUDIT: "audits.audit",
    Run.Kind.GATE: "codebooks.gate",
    Run.Kind.PROMOTE: "codebooks.promote",
    Run.Kind.REHEARSE: "trials.rehearse",
}


def run_enqueue(run: Run) -> None:
    """Sends the message after the commit; if the broker is unavailable, the sweep repeats it."""

    def send() -> None:
        current_app.send_task(TASKS[Run.Kind(run.kind)], [run.pk])

    database.on_commit(send, robust=True)
