"""No two blocks overlap."""

from collections.abc import Iterator
from itertools import combinations

from uiengine.guardrails.case import Case

SENTENCE = "No two blocks overlap."


def broken(case: Case) -> Iterator[str]:
    for at, placed in case.grids():
        for one, other in combinations(placed, 2):
            if one.overlaps(other):
                yield f"{at.name}: {one.id} and {other.id}"
