"""What a grid library does with boxes, by brute force and without the code under test."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Box = tuple[float, float, float, float]
"""x, y, width, height."""


def overlap(one: Box, other: Box) -> bool:
    (x, y, w, h), (u, v, s, t) = one, other
    return x < u + s and u < x + w and y < v + t and v < y + h


def overlaps(boxes: Sequence[Box]) -> list[tuple[Box, Box]]:
    return [(a, b) for i, a in enumerate(boxes) for b in boxes[:i] if overlap(a, b)]


def pulled_up(boxes: Iterable[Box]) -> list[Box]:
    """Vertical compaction as react-grid-layout, gridstack and Kibana have it: in reading order,
    each box goes up row by row until it touches one before it."""
    placed: list[Box] = []
    for x, y, w, h in sorted(boxes, key=lambda box: (box[1], box[0])):
        while y > 0 and not any(overlap((x, y - 1, w, h), other) for other in placed):
            y -= 1
        placed.append((x, y, w, h))
    return placed
