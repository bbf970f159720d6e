"""Checks the reasons of a replay against the visits, counted anew and without the engine.

Own use is counted in the user's earlier visits. Others are people who came within two periods of
56 days before; shares halve every 15 days, and days count once they are over.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

HALF_LIFE, LATELY = 15.0, 112
LEAST_PEOPLE = 10
NEWCOMER_VISITS = 3
SIZES = ("larger", "smaller")
UNCHECKED = ("predicted",)
"""Codes whose number of people is checked, but not what the version says of them."""


@dataclass
class _Crowd:
    """All visits of one surface by day, and shares of the days that are over."""

    by_day: dict[int, list[tuple[str, Sequence[str], bool]]] = field(default_factory=dict)
    shares: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    newcomers: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    visits: float = 0.0
    new_visits: float = 0.0
    last: dict[str, int] = field(default_factory=dict)
    new_people: set[str] = field(default_factory=set)
    day: int | None = None

    def advance(self, day: int) -> None:
        """Folds the days before `day`."""
        if self.day is None:
            self.day = min(self.by_day, default=day)
        while self.day < day:
            keep = 2 ** (-1 / HALF_LIFE)
            for shares in (self.shares, self.newcomers):
                for block in shares:
                    shares[block] *= keep
            self.visits, self.new_visits = self.visits * keep, self.new_visits * keep
            for user, blocks, is_new in self.by_day.get(self.day, ()):
                self.last[user] = self.day
                self.visits += 1
                self.new_visits += is_new
                if is_new:
                    self.new_people.add(user)
                for block in blocks:
                    self.shares[block] += 1 / len(blocks)
                    self.newcomers[block] += is_new / len(blocks)
            self.day += 1

    def others(self, user: str, day: int) -> int:
        return sum(u != user and day - d <= LATELY for u, d in self.last.items())


class SentenceChecks:
    """Counts sentences, and those that the visits do not bear out. Takes rows in time order."""

    def __init__(
        self,
        visits: Mapping[tuple[str, str, str], Sequence[str]],
        blocks: Mapping[str, int],
        areas: Mapping[str, Mapping[str, int]] | None = None,
    ) -> None:
        """areas: by surface and block, the default area in cells of the page of the replay."""
        self.blocks, self.areas = blocks, areas or {}
        self.crowds: dict[str, _Crowd] = defaultdict(_Crowd)
        self.mine: dict[tuple[str, str], list[Sequence[str]]] = defaultdict(list)
        numbers: Counter[tuple[str, str]] = Counter()
        for (surface, user, at), used in sorted(
            visits.items(), key=lambda item: day_of(item[0][2])
        ):
            is_new = numbers[surface, user] < NEWCOMER_VISITS
            numbers[surface, user] += 1
            days = self.crowds[surface].by_day
            days.setdefault(day_of(at), []).append((user, used, is_new))
        self.used = visits

    def of(
        self, row: Mapping[str, Any], order: Sequence[str], before: Sequence[str]
    ) -> Counter[str]:
        """Returns counts of this visit: sentences, false, unchecked, and false by code."""
        surface, user, day = row["surface"], row["user"], day_of(row["at"])
        crowd, mine = self.crowds[surface], self.mine[surface, user]
        crowd.advance(day)
        found: Counter[str] = Counter()
        for reason in row.get("reasons", ()):
            found["sentences"] += 1
            found["sentences_unchecked"] += reason["code"] in UNCHECKED
            if reason["code"] in SIZES:
                is_true = self._is_size(reason, row, mine)
            else:
                is_true = self._is_true(reason, crowd, mine, surface, user, day) and (
                    reason["code"] != "kept" or tuple(order) == tuple(before)
                )
            found["sentences_false"] += not is_true
        mine.append(self.used[surface, user, row["at"]])
        return found

    def _is_size(
        self, reason: Mapping[str, Any], row: Mapping[str, Any], mine: Sequence[Sequence[str]]
    ) -> bool:
        """True if the block has the larger or smaller box, and was used as often, as is said."""
        block, values = reason["block"], reason["values"]
        area = next(item["w"] * item["h"] for item in row["layout"] if item["id"] == block)
        default = self.areas[row["surface"]][block]
        is_so = area > default if reason["code"] == "larger" else area < default
        uses = sum(block in blocks for blocks in mine)
        return is_so and (values["uses"], values["visits"]) == (uses, len(mine))

    def _is_true(
        self,
        reason: Mapping[str, Any],
        crowd: _Crowd,
        mine: Sequence[Sequence[str]],
        surface: str,
        user: str,
        day: int,
    ) -> bool:
        code, block, values = reason["code"], reason["block"], reason["values"]
        uses = sum(block in blocks for blocks in mine)
        if code in ("most_visits", "some_visits"):
            is_said = (values["uses"], values["visits"]) == (uses, len(mine))
            return is_said and uses > 1 and (code == "some_visits" or 2 * uses > len(mine))
        if code == "last_visit":
            return bool(mine) and block in mine[-1]
        if code == "used":
            return uses > 0
        if code in ("guess", "kept"):
            return code == "kept" or not uses
        # What a page is used for is true of a block that the reader uses, too: books say it to all.
        may_be_said = code == "popular" or not uses
        return may_be_said and _of_others(code, block, values, crowd, user, day, bool(mine))


def _of_others(
    code: str,
    block: str,
    values: Mapping[str, Any],
    crowd: _Crowd,
    user: str,
    day: int,
    is_known: bool,
) -> bool:
    """Checks what is said of other people; a code that no replay can earn is false."""
    if values.get("people", 0) < LEAST_PEOPLE:
        return False
    if code == "first_visit":
        percent = 100 * crowd.newcomers[block] / max(crowd.new_visits, 1e-9)
        people = len(crowd.new_people - {user})
        return not is_known and people >= values["people"] and _is_near(percent, values)
    if crowd.others(user, day) < values["people"]:
        return False
    percent = 100 * crowd.shares[block] / max(crowd.visits, 1e-9)
    return code in UNCHECKED or (code == "popular" and _is_near(percent, values))


def _is_near(percent: float, values: Mapping[str, Any]) -> bool:
    """The percent said is whole and rounded down."""
    return -0.01 <= percent - float(values["percent"]) <= 1.01


@lru_cache(maxsize=65_536)
def day_of(at: str) -> int:
    """Whole UTC days since 1970 of an ISO date or time; UTC unless it says otherwise."""
    moment = datetime.fromisoformat(at)
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int(aware.timestamp() // 86_400)
