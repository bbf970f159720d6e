"""SQL that writes many visits, states of profiles, or ties, by one statement.

The ORM takes longer to build such rows and statements than the database to write them. The rows
travel as one JSON text, which both databases unpack.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson

from webapp.lib import database
from webapp.lib.utc_field import column_value

AT_ONCE = 2000
"""Rows per statement."""
INSERT_VISITS = """
INSERT INTO subjects_visit (profile_id, visit, started_at, day, uses, "order", is_closed)
SELECT {id}, {name}, {at}, {day}, {uses}, {order}, true
FROM {rows} e
"""
INSERT_TIES = """
INSERT INTO uiengine_subjects_importedtie (subject_id, alias, at)
SELECT {id}, {name}, {at} FROM {rows} e WHERE true
ON CONFLICT DO NOTHING
"""
UPDATE_STATES = """
UPDATE subjects_profile SET state = {state}, version = version + 1
FROM {rows} e WHERE subjects_profile.id = {id}
"""
POSTGRES = {
    "id": "(e.value ->> 0)::bigint",
    "name": "e.value ->> 1",
    "state": "e.value -> 1",
    "at": "(e.value ->> 2)::timestamptz",
    "day": "(e.value ->> 3)::integer",
    "uses": "e.value -> 4",
    "order": "e.value -> 5",
    "rows": "jsonb_array_elements(%s::jsonb)",
}
SQLITE = {  # -> and ->> would need SQLite 3.38
    "id": "json_extract(e.value, '$[0]')",
    "name": "json_extract(e.value, '$[1]')",
    "state": "json_extract(e.value, '$[1]')",
    "at": "json_extract(e.value, '$[2]')",
    "day": "json_extract(e.value, '$[3]')",
    "uses": "json_extract(e.value, '$[4]')",
    "order": "json_extract(e.value, '$[5]')",
    "rows": "json_each(%s)",
}


class NewVisit(NamedTuple):
    """A closed visit. profile: the row's id; seconds: since 1970; uses: raw counts per block."""

    profile: int
    id: str
    seconds: float
    day: int
    uses: Mapping[str, int]


def visits_insert(visits: Iterable[NewVisit]) -> None:
    """Inserts closed visits, of which no layout was shown; none of them may exist."""
    connection = database.connection()
    rows = [(v.profile, v.id, _column(v.seconds, connection), v.day, v.uses, ()) for v in visits]
    _write(INSERT_VISITS, rows)


def ties_insert(ties: Iterable[tuple[int, str, float]]) -> None:
    """Inserts ties that are new. Each is a subject's id, the alias, and seconds since 1970."""
    connection = database.connection()
    _write(INSERT_TIES, [(pk, alias, _column(at, connection)) for pk, alias, at in ties])


def states_update(states: Mapping[int, Mapping[str, Any]]) -> None:
    """Writes the states of profiles, by their ids, and raises their versions. Lock them first."""
    _write(UPDATE_STATES, list(states.items()))


def _column(seconds: float, connection: Any) -> Any:
    return column_value(datetime.fromtimestamp(seconds, UTC), connection)


def _write(statement: str, rows: Sequence[Any]) -> None:
    statement = statement.format(**(POSTGRES if database.is_postgres() else SQLITE))
    with database.connection().cursor() as cursor:
        for start in range(0, len(rows), AT_ONCE):
            cursor.execute(statement, [orjson.dumps(rows[start : start + AT_ONCE]).decode()])
