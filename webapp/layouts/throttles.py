"""How often one may ask: a count per minute and caller, one cache operation each."""

from __future__ import annotations

import hashlib
import logging
import time

from django.conf import settings
from django.core.cache import cache
from rest_framework.exceptions import Throttled
from rest_framework.request import Request

from webapp.subjects.authentication import identity_of

log = logging.getLogger(__name__)


def is_over(request: Request, scope: str) -> bool:
    """Whether the caller has spent this minute's requests of a scope. Counts this one."""
    most = settings.UIENGINE_THROTTLES[scope]
    name = f"throttle:{scope}:{_caller(request)}:{int(time.time() // 60)}"
    try:
        if cache.add(name, 1, 120):
            return False
        return int(cache.incr(name)) > most
    except Exception:  # without a cache nobody is counted, and nobody refused
        log.warning("throttle.cache_unavailable", exc_info=True)
        return False


def refuse_over(request: Request, scope: str) -> None:
    """Raises Throttled, which says how long to wait."""
    if is_over(request, scope):
        raise Throttled(wait=60 - int(time.time()) % 60)


def _caller(request: Request) -> str:
    identity = identity_of(request)
    caller = identity.key if identity else f"ip:{request.META.get('REMOTE_ADDR', '')}"
    return hashlib.sha256(caller.encode()).hexdigest()[:32]
