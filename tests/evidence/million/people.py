"""Fills a migrated PostgreSQL database with simulated people of one page, in minutes.

Some thousands of people with habits of their own are imported as a file would be, so that visits,
profiles and popularity are what the product makes of them. SQL then copies these people under new
keys. The visits of all are written day by day, as they come about on a page that is in use: those
of one person lie far apart in the table.
"""

from __future__ import annotations

import io
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

SLUG = "bank"
HISTORIES = 20_000
"""People whose visits differ; all others are copies of these."""
ATTRIBUTES = {
    "gender": ("F", "M", "X"),
    "age_band": ("under 30", "30-49", "50-64", "65 and over"),
    "region": ("north", "east", "south", "west"),
    "disability": ("N", "Y"),
    "language": ("de", "en", "ar"),
}
SECONDS_PER_DAY = 86_400
DAYS = 100
Row = tuple[str, str, float, int, str, int]
"""surface, key, seconds since 1970, day, block, uses."""
COPY_SUBJECTS = """
INSERT INTO subjects_subject (id, key, source, clock_offset, created_at, shard)
SELECT id + {people} * c, key || '-' || c, source, 0, created_at,
  get_byte(sha256(convert_to(key || '-' || c, 'UTF8')), 0)
FROM subjects_subject, generate_series(1, {copies}) c ORDER BY c, id
"""
COPY_PROFILES = """
INSERT INTO subjects_profile (id, subject_id, surface_id, state, version, open_until, updated_at)
SELECT id + {people} * c, subject_id + {people} * c, surface_id, state, version, NULL, updated_at
FROM subjects_profile, generate_series(1, {copies}) c ORDER BY c, id
"""
COPY_ATTRIBUTES = """
INSERT INTO subjects_personalattributes (subject_id, surface_id, "values", consented_at,
  consent_note)
SELECT subject_id + {people} * c, surface_id, "values", consented_at, consent_note
FROM subjects_personalattributes, generate_series(1, {copies}) c ORDER BY c, id
"""
COPY_VISITS = """
INSERT INTO subjects_visit (profile_id, visit, started_at, day, uses, "order", is_closed)
SELECT profile_id + {people} * c, visit, started_at, day, uses, "order", true
FROM first_visits, generate_series(1, {copies}) c WHERE day = {day} ORDER BY started_at, c
"""
COPY_POPULARITY = """
UPDATE surfaces_popularityday SET visits = visits * {times}, people = people * {times},
  shares = coalesce(
    (SELECT jsonb_object_agg(key, value::float * {times}) FROM jsonb_each_text(shares)), '{{}}'),
  newcomers = coalesce(
    (SELECT jsonb_object_agg(key, value::float * {times}) FROM jsonb_each_text(newcomers)), '{{}}')
"""
TABLES = ("subjects_subject", "subjects_profile", "subjects_personalattributes", "subjects_visit")


