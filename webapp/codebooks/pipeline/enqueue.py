"""Messages to the workers that a run waits for them."""

from __future__ import annotations

from datetime import timedelta

from celery import current_app
from django.db import transaction

from webapp.codebooks.models import Run

LEASE = timedelta(minutes=2)
"""Longest silence of a worker that is alive."""
ACTIVE = (Run.State.QUEUED, Run.State.RUNNING)
"""States of a run that is not over."""
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
    """Sends the message once the row is committed. Where the broker is away, the sweep sends it."""

    def send() -> None:
        current_app.send_task(TASKS[Run.Kind(run.kind)], [run.pk])

    transaction.on_commit(send, robust=True)
