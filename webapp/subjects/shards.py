"""The shard of every subject: set as rows are made, and filled in where an earlier release was."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.db import models

from uiengine.behaviour.shards import shard_of

AT_ONCE = 5000
"""Rows whose shards are filled in together; no lock outlasts the update of one shard of these."""


class ShardField(models.SmallIntegerField):  # type: ignore[type-arg]
    """The shard of the row's `key`, computed at every write.

    Empty only in rows that a process of an earlier release made; see `shards_fill`.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{**options, "null": True, "editable": False})

    def deconstruct(self) -> Any:
        """Migrations see Django's field: the columns are the same."""
        name, _, arguments, options = super().deconstruct()
        return name, "django.db.models.SmallIntegerField", arguments, options

    def pre_save(self, instance: Any, add: bool) -> int:
        shard = shard_of(instance.key)
        setattr(instance, self.attname, shard)
        return shard


def shards_fill(subjects: models.QuerySet[Any]) -> int:
    """Fills in the shards that are missing, in batches; returns how many were.

    subjects: all of them, as a query. Outside a transaction each update locks a few rows briefly.
    """
    filled, last = 0, 0
    missing = subjects.filter(shard=None).order_by("pk")
    while rows := list(missing.filter(pk__gt=last).values_list("pk", "key")[:AT_ONCE]):
        of_shard: dict[int, list[int]] = defaultdict(list)
        for pk, key in rows:
            of_shard[shard_of(key)].append(pk)
        for shard, pks in sorted(of_shard.items()):
            filled += subjects.filter(pk__in=pks).update(shard=shard)
        last = rows[-1][0]
    return filled
