"""How often one may ask: a count per minute and caller, one cache operation each."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.cache import cache
from rest_framework.exceptions import Throttled
from rest_framework.request import Request

from webapp.subjects.authentication import Identity, identity_of

log = logging.getLogger(__name__)
MOST_OF_A_SERVER = 60_000
"""Requests a minute and server key, where UIENGINE_THROTTLES names no other number."""


def is_over(request: Request, scope: str) -> bool:
    """Whether the caller has spent this minute's requests of a scope. Counts this one.

    A server with a key is counted twice: per subject that it speaks for, and per key.
    """
    identity = identity_of(request)
    counted = [(_caller(request, identity), settings.UIENGINE_THROTTLES[scope])]
    if identity and identity.server_key:
        most = settings.UIENGINE_THROTTLES.get("server_key", MOST_OF_A_SERVER)
        counted.append((f"server-key:{identity.server_key}", most))
    return any([_is_spent(f"{scope}:{_hash(caller)}", most) for caller, most in counted])


def refuse_over(request: Request, scope: str) -> None:
    """Raises Throttled, which says how long to wait."""
    if is_over(request, scope):
        raise Throttled(wait=60 - int(time.time()) % 60)


def address_of(meta: Mapping[str, Any]) -> str:
    """The caller's address: behind a proxy of ours, what that proxy says it was asked from."""
    forwarded = meta.get("HTTP_X_FORWARDED_FOR", "") if settings.SECURE_PROXY_SSL_HEADER else ""
    return forwarded.rpartition(",")[2].strip() or meta.get("REMOTE_ADDR", "")


def _is_spent(caller: str, most: int) -> bool:
    name = f"throttle:{caller}:{int(time.time() // 60)}"
    try:
        try:
            return int(cache.incr(name)) > most
        except ValueError:  # the first of this minute, or one of the first
            return not cache.add(name, 1, 120) and int(cache.incr(name)) > most
    except Exception:  # without a cache nobody is counted, and nobody refused
        log.warning("throttle.cache_unavailable", exc_info=True)
        return False


def _caller(request: Request, identity: Identity | None) -> str:
    return identity.key if identity else f"ip:{address_of(request.META)}"


def _hash(caller: str) -> str:
    return hashlib.sha256(caller.encode(errors="replace")).hexdigest()[:32]
