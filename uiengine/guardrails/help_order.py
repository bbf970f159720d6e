"""Blocks marked `help` keep the order that all surfaces share (WCAG 2.2, 3.2.6)."""

from collections.abc import Iterator

from uiengine.guardrails.case import Case
from uiengine.page.consistency import out_of_order

SENTENCE = "Blocks marked `help` keep their order on all surfaces, unless the user moves one."


def broken(case: Case) -> Iterator[str]:
    for at, placed in case.grids():
        shown = [p.id for p in placed]
        for one, other in out_of_order(case.surface, "help", shown, case.feedback.pins):
            yield f"{at.name}: {one} before {other}"
