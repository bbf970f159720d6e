"""User tokens that were taken back before they expire: a list of ids that every process knows.

A request looks in memory. The thread that renews what is served reads the list anew when it has
changed, so every process refuses a token within a second. Rows of expired tokens are deleted
nightly: the list stays as short as tokens live.
"""

from __future__ import annotations

import os
from datetime import datetime

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Count, Max

from webapp.subjects.models import RevokedToken

_known: frozenset[str] = frozenset()
_state: tuple[int, int, int | None] | None = None
"""The process that read the list, and what it looked like: rows, latest row."""


def token_revoke(*, token_id: str, expires_at: datetime, now: datetime) -> bool:
    """Whether it was good until now."""
    try:
        with transaction.atomic():
            RevokedToken.objects.create(token_id=token_id, expires_at=expires_at, revoked_at=now)
    except IntegrityError:
        return False
    transaction.on_commit(renew)
    return True


def is_revoked(token_id: str) -> bool:
    """Causes a query once per process, or always where nothing is renewed by a thread
    (UIENGINE_REFRESH_MS 0)."""
    if not settings.UIENGINE_REFRESH_MS:
        renew()
    elif _state is None or _state[0] != os.getpid():
        renew()
        _keep_renewing()
    return token_id in _known


def renew() -> None:
    """Reads the ids where rows came or went since."""
    global _known, _state
    found = RevokedToken.objects.aggregate(rows=Count("pk"), latest=Max("pk"))
    state = (os.getpid(), found["rows"], found["latest"])
    if state != _state:
        _known = frozenset(RevokedToken.objects.values_list("token_id", flat=True))
        _state = state


def expired_delete(*, now: datetime) -> int:
    return RevokedToken.objects.filter(expires_at__lt=now).delete()[0]


def _keep_renewing() -> None:
    """The thread runs from the first snapshot of a process on, whatever is asked for first."""
    from webapp.serving.pages import serving

    serving.snapshot()
