"""Reads an analytics tool's events and imports them in this process."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from webapp.lib import database
from webapp.lib.batched import batched
from webapp.subjects.imports.events.histories import (
    History,
    Stored,
    emptied_delete,
    histories_store,
    person_of,
    stored_events,
    stored_places,
    stored_ties,
    ties_store,
)
from webapp.subjects.imports.events.visits import DAY_MS, ImportedEvent
from webapp.subjects.imports.jobs import keys_read, keys_unmet
from webapp.subjects.imports.key_table import keys_new
from webapp.subjects.imports.services import AT_ONCE, PEOPLE_AT_ONCE, Progress, Tally
from webapp.surfaces.models import Surface

if TYPE_CHECKING:
    from ml.events.reading import EventReader

EVENTS_AT_ONCE = 20_000
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
    """Imports the events of a tool's export; all or nothing. Returns counts and reasons.

    keys: a table of `user` and `key`, for users of the files who are subjects already. dry_run:
    does everything, and takes it back. zone: an IANA name, in which days of new visits are cut
    instead of in the surface's own.

    Raises:
        ml.data.DataError: a bad map, a file that cannot be read, with its line, or files of which
            no event fits.
    """
    from ml.events.event_map import load_map
    from ml.events.reading import EventReader
    from ml.events.unfit import refuse_unfit

    surfaces = Surface.objects.all()
    blocks = {s.slug: [block["id"] for block in s.definition["blocks"]] for s in surfaces}
    rules = load_map(Path(map_path), blocks)
    done = Stored()
    with EventReader() as reader, database.statements_unlogged(), database.atomic():
        progress(0.0, "reading")
        reader.read(paths, form, rules, blocks, until=int(time.time() * 1000) + DAY_MS)
        refuse_unfit(reader.report, paths, form, Path(map_path).name)
        progress(0.4, "tying ids to people")
        table = keys_read(keys, moves_events=True) if keys else {}
        new_keys = keys_new(table)
        keyed = {user: person_of(key) for user, key in table.items()}
        reader.ties.tell(keyed)
        people = _resolved(reader)
        if keys and not any(reader.has_any(part) for part in batched(keyed.values(), 500)):
            raise keys_unmet(keys, keyed)
        _store(reader, people, zone, done, progress)
        for ties in batched(reader.ties.new(), AT_ONCE):
            ties_store(ties, done)
        emptied_delete(people)
        database.set_rollback(dry_run)
    progress(1.0, "done")
    report = asdict(reader.report) | done.counts()
    for name in ("attributes", "erased_visits"):  # not of an export of events
        del report[name]
    return {**report, "new_keys": new_keys, "dry_run": dry_run}


def event_map(paths: Sequence[str], form: str) -> str:
    """A first map of a tool's export, as TOML with counts. Raises DataError as above."""
    from ml.events.proposal import look, proposed_map
    from ml.events.reading import EventReader
    from ml.events.unfit import refuse_nameless

    titles = {
        surface.slug: {b["id"]: b.get("title", b["id"]) for b in surface.definition["blocks"]}
        for surface in Surface.objects.order_by("slug")
    }
    with EventReader() as reader:
        refuse_nameless(*reader.look(paths, form), paths, form)
        return proposed_map(look(reader), titles)


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
    for slug, people in _parts(reader):
        store(slug, people)
        left -= {(slug, person) for person, _ in people}
        number += len(people)
        progress(0.5 + 0.5 * number / total, f"{slug}: storing")
    for slug, person in sorted(left):
        store(slug, [(person, ())])
    tally.write()


def _parts(reader: EventReader) -> Iterator[tuple[str, list[History]]]:
    """Surfaces and some of their people, with not many more than EVENTS_AT_ONCE events."""
    for slug, group in groupby(reader.histories(), key=lambda history: history[0]):
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
