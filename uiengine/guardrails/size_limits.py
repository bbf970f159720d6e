"""Every block keeps within its size limits."""

from collections.abc import Iterator

from uiengine.guardrails.case import Case

SENTENCE = "Every block keeps within its size limits."


def broken(case: Case) -> Iterator[str]:
    for at, placed in case.grids():
        least = case.surface.smallest_target(at)
        for p in placed:
            limits = case.surface.block(p.id).sizes[at.name]
            # A touch target may require more than the team's minimum, never more than its maximum.
            if not limits.allows(max(p.w, least.w), max(p.h, least.h)):
                yield f"{at.name}: {p.id}"
