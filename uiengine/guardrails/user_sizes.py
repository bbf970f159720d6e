"""A block that the user resized keeps that size where they did it, as far as its limits allow."""

from collections.abc import Iterator

from uiengine.guardrails.case import Case
from uiengine.page.size_classes import own_sizes

SENTENCE = "A block that the user resized keeps its size at that width of the page."


def broken(case: Case) -> Iterator[str]:
    if not case.surface.guardrails.sizes:
        return
    own = own_sizes(case.surface, case.feedback.own_sizes)
    for at, placed in case.grids():
        for p in placed:
            size = own.get(at.name, {}).get(p.id)
            if size and (p.w, p.h) != (size.w, size.h) and not case.surface.block(p.id).is_pinned:
                yield f"{at.name}: {p.id}"
