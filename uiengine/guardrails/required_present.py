"""Required blocks are present; so is, in this engine, every other block of the surface."""

from collections.abc import Iterator

from uiengine.guardrails.case import Case

SENTENCE = "Every required block is present, once."


def broken(case: Case) -> Iterator[str]:
    for at, placed in case.grids():
        ids = [p.id for p in placed]
        for block in case.surface.blocks:
            if ids.count(block.id) > 1 or (block.required and block.id not in ids):
                yield f"{at.name}: {block.id}"
