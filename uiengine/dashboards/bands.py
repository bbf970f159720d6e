"""Cuts a coordinate space into bands: what stands above what."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from uiengine.dashboards.page import Band, Head, Item


def reading(items: Iterable[Item]) -> tuple[Item, ...]:
    """Items by y, then x; equal corners stay in the document's order."""
    return tuple(sorted(items, key=lambda item: (item.box.y, item.box.x)))


def in_sequence(parts: Sequence[Item | Head]) -> tuple[Band, ...]:
    """Bands of parts that stand in reading order: a head begins a band."""
    bands: list[tuple[Head | None, list[Item]]] = [(None, [])]
    for part in parts:
        if isinstance(part, Head):
            bands.append((part, []))
        else:
            bands[-1][1].append(part)
    return tuple(Band(tuple(items), head) for head, items in bands if items or head)


def by_place(parts: Iterable[Item | Head]) -> list[Item | Head]:
    return sorted(parts, key=lambda part: (part.box.y, part.box.x))


def cut(
    parts: Iterable[Item | Head], columns: int, as_item: Callable[[Head], Item]
) -> tuple[Band, ...]:
    """Bands of parts in a grid. A head is as wide as the grid; one that is not is placed whole.

    as_item: makes an item of such a head.
    """
    told = [
        as_item(part) if isinstance(part, Head) and part.box.w < columns else part for part in parts
    ]
    return in_sequence(by_place(told))
