"""SQL for events: one statement finds the rows they belong to, one inserts them.

The ORM takes several times as long to build these statements as the database takes to run them.
Values that vary between the events of a batch travel as one JSON text, which both databases unpack
with one syntax.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from webapp.lib import database
from webapp.lib.utc_field import column_value
from webapp.subjects.decisions import erasure_marks
from webapp.subjects.models import Event

FIND = """
SELECT p.id, d.id, s.clock_offset,
    (SELECT sum(times) FROM subjects_erasure WHERE mark IN ({marks})),
    (SELECT sum(times) FROM subjects_erasure WHERE mark IN ({visitor_marks}))
FROM subjects_subject s
JOIN surfaces_surface x ON x.slug = %s
JOIN subjects_profile p ON p.subject_id = s.id AND p.surface_id = x.id
JOIN subjects_serveddecision d ON d.profile_id = p.id AND d.digest = %s
WHERE s.key = %s {lock}
"""
INSERT = """
INSERT INTO subjects_event (
    profile_id, decision_id, batch, received_at, lease_until, fold, visit,
    event_id, at, happened_at, kind, block, value
)
SELECT
    %s, %s, %s, %s, %s, %s, '', {event_id}, {at}, {happened_at}, {kind}, {block}, {content}
FROM {rows} e WHERE true
ON CONFLICT DO NOTHING
"""
POSTGRES = {
    "event_id": "e.value ->> 0",
    "at": "(e.value ->> 1)::timestamptz",
    "happened_at": "(e.value ->> 2)::timestamptz",
    "kind": "e.value ->> 3",
    "block": "e.value ->> 4",
    "content": "(e.value ->> 5)::jsonb",
    "rows": "jsonb_array_elements(%s::jsonb)",
}
SQLITE = {  # ->> would need SQLite 3.38
    "event_id": "json_extract(e.value, '$[0]')",
    "at": "json_extract(e.value, '$[1]')",
    "happened_at": "json_extract(e.value, '$[2]')",
    "kind": "json_extract(e.value, '$[3]')",
    "block": "json_extract(e.value, '$[4]')",
    "content": "json_extract(e.value, '$[5]')",
    "rows": "json_each(%s)",
}


@dataclass(frozen=True)
class BatchTarget:
    """The rows that a batch belongs to; the subject's is locked until the transaction ends.

    clock_offset: seconds. times_erased: by key.
    """

    profile_id: int
    decision_id: int
    clock_offset: int
    times_erased: dict[str, int]


@dataclass(frozen=True)
class NewEvent:
    """The columns of an event that its batch does not share."""

    event_id: str
    at: datetime
    happened_at: datetime
    kind: str
    block: str
    value: dict[str, Any]


def target_find(*, key: str, visitor: str, slug: str, digest: str) -> BatchTarget | None:
    """Finds and locks a batch's rows; None where subject, profile, decision or surface is missing.

    Waits for an erasure under way, after which the subject is missing.
    """
    marks, others = erasure_marks(key), erasure_marks(visitor)
    statement = FIND.format(
        marks=_holes(marks),
        visitor_marks=_holes(others),
        lock="FOR NO KEY UPDATE OF s" if database.is_postgres() else "",
    )
    with database.connection().cursor() as cursor:
        cursor.execute(statement, [*marks, *others, slug, digest, key])
        row = cursor.fetchone()
    if row is None:
        return None
    profile_id, decision_id, offset, times, visitor_times = row
    erased = {visitor: visitor_times or 0, key: times or 0}
    return BatchTarget(profile_id, decision_id, offset, erased)


def rows_insert(
    target: BatchTarget,
    events: Sequence[NewEvent],
    *,
    batch: UUID,
    now: datetime,
    lease_until: datetime,
) -> int:
    """Inserts the events that are new, and returns how many there were."""
    connection = database.connection()

    def adapted(at: datetime) -> Any:
        return column_value(at, connection)

    rows = [
        (e.event_id, adapted(e.at), adapted(e.happened_at), e.kind, e.block, e.value)
        for e in events
    ]
    is_postgres = database.is_postgres()
    words = POSTGRES if is_postgres else SQLITE
    uuid = batch if is_postgres else batch.hex
    columns = [target.profile_id, target.decision_id, uuid, adapted(now), adapted(lease_until)]
    with connection.cursor() as cursor:
        cursor.execute(
            INSERT.format(**words),
            [*columns, Event.Fold.PENDING.value, orjson.dumps(rows).decode()],
        )
        return int(cursor.rowcount)


def _holes(values: Sequence[str]) -> str:
    return ", ".join(["%s"] * len(values))
