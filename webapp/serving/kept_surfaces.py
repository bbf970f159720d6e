"""Surfaces in the shared cache, for a process that starts while the database is away.

Their pages have no version until it is back, so they are served in their default order.
"""

from __future__ import annotations

import logging

from django.core.cache import cache

from webapp.surfaces.models import Surface

log = logging.getLogger(__name__)
NAME = "serving:surfaces:1"
AGAIN = 60.0
"""Seconds after which they are stored again: a cache may lose them."""


def keep() -> None:
    """Stores all surfaces as the database has them."""
    rows = list(Surface.objects.all())
    try:
        cache.set(NAME, rows, None)
    except Exception:  # every cache backend raises its own errors
        log.warning("cache.unavailable", exc_info=True)


def kept() -> list[Surface]:
    """Returns the surfaces as they were stored last; none where the cache has none."""
    try:
        return list(cache.get(NAME) or ())
    except Exception:
        log.warning("cache.unavailable", exc_info=True)
        return []
