"""A block that the user pinned keeps its rank, and its cell at the breakpoint of the pin.

If the page has changed since (fewer blocks, a group, a cell that the team took), the pin holds the
nearest place that the other rules allow; see `reading_order.apply_pins`.
"""

from collections.abc import Iterator

from uiengine.guardrails.case import Case
from uiengine.page.reading_order import apply_pins

SENTENCE = "A block that the user pinned keeps its rank."


def broken(case: Case) -> Iterator[str]:
    order = case.layout.order
    if case.feedback.pins and apply_pins(case.surface, order, case.feedback.pins) != order:
        yield ", ".join(sorted(case.feedback.pins))
