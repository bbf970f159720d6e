"""Reads a file of visits in one of ml's formats, and stores it in parts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import astuple, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from webapp.lib.progress import Progress
from webapp.lib.times import utc_now
from webapp.subjects.ended import accounts_read
from webapp.subjects.imports.attributes import people_import
from webapp.subjects.imports.key_table import (
    key_rule,
    keys_new,
    user_rule,
    with_more_than_events,
)
from webapp.subjects.imports.parts.life import import_going, import_new, import_supersede
from webapp.subjects.imports.parts.local_files import local_home, local_sweep
from webapp.subjects.imports.parts.same_files import files_digest
from webapp.subjects.imports.parts.together import import_finish, import_store
from webapp.subjects.imports.parts.work import Show
from webapp.subjects.imports.subject_rows import PREFIX, subjects_by_keys
from webapp.subjects.imports.surfaces import surfaces_ensure
from webapp.subjects.imports.tally import Imported
from webapp.subjects.imports.visits import visits_import
from webapp.subjects.keys import ACCOUNT, subject_key_checked
from webapp.subjects.models import Import, Subject
from webapp.surfaces.models import Surface

if TYPE_CHECKING:
    from ml.data.staged_visits import StagedVisits

ROWS_A_PART = 100_000
"""Used blocks of a part, about: some ten seconds of work, and a hundred MB of memory."""
AHEAD = timedelta(days=1)
"""Time that a visit may lie ahead of now: a date of today in the first zone, or a wrong clock."""


@dataclass(frozen=True)
class Asked:
    """What a command asked for; see `import_file`."""

    path: str
    form: str
    people: str | None
    surfaces: list[str] | None
    strict: bool
    source: str
    ending: str
    add_blocks: bool
    keys: str | None
    zone: str

    def digest(self) -> str:
        return files_digest(filter(None, (self.path, self.people, self.keys)), astuple(self))


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
    """Imports visits and people. Nothing is written before all is read and checked.

    Many visits are stored in parts, by all workers (see `parts`), and the same call goes on with
    what a killed process left; few are stored in one transaction.

    ending: an ISO date; all visits move by whole days so that the last falls on it, which lets old
    data be tried out today. add_blocks: adds blocks that a known surface lacks; otherwise rows with
    such blocks are bad. keys: a table of `user` and `key`, for users of the file who are subjects
    already; any bad row of it stops the import. zone: an IANA name, in which days of these visits,
    and of surfaces that are made, are cut instead of in the surface's own.

    Raises:
        ml.data.DataError: lists every bad row.
        FailedImportError: a part could not be stored.
    """
    asked = Asked(
        *(path, form, people, surfaces, strict, source, ending, add_blocks, keys, zone),
    )
    progress(0.0, "reading")
    zones = {surface.slug: surface.zone for surface in Surface.objects.all()}
    digest = asked.digest()
    if (going := import_going(digest)) is not None:
        done = {**import_finish(going, progress), "new_keys": [], "skipped": []}
    else:
        done = _imported(asked, digest, zones, progress)
    progress(1.0, "done")
    return {**Imported().counts(), **done}


def _imported(
    asked: Asked, digest: str, zones: Mapping[str, str], progress: Progress
) -> dict[str, Any]:
    """Reads, checks and stores."""
    from ml.data.staged_visits import StagedVisits

    local_sweep(now=utc_now())
    with StagedVisits(local_home()) as rows:
        rows.read(
            *(asked.path, asked.form),
            people=asked.people,
            surfaces=asked.surfaces,
            blocks=None if asked.add_blocks else _known_blocks(),
            strict=asked.strict,
            zones=zones,
            zone=asked.zone,
            until=None if asked.ending else utc_now() + AHEAD,
        )
        keyed = _keys_met(asked.keys, rows) if asked.keys else {}
        new_keys = keys_new(keyed)
        imported = import_new(Import.Kind.VISITS, asked.path, digest, _given(asked, rows))
        import_supersede(imported)
        parts, blocks = rows.write(keyed, PREFIX, ROWS_A_PART), rows.blocks()
        rows.release()
        done = import_store(
            imported,
            parts,
            lambda: {"surfaces": surfaces_ensure(blocks, asked.zone)},
            lambda share, doing: progress(0.1 + 0.9 * share, doing),
        )
        return {**done, "new_keys": new_keys, "skipped": [str(p) for p in rows.problems]}


def _given(asked: Asked, rows: StagedVisits) -> dict[str, Any]:
    return {
        "source": str(asked.source),
        "days_later": _days_to(asked.ending, rows.last_day()) if asked.ending else 0,
        "note": f"imported from {Path(asked.people or asked.path).name}",
    }


def visits_part(imported: Import, files: Mapping[str, Path], show: Show) -> dict[str, int]:
    """Stores visits and attributes of a part's people; see `parts.work`."""
    from ml.data.part_files import records_read, rows_read

    given, done = imported.given, Imported()
    if "visits" in files:
        found = rows_read(files["visits"])
        done = visits_import(
            rows=[(slug, key, ms / 1000, *rest) for slug, key, ms, *rest in found],
            source=given["source"],
            days_later=given["days_later"],
            progress=lambda share, doing: show(share),
        )
    if "people" in files:
        people = records_read(files["people"])
        people_import(people=people, note=given["note"], done=done)
    return done.counts()


def _keys_met(path: str, rows: StagedVisits) -> dict[str, str]:
    """Reads the table of keys, of which one user at least has to be in the file."""
    keyed = keys_read(path)
    if not rows.has_any(keyed):
        raise keys_unmet(path, keyed)
    return keyed


def _days_to(ending: str, last: int) -> int:
    """How many days later the visits are, if the last of them falls on an ISO date."""
    return (date.fromisoformat(ending) - date(1970, 1, 1)).days - last


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
