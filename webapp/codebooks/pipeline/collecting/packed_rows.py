"""Visits as PostgreSQL packs them, a row per person: no Python for each visit.

Elsewhere `stored_visits` says the same row by row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from webapp.codebooks.pipeline.stored_visits import NOBODY
from webapp.lib import database
from webapp.subjects.models import Profile, Subject, Visit
from webapp.surfaces.models import Surface

PACKED = f"""
SELECT subject.key, count(*), string_agg(
    concat_ws(',',
        (extract(epoch FROM visit.started_at) * 1000000)::bigint,
        visit.day,
        array_position(%(blocks)s::text[], used.key) - 1,
        least(greatest(trunc(used.value::numeric), 1), 1e15)::bigint),
    E'\\n' ORDER BY visit.started_at, visit.id, used.number)
FROM {Subject._meta.db_table} subject
JOIN {Profile._meta.db_table} profile ON profile.subject_id = subject.id
JOIN {Visit._meta.db_table} visit ON visit.profile_id = profile.id
CROSS JOIN LATERAL jsonb_each_text(visit.uses) WITH ORDINALITY used (key, value, number)
WHERE subject.shard >= %(first)s AND subject.shard < %(end)s
  AND NOT subject.key ^@ ANY(%(nobody)s::text[])
  AND profile.surface_id = %(surface)s
  AND visit.is_closed AND visit.id <= %(newest)s
  AND used.key = ANY(%(blocks)s::text[])
GROUP BY subject.shard, profile.id, subject.key
ORDER BY subject.shard, profile.id
"""
"""Columns of `ml.data.packed.PackedPerson`; a visit's blocks as `jsonb` keeps them."""
QUICKER = "SET LOCAL jit = off; SET LOCAL work_mem = '64MB'"
"""Compiling such a statement takes longer than running it; and it sorts a part in memory."""


def visits_packed(
    surface: Surface, blocks: Sequence[str], shards: range, newest: int
) -> list[tuple[str, int, str]]:
    """Returns key, number of rows and rows of each person, in the order of `stored_visits`."""
    values: dict[str, Any] = {
        "blocks": list(blocks),
        "first": shards.start,
        "end": shards.stop,
        "nobody": list(NOBODY),
        "surface": surface.pk,
        "newest": newest,
    }
    with database.atomic(), database.connection().cursor() as cursor:
        cursor.execute(QUICKER)
        cursor.execute(PACKED, values)
        return list(cursor.fetchall())
