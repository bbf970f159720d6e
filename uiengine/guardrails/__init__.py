"""Guardrails: rules that every layout must keep, one per file, with the sentence that states it.

`check` and `explain` use the rule objects that the tests apply to every layout.
"""

from __future__ import annotations

from dataclasses import dataclass

from uiengine.guardrails import (
    compact,
    frozen_unchanged,
    group_order,
    help_order,
    inside_grid,
    move_budget,
    navigation_order,
    no_overlap,
    pinned_stay,
    reading_order,
    required_present,
    size_limits,
    touch_targets,
    undone_moves,
    user_pins,
    user_sizes,
)
from uiengine.guardrails.case import Case

RULES = (
    no_overlap,
    inside_grid,
    compact,
    reading_order,
    pinned_stay,
    user_pins,
    required_present,
    size_limits,
    touch_targets,
    group_order,
    move_budget,
    undone_moves,
    frozen_unchanged,
    navigation_order,
    help_order,
    user_sizes,
)


@dataclass(frozen=True, slots=True)
class Violation:
    """A broken rule: its file name, the sentence it states, and where it broke."""

    rule: str
    sentence: str
    where: str


def check(case: Case) -> tuple[Violation, ...]:
    """All violations of all rules, in the order of RULES."""
    return tuple(
        Violation(rule.__name__.rsplit(".", 1)[-1], rule.SENTENCE, where)
        for rule in RULES
        for where in rule.broken(case)
    )


__all__ = ["RULES", "Case", "Violation", "check"]
