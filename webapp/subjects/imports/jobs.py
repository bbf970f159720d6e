"""Reads a file of visits in one of ml's formats and imports it in this process."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

from django.db import transaction

from webapp.subjects.imports.services import Imported, Progress, people_import, visits_import
from webapp.subjects.imports.surfaces import surfaces_ensure
from webapp.subjects.models import Subject
from webapp.surfaces.models import Surface


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
    progress: Progress = lambda share, doing: None,
) -> dict[str, Any]:
    """Imports visits and people. Raises ml.data.DataError, which lists every bad row.

    ending: an ISO date; all visits move by whole days so that the last falls on it, which lets old
    data be tried out today. add_blocks: adds blocks that a known surface lacks; otherwise rows with
    such blocks are bad.
    """
    from ml.data import formats
    from ml.data.rows import visit_rows

    progress(0.0, "reading")
    known = None if add_blocks else _known_blocks()
    records = formats.read(
        path, form, people=people, surfaces=surfaces, blocks=known, strict=strict
    )
    rows = visit_rows(records.visits)
    last = max((row.day for row in rows), default=0)
    moved = (date.fromisoformat(ending) - date(1970, 1, 1)).days - last if ending else 0
    popular: dict[str, Counter[str]] = {}
    for row in rows:
        popular.setdefault(row.surface, Counter())[row.block] += 1
    with transaction.atomic():
        made = surfaces_ensure(popular)
        done = Imported()
        if rows:
            done = visits_import(
                rows=rows,
                source=source,
                days_later=moved,
                progress=lambda share, doing: progress(0.1 + 0.85 * share, doing),
            )
        if records.people is not None:
            note = f"imported from {Path(people or path).name}"
            rows_of_people = records.people.to_dict("records")
            persons = [{str(k): v for k, v in row.items()} for row in rows_of_people]
            done.attributes = people_import(people=persons, note=note)
    done.surfaces = made
    progress(1.0, "done")
    return {**done.as_json(), "skipped": [str(problem) for problem in records.problems]}


def _known_blocks() -> dict[str, list[str]]:
    surfaces = Surface.objects.all()
    return {s.slug: [block["id"] for block in s.definition["blocks"]] for s in surfaces}
