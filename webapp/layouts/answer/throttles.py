"""Limits requests by a count per minute and caller, in one cache operation."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Mapping, Sequence

from django.conf import settings
from rest_framework.exceptions import Throttled
from rest_framework.request import Request

from webapp.lib.addresses import address_of, network_of
from webapp.lib.cache import count_and_get
from webapp.subjects.authentication import Identity, identity_of

log = logging.getLogger(__name__)
MOST_OF_A_SERVER = 60_000
"""Requests per minute and server key, unless UIENGINE_THROTTLES has another number."""
LIFETIME = 120
"""Seconds that a minute's count is kept."""


def limits(request: Request, scope: str) -> dict[str, int]:
    """Returns the limit of each count, by cache name, that a request of a scope adds to.

    A server with a key is counted twice: per subject that it speaks for, and per key.
    """
    identity = identity_of(request)
    counted = {_name(scope, _caller(request, identity)): settings.UIENGINE_THROTTLES[scope]}
    if identity and identity.server_key:
        most = settings.UIENGINE_THROTTLES.get("server_key", MOST_OF_A_SERVER)
        counted[_name(scope, f"server-key:{identity.server_key}")] = most
    return counted


def is_over(limits: Mapping[str, int], counts: Sequence[int]) -> bool:
    """Returns True if a count is above its limit. Empty counts (no cache) refuse no one."""
    return any(count > most for count, most in zip(counts, limits.values(), strict=False))


def refuse_over(request: Request, scope: str) -> None:
    """Counts the request. Raises Throttled, with the seconds to wait, above a limit."""
    allowed = limits(request, scope)
    try:
        counts, _ = count_and_get(list(allowed), (), LIFETIME)
    except Exception:
        log.warning("throttle.cache_unavailable", exc_info=True)
        return
    if is_over(allowed, counts):
        raise Throttled(wait=60 - int(time.time()) % 60)


def _name(scope: str, caller: str) -> str:
    digest = hashlib.sha256(caller.encode(errors="replace")).hexdigest()[:32]
    return f"throttle:{scope}:{digest}:{int(time.time() // 60)}"


def _caller(request: Request, identity: Identity | None) -> str:
    return identity.key if identity else f"ip:{network_of(address_of(request.META))}"
