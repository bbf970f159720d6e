"""A rehearsal in words: its verdict, its tables and its method, for the page and the command."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

NAMES = {
    "engine": "The engine",
    "today": "Today's page",
    "popularity": "By popularity",
    "frecency": "By frecency",
}
MEANINGS = {
    "engine": "as it would have served",
    "today": "the default order, the same for everybody",
    "popularity": "one order for everybody on a day, by the others' uses before it",
    "frecency": "each person's own uses, halved every 7 days",
}
PLACES = {
    "most": "One of those who are helped most",
    "middle": "One in the middle",
    "least": "One of those who are helped least",
}
TITLES = {
    "worth": "Worth it",
    "not_worth": "Not worth it",
    "too_few": "Too few people to tell",
}
NARROWEST = 0.001
"""Least width of the plot's scale, as a share."""
COLUMNS = {
    "saved": "Time saved",
    "saved_first": "Time saved, first 3 visits",
    "captured": "Captured",
    "captured_first": "Captured, first 3 visits",
    "moved": "Blocks moved a visit",
    "seconds": "Seconds a visit",
}
Told = Mapping[str, Any]


@dataclass(frozen=True)
class Cell:
    """value: empty where there is nothing to divide by; span: the interval, or empty."""

    value: str = ""
    span: str = ""
    head: str = ""


@dataclass(frozen=True)
class Row:
    name: str
    meaning: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Bar:
    """A policy's time saved on the common scale, in % of its width."""

    name: str
    left: float
    width: float
    middle: float
    told: Cell


def percent(value: float | None) -> str:
    """A share as a percentage with one decimal."""
    return "" if value is None else f"{round(100 * value, 1) + 0.0:.1f} %".replace("-", "−")


def cell(name: str, found: Told | None) -> Cell:
    """A figure and its interval, in its unit, under the head of its column."""
    head = COLUMNS[name]
    if found is None or found["estimate"] is None:
        return Cell(head=head)
    as_share = name not in ("moved", "seconds")
    write = percent if as_share else lambda value: f"{value:.2f}"
    ends = found["interval"]
    span = f"{write(ends[0])} to {write(ends[1])}" if ends else ""
    return Cell(write(found["estimate"]), span, head)


def headline(figures: Told) -> str:
    """The verdict in a few words, and what was found."""
    return f"{TITLES[figures['verdict']]}: {found_sentence(figures)}"


def found_sentence(figures: Told) -> str:
    """What the verdict rests on, with its interval."""
    saved, least = figures["policies"]["engine"]["saved"], percent(figures["least"])
    told = cell("saved", saved)
    span = f" ({100 * figures['level']:.0f} % interval {told.span} saved)" if told.span else ""
    did = f"saved {told.value}"
    if (saved["estimate"] or 0.0) < 0:
        did = f"cost {percent(-saved['estimate'])} more"
    would = f"the engine would have {did} of the modelled seconds{span}"
    ends = {
        "worth": f"the whole interval at {least} or above.",
        "not_worth": f"the whole interval below the {least} that counts.",
        "too_few": f"{_why_too_few(figures)} {how_many_more(figures)}",
    }
    return f"{would}, {ends[figures['verdict']]}"


def _why_too_few(figures: Told) -> str:
    """The interval holds the least that counts, or it is of too few people to be relied on."""
    ends, least = figures["policies"]["engine"]["saved"]["interval"], figures["least"]
    if ends and not ends[0] < least <= ends[1]:
        return f"but an interval of {figures['people']:,} people is not relied on."
    return f"which does not say whether {percent(least)} or more would be saved."


def how_many_more(figures: Told) -> str:
    """How many more people would tell, if the difference stays as it is."""
    people, needed = figures["people"], figures["needed"]
    if needed is None:
        return "So little differs that even a million people might not tell."
    if needed <= figures["held_back"]:
        return (
            f"Judge more of the {figures['held_back']:,} held-back people: --people {needed} would "
            "tell if the difference stays."
        )
    share = figures["held_back_percent"]
    more = round(100 * (needed - figures["held_back"]) / share)
    return (
        f"About {needed:,} held-back people would tell if the difference stays; {people:,} were "
        f"judged. That is some {more:,} more people in the past, of whom {share} % are held back."
    )


def beside(figures: Told) -> list[str]:
    """What the engine saves beyond the simple rules, a sentence each."""
    said = []
    for name, found in figures["more_than"].items():
        told = cell("saved", found)
        if told.span:
            said.append(f"{NAMES[name]}: {told.value} of today's seconds ({told.span})")
    return said


def policies(figures: Told) -> list[Row]:
    """A row per policy, a cell per column."""
    found = figures["policies"]
    rows = []
    for name, title in NAMES.items():
        mine = found[name]
        rows.append(Row(title, MEANINGS[name], tuple(cell(c, mine.get(c)) for c in COLUMNS)))
    return rows


def slices(figures: Told) -> list[Row]:
    """A row per slice of people; those of few people have no cells."""
    return [
        Row(
            ", ".join(f"{name} {value}" for name, value in row["slice"].items()),
            f"{row['people']:,}",
            tuple(cell(c, row["figures"][c]) for c in figures["in_slices"])
            if row["figures"]
            else (),
        )
        for row in figures["slices"]
    ]


def bars(figures: Told) -> tuple[list[Bar], float, float]:
    """The time saved by each policy, and where nothing and the least that counts are drawn."""
    found = {n: figures["policies"][n]["saved"] for n in NAMES if n != "today"}
    ends = [end for row in found.values() for end in row["interval"] or ()]
    low, high = min([*ends, 0.0]), max([*ends, 2 * figures["least"], NARROWEST])
    reach = high - low

    def at(value: float) -> float:
        return float(round(100 * (value - low) / reach, 2))

    drawn = []
    for name, row in found.items():
        if row["interval"]:
            left, right = (at(end) for end in row["interval"])
            told = cell("saved", row)
            drawn.append(Bar(NAMES[name], left, round(right - left, 2), at(row["estimate"]), told))
    return drawn, at(0.0), at(figures["least"])
