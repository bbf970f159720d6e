"""Reads an analytics tool's events, and stores them, many of them in parts."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from webapp.lib import database
from webapp.lib.batched import batched
from webapp.lib.progress import Progress
from webapp.lib.times import utc_now
from webapp.subjects.imports.events.histories import History, Stored, histories_store
from webapp.subjects.imports.events.names import LIVE, key_of, person_of
from webapp.subjects.imports.events.stored import (
    emptied_delete,
    stored_events,
    stored_places,
    stored_ties,
    ties_store,
)
from webapp.subjects.imports.events.visits import DAY_MS, ImportedEvent
from webapp.subjects.imports.jobs import keys_read, keys_unmet
from webapp.subjects.imports.key_table import keys_new
from webapp.subjects.imports.parts.life import import_new, import_supersede
from webapp.subjects.imports.parts.local_files import local_home, local_sweep
from webapp.subjects.imports.parts.together import import_store
from webapp.subjects.imports.parts.work import Show
from webapp.subjects.imports.rows import AT_ONCE
from webapp.subjects.imports.subject_rows import PEOPLE_AT_ONCE, PREFIX
from webapp.subjects.imports.tally import Tally
from webapp.subjects.models import Import
from webapp.surfaces.models import Surface

if TYPE_CHECKING:
    from ml.events.reading import Event, EventReader

EVENTS_AT_ONCE = 20_000
EVENTS_A_PART = 100_000
"""Events of a part, about: some ten seconds of work."""
EVENT_FORMATS = (
    *("segment", "amplitude", "mixpanel", "posthog"),
    *("ga4", "snowplow", "matomo", "plain"),
)


def import_events(
    paths: Sequence[str],
    form: str,
    map_path: str,
    *,
    keys: str | None = None,
    dry_run: bool = False,
    zone: str = "",
    progress: Progress = lambda share, doing: None,
) -> dict[str, Any]:
    """Imports the events of a tool's export; nothing is written before all is read and checked.

    Returns counts and reasons. Many events are stored in parts, by all workers (see
    `imports.parts`), where nothing that was stored earlier moves to another person; otherwise all
    is one transaction.

    keys: a table of `user` and `key`, for users of the files who are subjects already. dry_run:
    does everything, and takes it back. zone: an IANA name, in which days of new visits are cut
    instead of in the surface's own.

    Raises:
        ml.data.DataError: a bad map, a file that cannot be read, with its line, or files of which
            no event fits.
        FailedImportError: a part could not be stored.
    """
    from ml.events.event_map import load_map
    from ml.events.reading import EventReader
    from ml.events.unfit import refuse_unfit

    surfaces = Surface.objects.all()
    blocks = {s.slug: [block["id"] for block in s.definition["blocks"]] for s in surfaces}
    rules = load_map(Path(map_path), blocks)
    local_sweep(now=utc_now())
    with EventReader(local_home()) as reader:
        progress(0.0, "reading")
        reader.read(paths, form, rules, blocks, until=int(time.time() * 1000) + DAY_MS)
        refuse_unfit(reader.report, paths, form, Path(map_path).name)
        imported = import_new(Import.Kind.EVENTS, paths[0], "", {"zone": zone})
        if not dry_run:
            import_supersede(imported)
        done, new_keys = _stored(imported, reader, keys, dry_run, progress)
        report = asdict(reader.report) | done
    progress(1.0, "done")
    for name in ("attributes", "people_without_visits", "erased_visits"):  # of other imports
        report.pop(name, None)
    return {**report, "new_keys": new_keys, "dry_run": dry_run}


def events_part(imported: Import, files: Mapping[str, Path], show: Show) -> dict[str, int]:
    """Stores the events of a part's people; see `parts.work`."""
    from ml.events.reading import histories_read

    done, tally = Stored(), Tally()
    surfaces = {surface.slug: surface for surface in Surface.objects.all()}
    for slug, people in _batches(histories_read(files["events"])):
        histories_store(
            surface=surfaces[slug],
            people=people,
            replaced=frozenset(),
            zone=imported.given["zone"],
            done=done,
            tally=tally,
        )
    tally.write()
    return done.counts()


def event_map(paths: Sequence[str], form: str) -> str:
    """A first map of a tool's export, as TOML with counts. Raises DataError as above."""
    from ml.events.proposal import look, proposed_map
    from ml.events.reading import EventReader
    from ml.events.unfit import refuse_nameless

    titles = {
        surface.slug: {b["id"]: b.get("title", b["id"]) for b in surface.definition["blocks"]}
        for surface in Surface.objects.order_by("slug")
    }
    with EventReader(local_home()) as reader:
        refuse_nameless(*reader.look(paths, form), paths, form)
        return proposed_map(look(reader), titles)


