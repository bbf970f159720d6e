"""Events by month in PostgreSQL, rows that exist included; nothing changes in SQLite.

The table is copied under a lock: at some 100,000 rows a second, so stop the web and the workers for
it where there are many. Django's key stays `id`, which one sequence gives; the database's own
primary key holds `at` as well, as those of partitioned tables must.
"""

from django.db import migrations
from django.utils import timezone

from webapp.lib import labels

TABLE, BEFORE = "subjects_event", "subjects_event_before"
CONSTRAINTS = """
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE conrelid = %s::regclass AND contype IN ('u', 'f') ORDER BY contype DESC, conname
"""
INDEXES = """
SELECT pg_get_indexdef(indexrelid) FROM pg_index
WHERE indrelid = %s::regclass AND indexrelid NOT IN (
    SELECT conindid FROM pg_constraint WHERE conrelid = indrelid
)
"""
MONTHS = """
SELECT to_char(m, 'YYYY_MM'), m, m + interval '1 month'
FROM (
    SELECT date_trunc('month', at, 'UTC') AS m FROM subjects_event_before
    WHERE at BETWEEN %s::timestamptz - interval '400 days' AND %s::timestamptz
    UNION
    SELECT date_trunc('month', %s::timestamptz, 'UTC') + n * interval '1 month'
    FROM generate_series(0, 1) n
) AS known ORDER BY m
"""


def partition(apps, editor):
    if editor.connection.vendor != "postgresql":
        return
    with editor.connection.cursor() as cursor:
        rebuild(cursor, "PARTITION BY RANGE (at)", "id, at")


def join(apps, editor):
    if editor.connection.vendor != "postgresql":
        return
    with editor.connection.cursor() as cursor:
        rebuild(cursor, "", "id")


def rebuild(cursor, how, key):
    """The table made anew, with rows, indexes and constraints as they are now."""
    cursor.execute("SET LOCAL TIME ZONE 'UTC'")
    # All at once, in the order that writers take them: dropping a table with foreign keys locks
    # what they point at, and whoever was writing meanwhile would wait for us as we for them.
    cursor.execute(
        f"LOCK TABLE subjects_profile, subjects_serveddecision, {TABLE} IN ACCESS EXCLUSIVE MODE"
    )
    cursor.execute(CONSTRAINTS, [TABLE])
    constraints = cursor.fetchall()
    cursor.execute(INDEXES, [TABLE])
    indexes = [definition.replace(" ON ONLY ", " ON ") for (definition,) in cursor.fetchall()]
    cursor.execute(f"ALTER TABLE {TABLE} RENAME TO {BEFORE}")
    cursor.execute(f"CREATE TABLE {TABLE} (LIKE {BEFORE} INCLUDING IDENTITY) {how}")
    if how:
        now = timezone.now()
        cursor.execute(MONTHS, [now, now, now])
        for name, start, end in cursor.fetchall():
            cursor.execute(
                f"CREATE TABLE {TABLE}_{name} PARTITION OF {TABLE} FOR VALUES FROM (%s) TO (%s)",
                [start, end],
            )
        cursor.execute(f"CREATE TABLE {TABLE}_rest PARTITION OF {TABLE} DEFAULT")
    cursor.execute(f"INSERT INTO {TABLE} SELECT * FROM {BEFORE}")
    cursor.execute(f"DROP TABLE {BEFORE}")
    cursor.execute(
        f"SELECT setval(pg_get_serial_sequence('{TABLE}', 'id'), coalesce(max(id), 0) + 1, false) "
        f"FROM {TABLE}"
    )
    cursor.execute(f"ALTER TABLE {TABLE} ADD PRIMARY KEY ({key})")
    for name, definition in constraints:
        cursor.execute(f"ALTER TABLE {TABLE} ADD CONSTRAINT {name} {definition}")
    for definition in indexes:
        cursor.execute(definition)


class Migration(labels.Migration):
    dependencies = [("uiengine_subjects", "0007_revoked_token")]
    operations = [migrations.RunPython(partition, join)]
