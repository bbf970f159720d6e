"""Which person an id belongs to, and since when: devices, guests and accounts that are one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from ml.data.formats import MOST_USER
from ml.events.base import Base
from ml.events.mapping import EARLIEST_MS

ROUNDS = 4
"""Longest chain of ties that is followed, such as device, guest account, account."""
DAY_MS = 86_400_000
ALWAYS = 0
"""Time (ms since 1970) of a tie that the team told; no event is as early."""


class Tie(NamedTuple):
    """From `at` (ms since 1970) on, `alias` is known to be `person`; one a day is kept."""

    alias: str
    person: str
    at: int


class Ties:
    """The ties that files and earlier imports tell."""

    def __init__(self, base: Base) -> None:
        self._base = base
        base.execute("CREATE TABLE ties (alias VARCHAR, person VARCHAR, ms BIGINT, is_new BOOLEAN)")

    def collect(self, until: int) -> None:
        """Takes the ties of the staged events."""
        self._base.execute(
            "INSERT INTO ties SELECT alias, person, min(ms), true FROM ("
            "SELECT named(unnest(list_append(aliases, device))) AS alias, "
            "coalesce(known, device) AS person, ms FROM staged "
            f"WHERE ms BETWEEN {EARLIEST_MS} AND {until}) "
            f"WHERE length(alias) <= {MOST_USER} AND length(person) <= {MOST_USER} "
            f"AND alias <> person GROUP BY alias, person, ms // {DAY_MS}"
        )

    def tell(self, people: Mapping[str, str]) -> None:
        """Takes what the team itself says: each id is that person, ever since ALWAYS.

        Call before `add`.
        """
        rows = ((alias, person, ALWAYS, True) for alias, person in people.items())
        self._base.insert("ties", rows)

    def add(self, ties: Iterable[tuple[str, str, int]]) -> None:
        """Adds those of earlier imports (alias, person, ms); an equal one of a day is not new.

        A tie to an id that has always been somebody else is a tie to that person.
        """
        self._base.insert("ties", ((*tie, False) for tie in ties))
        self._base.execute(
            "CREATE OR REPLACE TABLE ties AS WITH told AS (SELECT t.alias, "
            "coalesce(a.person, t.person) AS person, t.ms, t.is_new FROM ties t LEFT JOIN "
            f"(SELECT alias, min(person) AS person FROM ties WHERE ms = {ALWAYS} GROUP BY alias) a "
            "ON a.alias = t.person) SELECT alias, person, min(ms) AS ms, "
            "bool_and(is_new) OR min(ms) < "
            "coalesce(min(ms) FILTER (WHERE NOT is_new), min(ms)) AS is_new "
            f"FROM told GROUP BY alias, person, ms // {DAY_MS}"
        )

    def count(self) -> int:
        """The number of pairs of ids."""
        return self._base.one("SELECT count(DISTINCT (alias, person)) FROM ties")

    def new(self) -> Iterator[Tie]:
        """Ties that no earlier import told, the first of each day, sorted by person."""
        found = self._base.rows(
            "SELECT alias, person, ms FROM ties WHERE is_new ORDER BY person, alias, ms"
        )
        return (Tie(*row) for row in found)

    def reach(self) -> Iterator[str]:
        """Ids of new ties, and all people that events of these ids may be stored under."""
        found = self._base.rows(
            "WITH RECURSIVE reach(person) AS (SELECT alias FROM ties WHERE is_new UNION "
            "SELECT t.person FROM ties t JOIN reach r ON t.alias = r.person) "
            "SELECT person FROM reach"
        )
        return (row[0] for row in found)

    def resolve(self) -> None:
        """Sets `person` in the table `resolved`: the latest tie until the event, else the first."""
        for _ in range(ROUNDS):
            tied = "SELECT 1 FROM resolved SEMI JOIN ties ON resolved.person = ties.alias LIMIT 1"
            if self._base.one(f"SELECT count(*) FROM ({tied})") == 0:
                return
            self._base.execute(
                "CREATE OR REPLACE TABLE resolved AS "
                "WITH first AS (SELECT alias, arg_min(person, (ms, person)) AS person FROM ties "
                "GROUP BY alias), "
                "told AS (SELECT alias, ms, max(person) AS person FROM ties GROUP BY alias, ms) "
                "SELECT r.* REPLACE (coalesce(told.person, first.person, r.person) AS person) "
                "FROM resolved r ASOF LEFT JOIN told ON r.person = told.alias AND r.ms >= told.ms "
                "LEFT JOIN first ON r.person = first.alias"
            )
