"""Every block is at least a touch target: 24 × 24 CSS px by default (WCAG 2.2, 2.5.8)."""

from collections.abc import Iterator

from uiengine.guardrails.case import Case

SENTENCE = "Every block is at least a touch target in both directions."


def broken(case: Case) -> Iterator[str]:
    for at, placed in case.grids():
        least = case.surface.smallest_target(at)
        for p in placed:
            if p.w < min(least.w, at.columns) or p.h < least.h:
                yield f"{at.name}: {p.id}"
