"""Takes personal attributes out once they were kept long enough, and old entries of their log."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from webapp.lib import database
from webapp.subjects.attributes import DEFAULT_DAYS, days_kept
from webapp.subjects.models import AttributeEnd, AttributeRead, PersonalAttributes

AT_ONCE = 500
"""Rows per transaction."""
LOG_DAYS = 1095
"""Days that entries about readings, and about values that went, are kept: three years."""


def attributes_expire(*, now: datetime) -> dict[str, int]:
    """Takes out values that are older than their attribute's days; returns how many, by name.

    A row without any value left is deleted.
    """
    done: Counter[str] = Counter()
    after, least = 0, min([DEFAULT_DAYS, *days_kept().values()])
    old = PersonalAttributes.objects.filter(consented_at__lte=now - timedelta(days=least))
    pks = old.order_by("pk").values_list("pk", flat=True)
    while some := list(pks.filter(pk__gt=after)[:AT_ONCE]):
        after = some[-1]
        with database.atomic():
            done += _expire(some, now)
    for model in (AttributeRead, AttributeEnd):
        model._default_manager.filter(at__lt=now - timedelta(days=LOG_DAYS)).delete()
    return dict(done)


def _expire(some: list[int], now: datetime) -> Counter[str]:
    """Takes old values out of some rows. Must be called in a transaction."""
    days, gone = days_kept(), Counter[tuple[str, int | None]]()
    rows = PersonalAttributes.objects.select_for_update().filter(pk__in=some).order_by("pk")
    for row in rows:
        age = (now - row.consented_at) / timedelta(days=1)
        left = {name: value for name, value in row.values.items() if age < days[name]}
        if len(left) == len(row.values):
            continue
        gone.update((name, row.surface_id) for name in row.values if name not in left)
        if left:
            row.values = left
            row.save(update_fields=("values",))
        else:
            row.delete()
    AttributeEnd.objects.bulk_create(
        AttributeEnd(name=name, surface_id=surface, days=days[name], people=people, at=now)
        for (name, surface), people in gone.items()
    )
    total: Counter[str] = Counter()
    for (name, _), people in gone.items():
        total[name] += people
    return total
