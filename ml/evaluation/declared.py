"""Judges a replay on declared pages: places within groups, favourites, moves, scrolling, sentences.

A group's places are those of its blocks that may move. S, P, C are mean places within groups, as in
`judge`. Coefficients are written out here, so that the judge does not change with the engine.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ml.evaluation.sentences import SentenceChecks
from uiengine.page.surface import Size, Surface

LEAST_GAIN = 0.022
"""Modelled seconds over the horizon that a change must save for each block that it moves."""
CLEAR_VISITS, CLEAR_RATIO = 3, 1.5
"""A clear favourite of a group: visits that used it, and how many times those of the next block."""
COUNTED = (
    "people",
    "visits",
    "favourites",
    "one_block_people",
    "stranger_ahead_made",
    "stranger_ahead_waiting",
    "layouts_with_moves",
    "under_least_gain",
    "under_least_gain_by_rule",
    "sentences",
    "sentences_false",
    "sentences_unchecked",
)
Pair = tuple[str, str]
Sums = dict[str, float]
Used = Mapping[tuple[str, str, str], Sequence[str]]


@dataclass
class _Person:
    """What one user did on a page, the order last shown, and what was known when it was."""

    used: Counter[str] = field(default_factory=Counter)
    order: tuple[str, ...] = ()
    known: Counter[str] = field(default_factory=Counter)


@dataclass
class _Page:
    """One surface's groups, boxes and running sums."""

    surface: Surface
    people: dict[str, _Person] = field(default_factory=dict)
    sums: Sums = field(default_factory=lambda: defaultdict(float))

    def __post_init__(self) -> None:
        free = [block for block in self.surface.blocks if not block.is_pinned]
        self.group = {block.id: block.group for block in free}
        self.declared = self.places([block.id for block in self.surface.blocks])

    def places(self, order: Sequence[str]) -> dict[str, int]:
        """Returns each free block's 0-based place within its group."""
        seen: Counter[str] = Counter()
        found = {}
        for block in order:
            if block in self.group:
                found[block] = seen[self.group[block]]
                seen[self.group[block]] += 1
        return found

    def strangers_ahead(
        self, places: Mapping[str, int], used: Iterable[str]
    ) -> set[tuple[str, str]]:
        """Returns pairs of a never-used block before a used one of its group."""
        known = [block for block in used if block in self.group]
        return {
            (stranger, block)
            for block in known
            for stranger, group in self.group.items()
            if group == self.group[block]
            and stranger not in used
            and places[stranger] < places[block]
        }


def judge_declared(
    rows: Iterable[dict[str, Any]], visits: Used, surfaces: Mapping[str, Surface]
) -> Iterator[dict[str, Any]]:
    """Yields a summary per surface. visits: blocks used per (surface, user, at)."""
    pages = {slug: _Page(surface) for slug, surface in surfaces.items()}
    areas = {
        slug: {b.id: _area(b.sizes[surface.widest.name].default) for b in surface.blocks}
        for slug, surface in surfaces.items()
    }
    checks = SentenceChecks(visits, {slug: len(s.blocks) for slug, s in surfaces.items()}, areas)
    for row in rows:
        page, used = pages[row["surface"]], visits[row["surface"], row["user"], row["at"]]
        person = page.people.setdefault(row["user"], _Person())
        order = tuple(item["id"] for item in row["layout"])
        _places(page, person, order, used, is_early=row["visit"] < 3)
        _moves(page, person, order, row)
        _reach(page, row, used)
        for name, count in checks.of(row, order, person.order).items():
            page.sums[name] += count
        person.order, person.known = order, person.used.copy()
        person.used.update(used)
    for slug in sorted(pages):
        if pages[slug].people:
            yield {"surface": slug, **_summary(pages[slug])}


def _area(size: Size) -> int:
    return size.w * size.h


def _places(
    page: _Page, person: _Person, order: Sequence[str], used: Sequence[str], is_early: bool
) -> None:
    """Adds the places of this visit's used blocks, and the strangers ahead of known blocks."""
    shown = page.places(order)
    known = [block for block in used if block in page.group]
    if known:
        held: Counter[str] = Counter(page.group[block] for block in known)
        best = sum(count * (count - 1) / 2 for count in held.values()) / len(known)
        ranks = {
            "S": sum(page.declared[block] for block in known) / len(known),
            "P": sum(shown[block] for block in known) / len(known),
            "C": best,
        }
        for name, mean in ranks.items():
            page.sums[name] += mean
            page.sums[f"early_{name}"] += mean * is_early
        page.sums["placed"] += 1
    ahead = page.strangers_ahead(shown, person.used)
    ahead -= page.strangers_ahead(page.declared, person.used)
    before = page.strangers_ahead(page.places(person.order), person.used) if person.order else set()
    page.sums["stranger_ahead_made"] += len(ahead - before)
    page.sums["stranger_ahead_waiting"] += len(ahead & before)


