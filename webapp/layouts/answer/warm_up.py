"""Prepares a process so that its first requests need not wait."""

from __future__ import annotations

import gc
import logging

from django.db import connections

from webapp.layouts.answer import context, read
from webapp.lib.refresher import refresher
from webapp.lib.times import utc_now
from webapp.postgres.patience import watches
from webapp.serving.pages import serving

log = logging.getLogger(__name__)
YOUNG = 1_000
"""Objects made and not freed between two collections of the youngest: what some five requests leave
in cycles. After 10,000 of them whoever had an answer under way waited 4 ms for a collection. A
fresh decision takes as long with either."""
NOBODY_REAL = "warm-up"
"""A key that no subject has; nothing is written for it."""


def warm_up() -> None:
    """Loads every serving version and decides once with each; nothing is served or counted.

    If that fails (there is no database yet), the first request does it.
    """
    watches.begin()
    try:
        for page in serving.snapshot().pages.values():
            found = context.decision_context(key=NOBODY_REAL, page=page, now=utc_now())
            decision, status = read.decide(found)
            read.payload_for_nobody(found, decision, status)
    except Exception:
        log.warning("layout.not_warmed_up", exc_info=True)


def rest() -> None:
    """Ends threads and closes connections until the first request: neither survives a fork.

    `gunicorn --preload` and uWSGI load the application once and fork their workers from it, all of
    which would use one connection to the database.
    """
    refresher.pause()
    connections.close_all()


def garbage_settle() -> None:
    """Excludes everything loaded so far from garbage collection.

    Walking all of it takes about 0.1 s, during which an answer would wait. Younger garbage is
    collected every YOUNG objects.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, *gc.get_threshold()[1:])
