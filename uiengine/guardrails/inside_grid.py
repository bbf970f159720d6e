"""Every block lies inside the grid."""

from collections.abc import Iterator

from uiengine.guardrails.case import Case

SENTENCE = "Every block lies inside the grid."


def broken(case: Case) -> Iterator[str]:
    for at, placed in case.grids():
        for p in placed:
            if p.x < 0 or p.y < 0 or p.w < 1 or p.h < 1 or p.x + p.w > at.columns:
                yield f"{at.name}: {p.id}"
