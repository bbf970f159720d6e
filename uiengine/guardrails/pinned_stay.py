"""Blocks that the team pinned stay in their cells."""

from collections.abc import Iterator

from uiengine.guardrails.case import Case

SENTENCE = "Blocks that the team pinned stay in their cells."


def broken(case: Case) -> Iterator[str]:
    for at, placed in case.grids():
        cells = {p.id: (p.x, p.y) for p in placed}
        for block in case.surface.blocks:
            if block.is_pinned:
                cell = block.pinned[at.name]
                if cells.get(block.id) != (cell.x, cell.y):
                    yield f"{at.name}: {block.id}"
