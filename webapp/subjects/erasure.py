"""What outlives an erasure: keyed hashes that void old decisions and find trained versions.

Whoever holds only the database cannot turn them back into keys; who also holds SECRET_KEY can ask
whether a given key is among them, which is their purpose. A rotated secret stays in
SECRET_KEY_FALLBACKS for as long as what was marked under it matters.
"""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db.models import F
from django.utils.crypto import salted_hmac

from webapp.subjects.models import Erasure

AT_ONCE = 500
"""Keys per statement."""


def times_erased(key: str) -> int:
    """Causes a query."""
    if not key:
        return 0
    rows = Erasure.objects.filter(mark__in=erasure_marks(key))
    return sum(rows.values_list("times", flat=True))


def erasure_marks(key: str) -> list[str]:
    """What the rows of an erased key are found by."""
    return _marks("erasure", key)


def erasure_record(*, key: str, now: datetime) -> None:
    """From now on, decisions that were signed for the key before are void."""
    columns = {"last_at": now}
    row, is_new = Erasure.objects.get_or_create(mark=_mark("erasure", key), defaults=columns)
    if not is_new:
        Erasure.objects.filter(pk=row.pk).update(times=F("times") + 1, last_at=now)


def _mark(purpose: str, value: str, secret: str | None = None) -> str:
    digest = salted_hmac(f"webapp.{purpose}", value, secret, algorithm="sha256")
    return digest.hexdigest()[:32]


def _marks(purpose: str, value: str) -> list[str]:
    """As it was marked under this secret, or under one before it that is still known."""
    known = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return [_mark(purpose, value, secret) for secret in known]
