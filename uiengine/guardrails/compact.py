"""The layout is a fixed point of vertical compaction.

Grid libraries pull blocks up until they touch something, which would change any other layout.
Blocks with a fixed cell are exempt.
"""

from collections.abc import Iterator

from uiengine.guardrails.case import Case
from uiengine.page.layout import Placement

SENTENCE = "No free block could move up without touching another."


def broken(case: Case) -> Iterator[str]:
    for at, placed in case.grids():
        for p in placed:
            if p.y > 0 and case.is_free(at, p.id) and not _is_supported(p, placed):
                yield f"{at.name}: {p.id}"


def _is_supported(block: Placement, placed: tuple[Placement, ...]) -> bool:
    above = Placement(block.id, block.x, block.y - 1, block.w, 1)
    return any(other.id != block.id and other.overlaps(above) for other in placed)
