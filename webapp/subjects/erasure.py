"""Keyed hashes that outlive an erasure: they void old decisions and find trained versions.

The database alone does not reveal the keys. With SECRET_KEY one can test whether a given key is
among them, which is their purpose. A rotated secret stays in SECRET_KEY_FALLBACKS for as long as
the marks made under it matter.
"""

from __future__ import annotations

from datetime import datetime

from django.db.models import F

from webapp.subjects.decisions import erasure_marks, stored_mark
from webapp.subjects.models import Erasure

AT_ONCE = 500
"""Keys per statement."""


def times_erased(key: str) -> int:
    """Counts the erasures of the key. Causes a query."""
    if not key:
        return 0
    rows = Erasure.objects.filter(mark__in=erasure_marks(key))
    return sum(rows.values_list("times", flat=True))


def erasure_record(*, key: str, now: datetime) -> None:
    """Voids all decisions and user tokens of the key so far.

    A row that was made under a former secret counts on, so that a key has one row.
    """
    mark, columns = stored_mark("erasure", key), {"last_at": now}
    known = Erasure.objects.filter(mark__in=erasure_marks(key)).order_by("pk").first()
    row, is_new = known, False
    if row is None:
        row, is_new = Erasure.objects.get_or_create(mark=mark, defaults=columns)
    if not is_new:
        Erasure.objects.filter(pk=row.pk).update(times=F("times") + 1, last_at=now)
