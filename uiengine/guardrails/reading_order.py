"""Placements are listed by y, then x, and free blocks have one order at all breakpoints."""

from collections.abc import Iterator

from uiengine.guardrails.case import Case

SENTENCE = "Blocks are listed in reading order, which is the same at every breakpoint."


def broken(case: Case) -> Iterator[str]:
    for at, placed in case.grids():
        corners = [(p.y, p.x) for p in placed]
        free = [p.id for p in placed if case.is_free(at, p.id)]
        if corners != sorted(corners):
            yield f"{at.name}: not sorted"
        elif free != [b for b in case.layout.order if b in set(free)]:
            yield f"{at.name}: not the common order"
