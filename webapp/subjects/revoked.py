"""User tokens revoked before they expire: every process keeps the list of their ids in memory.

The refresher's thread re-reads the list when it has changed, so every process refuses a token
within a second. Rows of expired tokens are deleted nightly, so the list stays short.
"""

from __future__ import annotations

import os
from datetime import datetime

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Count, Max

from webapp.lib.refresher import ProcessState, refresher
from webapp.subjects.models import RevokedToken


class RevokedTokens(ProcessState):
    """The list in memory. _state: (process id, number of rows, latest row) when it was read."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self._known: frozenset[str] = frozenset()
        self._state: tuple[int, int, int | None] | None = None

    def renew(self) -> None:
        """Reads the ids if rows were added or deleted."""
        found = RevokedToken.objects.aggregate(rows=Count("pk"), latest=Max("pk"))
        state = (os.getpid(), found["rows"], found["latest"])
        if state != self._state:
            self._known = frozenset(RevokedToken.objects.values_list("token_id", flat=True))
            self._state = state

    def holds(self, token_id: str) -> bool:
        if not settings.UIENGINE_REFRESH_MS:
            self.renew()
        elif self._state is None or self._state[0] != os.getpid():
            self.renew()
            refresher.start()
        return token_id in self._known


revoked = RevokedTokens()
refresher.register(revoked)


def token_revoke(*, token_id: str, expires_at: datetime, now: datetime) -> bool:
    """Returns False if it was already revoked."""
    try:
        with transaction.atomic():
            RevokedToken.objects.create(token_id=token_id, expires_at=expires_at, revoked_at=now)
    except IntegrityError:
        return False
    transaction.on_commit(revoked.renew)
    return True


def is_revoked(token_id: str) -> bool:
    """Looks in memory. Causes a query once per process, or always if UIENGINE_REFRESH_MS is 0."""
    return revoked.holds(token_id)


def expired_delete(*, now: datetime) -> int:
    return RevokedToken.objects.filter(expires_at__lt=now).delete()[0]
