"""Warm-up: what the first request of a process would otherwise wait for."""

from __future__ import annotations

import logging

from django.utils import timezone

from webapp.codebooks.serving import serving

from . import services

log = logging.getLogger(__name__)
NOBODY_REAL = "warm-up"
"""A key that no subject has: nothing is written under it."""


def warm_up() -> None:
    """Loads every version that serves and decides once with each; nothing is served or counted.

    Where that fails (there is no database yet), the first request does it.
    """
    try:
        for page in serving.snapshot().pages.values():
            found = services.situation(key=NOBODY_REAL, page=page, now=timezone.now())
            decision, status = services.decide(found)
            services.payload_for_nobody(found, decision, status)
    except Exception:
        log.warning("layout.not_warmed_up", exc_info=True)
