"""Reads a file of visits in one of ml's formats and imports it in this process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from webapp.lib import database
from webapp.subjects.ended import accounts_read
from webapp.subjects.imports.key_table import (
    key_rule,
    keys_new,
    user_rule,
    with_more_than_events,
)
from webapp.subjects.imports.services import (
    PREFIX,
    Imported,
    Progress,
    people_import,
    subjects_by_keys,
    visits_import,
)
from webapp.subjects.imports.surfaces import surfaces_ensure
from webapp.subjects.keys import ACCOUNT, subject_key_checked
from webapp.subjects.models import Subject
from webapp.surfaces.models import Surface

if TYPE_CHECKING:
    from ml.data.rows import VisitRow


def import_file(
    path: str,
    form: str = "visits",
    people: str | None = None,
    surfaces: list[str] | None = None,
    *,
    strict: bool = True,
    source: str = Subject.Source.IMPORTED,
    ending: str = "",
    add_blocks: bool = False,
    keys: str | None = None,
    zone: str = "",
    progress: Progress = lambda share, doing: None,
) -> dict[str, Any]:
    """Imports visits and people. Raises ml.data.DataError, which lists every bad row.

    ending: an ISO date; all visits move by whole days so that the last falls on it, which lets old
    data be tried out today. add_blocks: adds blocks that a known surface lacks; otherwise rows with
    such blocks are bad. keys: a table of `user` and `key`, for users of the file who are subjects
    already; any bad row of it stops the import. zone: an IANA name, in which days of these visits,
    and of surfaces that are made, are cut instead of in the surface's own.
    """
    from ml.data import formats

    progress(0.0, "reading")
    known = None if add_blocks else _known_blocks()
    records = formats.read(
        path, form, people=people, surfaces=surfaces, blocks=known, strict=strict
    )
    rows = _rows(records.visits, zone)
    keyed = _keys_met(keys, rows) if keys else {}
    new_keys = keys_new(keyed)
    with database.statements_unlogged(), database.atomic():
        made = surfaces_ensure(_visits_by_block(rows), zone)
        done = Imported()
        if rows:
            done = visits_import(
                rows=rows,
                source=source,
                days_later=_days_to(ending, rows) if ending else 0,
                keys=keyed,
                progress=lambda share, doing: progress(0.1 + 0.85 * share, doing),
            )
        if records.people is not None:
            persons: list[Any] = records.people.to_dict("records")
            note = f"imported from {Path(people or path).name}"
            done.attributes = people_import(people=persons, note=note, keys=keyed)
    progress(1.0, "done")
    found = {**done.as_json(), "surfaces": made, "new_keys": new_keys}
    return {**found, "skipped": [str(problem) for problem in records.problems]}


def _rows(visits: Any, zone: str) -> list[VisitRow]:
    """The table of visits as rows, their days cut in the zone or in each surface's own."""
    from ml.data.rows import visit_rows
    from ml.data.tables import days_cut

    zones = {surface.slug: surface.zone for surface in Surface.objects.all()}
    return visit_rows(days_cut(visits, zones, zone))


def _keys_met(path: str, rows: Iterable[VisitRow]) -> dict[str, str]:
    """Reads the table of keys, of which one user at least has to be in the file."""
    keyed = keys_read(path)
    if not keyed.keys() & {row.user for row in rows}:
        raise keys_unmet(path, keyed)
    return keyed


def _days_to(ending: str, rows: Iterable[VisitRow]) -> int:
    """How many days later the visits are, if the last of them falls on an ISO date."""
    return (date.fromisoformat(ending) - date(1970, 1, 1)).days - max(row.day for row in rows)


def _visits_by_block(rows: Iterable[VisitRow]) -> dict[str, Counter[str]]:
    """By surface, the number of visits that used each block."""
    counts: dict[str, Counter[str]] = {}
    for row in rows:
        counts.setdefault(row.surface, Counter())[row.block] += 1
    return counts


def keys_unmet(path: str, keyed: Collection[str]) -> ValueError:
    """The ml.data.DataError of a table that names nobody who is in the imported files."""
    from ml.data.errors import BadValue, DataError

    rule = "one user at least must occur in the imported files"
    return DataError([BadValue(Path(path).name, 0, "user", ", ".join(list(keyed)[:3]), rule)])


def keys_read(path: str, *, moves_events: bool = False) -> dict[str, str]:
    """Reads a table of `user` (a name in the file) and `key` (of a subject): keys by user.

    moves_events: a user of whom nothing but events was imported may be another subject from now on.
    Raises ml.data.DataError, which lists every bad row.
    """
    from ml.data.errors import BadValue, DataError
    from ml.data.tables import as_texts, read_table

    table, name = read_table(Path(path)), Path(path).name
    if lacking := {"user", "key"} - set(table.columns):
        have, rule = ", ".join(map(str, table.columns)), "columns user and key are needed"
        raise DataError([BadValue(name, 0, "columns", have, f"{rule}; missing: {min(lacking)}")])
    pairs = list(zip(as_texts(table["user"]), as_texts(table["key"]), strict=True))
    pks = [key.removeprefix(ACCOUNT) for _, key in pairs if key.startswith(ACCOUNT)]
    before = set(subjects_by_keys(PREFIX + user for user, _ in pairs))
    if moves_events:
        before = with_more_than_events(before)
    problems, known = [], accounts_read(pks)
    seen: tuple[set[str], set[str]] = (set(), set())
    for number, (user, key) in enumerate(pairs, start=1):
        rules = {"user": user_rule(user, seen[0], before), "key": key_rule(key, seen[1], known)}
        seen[0].add(user)
        seen[1].add(key)
        values = {"user": user, "key": key}
        problems += [
            BadValue(name, number, f, values[f], rule) for f, rule in rules.items() if rule
        ]
    if problems:
        raise DataError(problems)
    return {user: subject_key_checked(key) for user, key in pairs}


def _known_blocks() -> dict[str, list[str]]:
    surfaces = Surface.objects.all()
    return {s.slug: [block["id"] for block in s.definition["blocks"]] for s in surfaces}
