"""What an import adds: counts for its report, and for the pages' popularity."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass, field

from webapp.subjects import state_cache
from webapp.surfaces.services import DayCount, popularity_change


@dataclass
class Imported:
    """Counts of what an import added; all zero where everything was known.

    people_without_visits: of whom a file of people tells, and no visit is stored. new: keys of
    subjects that it created.
    """

    subjects: int = 0
    profiles: int = 0
    visits: int = 0
    uses: int = 0
    known_visits: int = 0
    erased_visits: int = 0
    attributes: int = 0
    people_without_visits: int = 0
    new: set[str] = field(default_factory=set)

    def counts(self) -> dict[str, int]:
        return {name: count for name, count in asdict(self).items() if name != "new"}


@dataclass
class Tally:
    """What an import writes once, at its end: popularity, whose rows are locked last and in order.

    days: by the surface's id and the day; keys: by slug, the subjects whom caches must forget.
    """

    days: dict[tuple[int, int], DayCount] = field(default_factory=lambda: defaultdict(DayCount))
    keys: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def write(self) -> None:
        for (surface_id, day), count in sorted(self.days.items()):
            popularity_change(surface_id, day, count)
        for slug, keys in self.keys.items():
            state_cache.forget_all_on_commit(keys, slug)