def fill(people: int, visits: int, tell: Callable[[str], None]) -> None:
    """Makes `people` with `visits` each; Django is set up with a migrated, empty database."""
    histories = min(people, HISTORIES)
    if people % histories:
        raise ValueError(f"--people: {people} must be a multiple of {HISTORIES} or less than it.")
    tell(f"importing {histories:,} people")
    _import(histories, visits)
    if people > histories:
        _copied(histories, people // histories, tell)
    tell("analysing")
    _run("ANALYZE")


def _import(people: int, visits: int) -> None:
    """Makes those whose histories differ, by the product's own import."""
    from django.core.management import call_command

    from webapp.subjects.imports.attributes import people_import
    from webapp.subjects.imports.tally import Imported
    from webapp.subjects.imports.visits import visits_import
    from webapp.surfaces.models import Surface

    call_command("load_fixtures", no_cohort=True, verbosity=0, stdout=io.StringIO())
    blocks = [b["id"] for b in Surface.objects.get(slug=SLUG).definition["blocks"]]
    today = int(time.time()) // SECONDS_PER_DAY
    rows = [row for n in range(people) for row in visited(n, visits, blocks, today)]
    visits_import(rows=rows, source="simulated")
    chance = random.Random(0)
    attributes = [
        {"key": key_of(n)} | {name: chance.choice(some) for name, some in ATTRIBUTES.items()}
        for n in range(people)
    ]
    people_import(people=attributes, note="simulated", done=Imported())


def key_of(person: int) -> str:
    return f"file:simulated-{person:07}"


def visited(person: int, visits: int, blocks: Sequence[str], today: int) -> Iterator[Row]:
    """Yields rows of one person, as an import takes them, of the DAYS before `today`.

    People have 2 to 2 * visits - 2 visits, on different days and at their own hour: on workdays to
    one block, at weekends to another, every other time to a third, and at times to any, the first
    blocks of the page rather than the last.
    """
    chance = random.Random(person)
    count = 2 + 7 * person % (2 * visits - 3)
    begin = chance.randrange(DAYS - count + 1)
    weights = [1 / (rank + 2) for rank in range(len(blocks))]
    workday, weekend, other = (chance.choices(blocks, weights)[0] for _ in range(3))
    hour = chance.randrange(6, 22) * 3600
    for number, day in enumerate(sorted(chance.sample(range(begin, DAYS), count))):
        at = today - DAYS + day
        used = {workday if at % 7 < 5 else weekend: chance.randint(1, 3)}
        if number % 2:
            used.setdefault(other, 1)
        if chance.random() < 0.2:
            used.setdefault(chance.choices(blocks, weights)[0], 1)
        seconds = at * SECONDS_PER_DAY + hour + chance.randrange(3600)
        for block, uses in used.items():
            yield SLUG, key_of(person), float(seconds), at, block, uses


def _copied(people: int, times: int, tell: Callable[[str], None]) -> None:
    """Copies everybody `times` - 1 times; popularity becomes that of all."""
    one, *_ = _rows("SELECT count(*), max(id) - min(id) + 1 FROM subjects_profile")
    if one != (people, people):  # ids of copies are counted from those of the first
        raise RuntimeError(f"{people} profiles with ids one after another expected, not {one}.")
    sizes = {"people": people, "copies": times - 1, "times": times}
    tell(f"copying them {times - 1} times")
    with _without_indexes():
        for statement in (COPY_SUBJECTS, COPY_PROFILES, COPY_ATTRIBUTES, COPY_POPULARITY):
            _run(statement.format(**sizes))
        _run("CREATE TEMPORARY TABLE first_visits AS SELECT * FROM subjects_visit")
        _run("CREATE INDEX ON first_visits (day)")
        _run("ANALYZE first_visits")
        days = _rows("SELECT DISTINCT day FROM first_visits ORDER BY day")
        for done, (day,) in enumerate(days):
            _run(COPY_VISITS.format(**sizes, day=day))
            tell(f"copied visits of day {done + 1} of {len(days)}")
        tell("making indexes")


@contextmanager
def _without_indexes() -> Iterator[None]:
    """Drops what would be updated row by row, and makes it anew from whole tables."""
    names = ", ".join(f"'{name}'" for name in TABLES)
    keys = _rows(
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
        f"WHERE conrelid::regclass::text IN ({names}) AND contype IN ('f', 'u') ORDER BY contype"
    )
    for table, name, _ in keys:
        _run(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    indexes = _rows(
        f"SELECT indexname, indexdef FROM pg_indexes WHERE tablename IN ({names}) "
        "AND indexname NOT LIKE '%_pkey'"
    )
    for name, _ in indexes:
        _run(f'DROP INDEX "{name}"')
    yield
    _run("SET maintenance_work_mem = '1GB'")
    for _, definition in indexes:
        _run(definition)
    for table, name, definition in reversed(keys):  # what is unique before what refers to it
        _run(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')
    for table in TABLES:
        _run(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}")


def _rows(statement: str) -> list[tuple[Any, ...]]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())


def _run(statement: str) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement.replace("%", "%%"))
