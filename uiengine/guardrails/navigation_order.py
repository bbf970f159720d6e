"""Blocks marked `navigation` keep the order that all surfaces share (WCAG 2.2, 3.2.3)."""

from collections.abc import Iterator

from uiengine.guardrails.case import Case
from uiengine.page.consistency import out_of_order

SENTENCE = "Blocks marked `navigation` keep their order on all surfaces, unless the user moves one."


def broken(case: Case) -> Iterator[str]:
    for at, placed in case.grids():
        shown = [p.id for p in placed]
        for one, other in out_of_order(case.surface, "navigation", shown, case.feedback.pins):
            yield f"{at.name}: {one} before {other}"
