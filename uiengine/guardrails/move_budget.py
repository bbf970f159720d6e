"""At most `move_budget` blocks move or get another size per visit, pushed ones included."""

from collections.abc import Iterator

from uiengine.guardrails.case import Case
from uiengine.page.layout import moved_blocks

SENTENCE = "At most `move_budget` blocks move or get another size from one visit to the next."


def broken(case: Case) -> Iterator[str]:
    moved = dict.fromkeys([*moved_blocks(case.before, case.layout.order), *case.resized()])
    budget = case.surface.guardrails.move_budget
    if len(moved) > budget and not case.by_user:
        yield f"{len(moved)} blocks moved, {budget} may: {', '.join(moved)}"
