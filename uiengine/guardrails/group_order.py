"""Groups keep their order from the top; blocks without a group come last."""

from collections.abc import Iterator
from itertools import pairwise

from uiengine.guardrails.case import Case

SENTENCE = "Groups keep their order from the top; blocks without a group come last."


def broken(case: Case) -> Iterator[str]:
    surface = case.surface
    for at, placed in case.grids():
        free = [p.id for p in placed if case.is_free(at, p.id)]
        for one, other in pairwise(free):
            if surface.group_ranks[surface.index[one]] > surface.group_ranks[surface.index[other]]:
                yield f"{at.name}: {one} before {other}"