def _stored(
    imported: Import, reader: EventReader, keys: str | None, dry_run: bool, progress: Progress
) -> tuple[dict[str, int], list[str]]:
    """Stores what was read, whole or in parts; returns counts, and keys that nobody had."""
    with database.statements_unlogged(), database.atomic():
        progress(0.4, "tying ids to people")
        new_keys, people = _tied(reader, keys)
        if dry_run or people or reader.size() <= EVENTS_A_PART:
            done = _stored_whole(imported, reader, people, progress)
            database.set_rollback(dry_run)
            return done, new_keys
    return _stored_in_parts(imported, reader, progress), new_keys


def _tied(reader: EventReader, keys: str | None) -> tuple[list[str], frozenset[str]]:
    """Resolves who is whom; returns keys that nobody had, and people to be stored anew."""
    table = keys_read(keys, moves_events=True) if keys else {}
    new_keys = keys_new(table)
    keyed = {user: person_of(key) for user, key in table.items()}
    reader.ties.tell(keyed)
    people = _resolved(reader)
    if keys and not any(reader.has_any(part) for part in batched(keyed.values(), 500)):
        raise keys_unmet(keys, keyed)
    return new_keys, people


def _stored_whole(
    imported: Import, reader: EventReader, people: frozenset[str], progress: Progress
) -> dict[str, int]:
    """Stores everything inside the caller's transaction; returns counts.

    So are events that were stored under one person and are another's now: no moment may lack them.
    """
    done = Stored()
    _store(reader, people, imported.given["zone"], done, progress)
    _ties_store(reader, done)
    emptied_delete(people)
    imported.state, imported.result = Import.State.DONE, done.counts()
    imported.finished_at = utc_now()
    imported.save()
    return done.counts()


def _stored_in_parts(imported: Import, reader: EventReader, progress: Progress) -> dict[str, int]:
    """Stores people of whom nothing has to move; returns counts.

    Ties are stored last: those that are not known yet make a later import look at their people
    again, whatever a killed one left.
    """
    live = {person: key_of(person) for person in reader.people_beginning(LIVE)}
    parts = reader.write(live, PREFIX, EVENTS_A_PART)
    return import_store(
        imported,
        parts,
        dict,
        lambda share, doing: progress(0.5 + 0.5 * share, doing),
        end=lambda: _ties_store(reader, Stored()).counts(),
    )


def _ties_store(reader: EventReader, done: Stored) -> Stored:
    for ties in batched(reader.ties.new(), AT_ONCE):
        ties_store(ties, done)
    return done


def _resolved(reader: EventReader) -> frozenset[str]:
    """Ties ids to people, with those of earlier imports; returns people to be stored anew.

    Where the file tells a tie that was not known, events that were stored under either id are
    resolved again.
    """
    reader.ties.add(stored_ties())
    again: set[str] = set()

    def stored() -> Iterator[tuple[str, ImportedEvent]]:
        for surface, person, events in stored_events(reader.ties.reach()):
            again.add(person)
            yield from ((surface, event) for event in events)

    reader.add_events(stored())
    reader.resolve()
    return frozenset(again)


def _store(
    reader: EventReader, replaced: frozenset[str], zone: str, done: Stored, progress: Progress
) -> None:
    """Stores every person's events, and empties those whose events are all another's now."""
    surfaces = {surface.slug: surface for surface in Surface.objects.all()}
    left = stored_places(replaced)
    tally = Tally()

    def store(slug: str, people: Sequence[History]) -> None:
        histories_store(
            surface=surfaces[slug],
            people=people,
            replaced=replaced,
            zone=zone,
            done=done,
            tally=tally,
        )

    number, total = 0, max(reader.people(), 1)
    for slug, people in _batches(reader.histories()):
        store(slug, people)
        left -= {(slug, person) for person, _ in people}
        number += len(people)
        progress(0.5 + 0.5 * number / total, f"{slug}: storing")
    for slug, person in sorted(left):
        store(slug, [(person, ())])
    tally.write()


def _batches(
    histories: Iterable[tuple[str, str, Sequence[Event]]],
) -> Iterator[tuple[str, list[History]]]:
    """Surfaces and some of their people, with not many more than EVENTS_AT_ONCE events."""
    for slug, group in groupby(histories, key=lambda history: history[0]):
        part: list[History] = []
        number = 0
        for _, person, events in group:
            part.append((person, [ImportedEvent(*event) for event in events]))
            number += len(events)
            if number >= EVENTS_AT_ONCE or len(part) == PEOPLE_AT_ONCE:
                yield slug, part
                part, number = [], 0
        if part:
            yield slug, part
