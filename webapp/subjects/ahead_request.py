"""Asks a worker to make the next answers of people whose visit has closed.

The Celery task is named, not imported. Where the cache is not shared with the web processes nothing
is asked for: they could not see what a worker makes.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from celery import current_app

from webapp.lib import cache

log = logging.getLogger(__name__)
OF_PEOPLE = "layouts.make_ahead"
OF_A_DAY = "layouts.make_day_ahead"
LATE = 600
"""Seconds after which nobody needs the message: folding comes first where workers lag behind."""


def answers_request(profiles: Sequence[int]) -> None:
    """Asks for the next answers of these profiles, if there are any."""
    if profiles:
        _send(OF_PEOPLE, list(profiles))


def day_request(surface_id: int) -> None:
    """Asks for answers of all who may come back to a surface."""
    _send(OF_A_DAY, surface_id)


def _send(task: str, argument: object) -> None:
    """Sends the message. If it is lost, requests decide, as they would have."""
    if not cache.is_shared():
        return
    try:
        current_app.send_task(task, [argument], expires=LATE)
    except Exception:
        log.warning("ahead.broker_unavailable", exc_info=True)