def _moves(page: _Page, person: _Person, order: tuple[str, ...], row: Mapping[str, Any]) -> None:
    """Adds moves, and those that save less than the least gain: by rule, or without any reason.

    The rule is that used blocks stand before never-used ones of their group; what it demands is
    moved whatever that saves.
    """
    moved = sum(a != b for a, b in zip(order, person.order, strict=True)) if person.order else 0
    page.sums["visits"] += 1
    page.sums["moved"] += moved
    page.sums["layouts_with_moves"] += moved > 0
    if not moved or row.get("saves_seconds") is None:
        return
    if row["saves_seconds"] < LEAST_GAIN * moved - 1e-9:
        is_ruled = bool(page.strangers_ahead(page.places(person.order), person.used))
        page.sums["under_least_gain_by_rule" if is_ruled else "under_least_gain"] += 1


def _reach(page: _Page, row: Mapping[str, Any], used: Sequence[str]) -> None:
    """Adds how far down used blocks begin, and how far one scrolls to see them whole, in pixels."""
    at, height = page.surface.widest, page.surface.row_height
    boxes = {item["id"]: item for item in row["layout"]}
    for block in used:
        box = boxes[block]
        bottom = min(box["h"] * height, at.viewport_height) + box["y"] * height
        page.sums["pixels"] += box["y"] * height
        page.sums["scrolling"] += max(0, bottom - at.viewport_height)
    page.sums["used"] += len(used)


def _summary(page: _Page) -> dict[str, Any]:
    first, favourites = _favourites(page)
    best, single = _single(page)
    page.sums |= {
        "people": len(page.people),
        "favourites": favourites,
        "favourites_first": first,
        "one_block_people": single,
        "one_block_at_best": best,
    }
    return _ratios(page.sums)


def whole(lines: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Returns the summary of all visits of all pages, of whose lines it is made."""
    sums: Sums = defaultdict(float)
    for line in lines:
        for name, value in line["sums"].items():
            sums[name] += value
    return {"surface": "all", **_ratios(sums)}


def _ratios(sums: Sums) -> dict[str, Any]:
    """Returns the figures of sums, which stay beside them: sums of pages add up, ratios do not."""
    visits, used = max(sums["visits"], 1), max(sums["used"], 1)
    return {
        **{name: int(sums[name]) for name in COUNTED},
        "captured_in_group": _share(sums["S"] - sums["P"], sums["S"] - sums["C"]),
        "captured_in_group_first_three": _share(
            sums["early_S"] - sums["early_P"], sums["early_S"] - sums["early_C"]
        ),
        "place_in_group": sums["P"] / max(sums["placed"], 1),
        "favourite_first": _share(sums["favourites_first"], sums["favourites"]),
        "one_block_best": _share(sums["one_block_at_best"], sums["one_block_people"]),
        "moved": sums["moved"] / visits,
        "pixels": sums["pixels"] / used,
        "scrolling": sums["scrolling"] / used,
        "sums": {name: round(value, 6) for name, value in sums.items()},
    }


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _favourites(page: _Page) -> tuple[int, int]:
    """Returns how many groups' clear favourites stand first at the last visit, and how many there
    are, by what was known before it."""
    first = found = 0
    for person in page.people.values():
        places = page.places(person.order)
        for group in set(page.group.values()):
            ranked = Counter(
                {b: n for b, n in person.known.items() if page.group.get(b) == group}
            ).most_common(2)
            second = ranked[1][1] if len(ranked) > 1 else 0
            if ranked and ranked[0][1] >= max(CLEAR_VISITS, CLEAR_RATIO * second):
                found += 1
                first += places[ranked[0][0]] == 0
    return first, found


def _single(page: _Page) -> tuple[int, int]:
    """Returns how many people who use one block alone have it first of its group at last, and how
    many there are with two visits or more."""
    single = [p for p in page.people.values() if len(p.used) == 1 and sum(p.used.values()) > 1]
    return sum(page.places(p.order).get(next(iter(p.used)), 0) == 0 for p in single), len(single)
