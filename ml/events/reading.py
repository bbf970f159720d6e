"""Turns the files of an export into every person's events, in order, with bounded memory.

DuckDB reads, maps, drops duplicates and sorts on disk; Python sees one person at a time. All steps
are functions of the set of events and ties: neither the order of rows nor their split into files
nor a repetition changes what comes out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from ml.data.disk_base import quoted
from ml.data.part_files import PartFiles, joined, keyed_people, parts_cut, parts_write, rows_read
from ml.events.base import Base
from ml.events.event_map import EventMap
from ml.events.identity import Ties
from ml.events.mapping import reason_sql
from ml.events.staging import stage
from ml.events.unused import unused


class Event(NamedTuple):
    """A mapped event. key: what duplicates share; at: ms since 1970; raw: the id it came with."""

    key: str
    at: int
    raw: str
    kind: str
    block: str


@dataclass
class Report:
    """Counts of what was read. reasons: events left out, by why; the ten most frequent.

    unused: what the map says of no event, see `unused`.
    """

    read: int = 0
    mapped: dict[str, int] = field(default_factory=dict)
    duplicates: int = 0
    ties: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    unused: list[str] = field(default_factory=list)


class EventReader:
    """Reads an export into a temporary database, which goes when the reader is closed.

    inside: as `ml.data.disk_base.DiskBase` takes it.
    """

    def __init__(self, inside: Path | None = None) -> None:
        self._base = Base(inside)
        self._base.execute(
            "CREATE TABLE events (raw VARCHAR, surface VARCHAR, key VARCHAR, ms BIGINT, "
            "kind VARCHAR, block VARCHAR)"
        )
        self.ties = Ties(self._base)
        self.report = Report()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: object, trace: TracebackType | None
    ) -> None:
        self._base.close()

    def read(
        self,
        paths: Iterable[str],
        form: str,
        events: EventMap,
        blocks: Mapping[str, Sequence[str]],
        until: int,
    ) -> None:
        """Reads the files of one tool.

        blocks: the block ids of each surface. until: ms since 1970; later times are refused.

        Raises:
            DataError: an unreadable file, with its name and line.
        """
        stage(self._base, paths, form, events, leave="row, properties")
        self._base.execute("CREATE TABLE known_blocks (surface VARCHAR, block VARCHAR)")
        pairs = [(surface, block) for surface, ids in blocks.items() for block in ids]
        self._base.insert("known_blocks", pairs)
        self._base.execute(f"CREATE VIEW judged AS {reason_sql(events, until)}")
        self._keep(form)
        self.ties.collect(until)
        self._count()
        self.report.unused = unused(self._base, events)
        for made in ("VIEW judged", "TABLE staged", "TABLE known_blocks"):
            self._base.execute(f"DROP {made}")

    def look(self, paths: Iterable[str], form: str) -> tuple[int, int]:
        """Reads the files for `properties` alone; returns their rows, and those with a name.

        Raises DataError as `read` does.
        """
        stage(self._base, paths, form, EventMap(()), leave="row")
        staged = "SELECT count({}) FROM staged"
        return self._base.one(staged.format("*")), self._base.one(staged.format("name"))

    def _keep(self, form: str) -> None:
        """Keeps what the map names. Where the tool gives no key, equal events are one."""
        own = "coalesce(key, concat_ws('|', ms, name, block))"
        self._base.execute(
            "INSERT INTO events SELECT raw, surface, "
            f"left(md5(concat_ws('|', ?, raw, {own})), 16), "
            "ms, kind, block FROM judged WHERE reason IS NULL",
            [form],
        )

    def _count(self) -> None:
        base, report = self._base, self.report
        report.read = base.one("SELECT count(*) FROM staged")
        kinds = base.rows(
            "SELECT kind, count(*) FROM judged WHERE reason IS NULL GROUP BY kind ORDER BY kind"
        )
        report.mapped = dict(kinds)
        reasons = base.rows(
            "SELECT reason, count(*) AS n FROM judged WHERE reason IS NOT NULL GROUP BY reason "
            "ORDER BY n DESC, reason LIMIT 10"
        )
        report.reasons = dict(reasons)

    def properties(
        self, most_names: int, most_values: int
    ) -> list[tuple[str, int, dict[str, dict[str, int]]]]:
        """The most frequent events of `look`: name, count, and by property the counts of values.

        Properties of more than `most_values` values, or of values over 100 letters, are left out.
        """
        names = self._base.rows(
            "SELECT name, count(*) AS n FROM staged WHERE name IS NOT NULL GROUP BY name "
            f"ORDER BY n DESC, name LIMIT {int(most_names)}"
        )
        seen: dict[str, tuple[int, dict[str, dict[str, int]]]] = {n: (c, {}) for n, c in names}
        values = self._base.rows(
            "WITH pairs AS (SELECT name, properties, unnest(json_keys(properties)) AS key "
            "FROM staged), told AS (SELECT name, key, properties->>"
            "('/' || replace(replace(key, '~', '~0'), '/', '~1')) AS value FROM pairs), "
            "counted AS (SELECT name, key, value, count(*) AS n FROM told WHERE value IS NOT NULL "
            "GROUP BY ALL) "
            "SELECT name, key, value, n FROM counted "
            f"QUALIFY count(*) OVER (PARTITION BY name, key) <= {int(most_values)} "
            "AND max(length(value)) OVER (PARTITION BY name, key) <= 100 "
            "ORDER BY name, key, n DESC, value"
        )
        for name, key, value, number in values:
            if name in seen:
                seen[name][1].setdefault(key, {})[value] = number
        return [(name, count, properties) for name, (count, properties) in seen.items()]

    def add_events(self, events: Iterable[tuple[str, tuple[str, int, str, str, str]]]) -> None:
        """Adds events of earlier imports, so that they are resolved again with today's ties.

        events: each with its surface.
        """
        rows = (
            (raw, surface, key, at, kind, block) for surface, (key, at, raw, kind, block) in events
        )
        self._base.insert("events", rows)

    def resolve(self) -> None:
        """Gives each event its person. Events with one key are kept once, the earliest."""
        self._base.execute(
            "CREATE TABLE resolved AS SELECT raw, surface, key, min(ms) AS ms, "
            "arg_min(kind, (ms, kind, block)) AS kind, arg_min(block, (ms, kind, block)) AS block, "
            "raw AS person FROM events GROUP BY raw, surface, key"
        )
        everything = self._base.one("SELECT count(*) FROM events")
        self.report.duplicates = everything - self._base.one("SELECT count(*) FROM resolved")
        self.report.ties = self.ties.count()
        self._base.execute("DROP TABLE events")
        self.ties.resolve()

    def people(self) -> int:
        """The number of people, each surface for itself. Only after `resolve`."""
        return self._base.one("SELECT count(DISTINCT (surface, person)) FROM resolved")

    def has_any(self, people: Sequence[str]) -> bool:
        """Says whether an event is one of these people's. Only after `resolve`."""
        listed = ", ".join(quoted(person) for person in people)
        return self._base.one(f"SELECT count(*) FROM resolved WHERE person IN ({listed})") > 0

    def size(self) -> int:
        """The number of events that are kept. Only after `resolve`."""
        return self._base.one("SELECT count(*) FROM resolved")

    def people_beginning(self, text: str) -> list[str]:
        """People whose names begin so. Only after `resolve`."""
        rows = self._base.rows(
            f"SELECT DISTINCT person FROM resolved WHERE starts_with(person, {quoted(text)})"
        )
        return [person for (person,) in rows]

    def write(self, keys: Mapping[str, str], prefix: str, rows_a_part: int) -> list[PartFiles]:
        """Writes a file `events` for each part: the rows of `histories`, in their order.

        keys: of subjects by person; those of others begin with `prefix`. Only after `resolve`.
        """
        keyed_people(self._base, "resolved", "person", keys, prefix)
        ranges = parts_cut(self._base, self.size(), rows_a_part)
        written = parts_write(
            self._base,
            "SELECT part, surface, person, r.key, ms, raw, kind, block FROM resolved r "
            "JOIN people p ON person = name JOIN cuts ON shard BETWEEN first AND last "
            "ORDER BY part, surface, person, ms, r.key",
            self._base.home,
            "events",
        )
        return joined(ranges, events=written)

    def histories(self) -> Iterator[tuple[str, str, list[Event]]]:
        """Yields surface, person and events in order of time, sorted by surface and person."""
        rows = self._base.rows(
            "SELECT surface, person, key, ms, raw, kind, block FROM resolved "
            "ORDER BY surface, person, ms, key"
        )
        return _by_person(rows)


def histories_read(path: Path) -> Iterator[tuple[str, str, list[Event]]]:
    """What `EventReader.histories` yields, of a file of `EventReader.write`."""
    return _by_person(iter(rows_read(path)))


def _by_person(rows: Iterator[tuple[Any, ...]]) -> Iterator[tuple[str, str, list[Event]]]:
    for (surface, person), group in groupby(rows, key=lambda row: row[:2]):
        yield surface, person, [Event(*row[2:]) for row in group]
