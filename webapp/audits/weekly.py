"""Which champions are audited each week."""

from __future__ import annotations

from datetime import datetime

from webapp.codebooks.models import Run
from webapp.codebooks.pipeline.enqueue import run_enqueue
from webapp.codebooks.pipeline.lease import run_request
from webapp.codebooks.pipeline.stored_visits import stored_visits
from webapp.surfaces.models import Surface


def audits_request(*, now: datetime) -> int:
    """Asks for an audit of each surface in use that has visits, once a week; returns how many."""
    week = now.strftime("%G-W%V")
    asked = 0
    for surface in Surface.objects.exclude(mode=Surface.Mode.OFF):
        if next(stored_visits(surface), None) is None:
            continue
        run, is_new = run_request(
            kind=Run.Kind.AUDIT, surface=surface, key=f"audit:{surface.slug}:{week}", by="schedule"
        )
        if is_new:
            run_enqueue(run)
        asked += is_new
    return asked
