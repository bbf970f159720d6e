"""Asks the worker to fold a profile, by the name of the task."""

from __future__ import annotations

import logging
import time

log = logging.getLogger(__name__)
BROKER_PAUSE = 5.0
"""Seconds."""
_silent_until = 0.0


def folding_request(profile_id: int) -> None:
    """Asks a worker. Where the broker is away, the sweep asks again; finding out takes seconds, so
    nobody tries for a while after it failed."""
    global _silent_until
    from webapp.subjects.tasks import fold_profile

    if time.monotonic() < _silent_until:
        return
    try:
        fold_profile.delay(profile_id)
    except Exception:
        _silent_until = time.monotonic() + BROKER_PAUSE
        log.warning("events.broker_unavailable", exc_info=True)
