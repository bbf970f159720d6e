"""Limits requests and events by a count per minute and caller, in one cache operation.

Being a visitor costs nothing, so all visitors of one address have a limit together as well.
"""

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
EVENTS = 4
"""Events per minute, times a caller's writes: most batches have few."""
OF_AN_ADDRESS = 10
"""What all visitors of an address may do, times what one caller may."""
LIFETIME = 120
"""Seconds that a minute's count is kept."""


def limits(request: Request, scope: str) -> dict[str, int]:
    """Returns the limit of each count, by cache name, that a request of a scope adds to.

    A server with a key is counted twice: per subject that it speaks for, and per key; its events
    are counted per subject. A visitor is counted twice: alone, and with all of the same address.
    """
    identity, given = identity_of(request), settings.UIENGINE_THROTTLES
    most = given["write"] * EVENTS if scope == "events" else given[scope]
    counted = {_name(scope, _caller(request, identity)): most}
    if identity and identity.kind == "visitor":
        counted[_name(scope, f"visitors:{_network(request)}")] = most * OF_AN_ADDRESS
    if identity and identity.server_key and scope != "events":
        counted[_name(scope, f"server-key:{identity.server_key}")] = given.get(
            "server_key", MOST_OF_A_SERVER
        )
    return counted


def is_over(limits: Mapping[str, int], counts: Sequence[int]) -> bool:
    """Returns True if a count is above its limit. Empty counts (no cache) refuse no one."""
    return any(count > most for count, most in zip(counts, limits.values(), strict=False))


def is_counted_over(limits: Mapping[str, int], by: int = 1) -> bool:
    """Adds `by` to each count; True if one is above its limit."""
    try:
        counts, _ = count_and_get(list(limits), (), LIFETIME, by)
    except Exception:
        log.warning("throttle.cache_unavailable", exc_info=True)
        return False
    return is_over(limits, counts)


def refuse_over(request: Request, scope: str, by: int = 1) -> None:
    """Counts the request, or `by` events. Raises Throttled, with the seconds to wait, above a
    limit."""
    if is_counted_over(limits(request, scope), by):
        raise Throttled(wait=60 - int(time.time()) % 60)


def _name(scope: str, caller: str) -> str:
    digest = hashlib.sha256(caller.encode(errors="replace")).hexdigest()[:32]
    return f"throttle:{scope}:{digest}:{int(time.time() // 60)}"


def _caller(request: Request, identity: Identity | None) -> str:
    return identity.key if identity else f"ip:{_network(request)}"


def _network(request: Request) -> str:
    return network_of(address_of(request.META))
