"""Cache keys that stand for one object."""

from __future__ import annotations

import gc

from hypothesis import given
from hypothesis import strategies as st

from uiengine.page.surface import GuardrailSettings, Same


def test_equal_objects_are_different_keys():
    one, other = GuardrailSettings(), GuardrailSettings()

    assert one == other
    assert Same(one) == Same(one) != Same(other)


@given(st.lists(st.integers(0, 200), max_size=30))
def test_an_entry_never_answers_for_an_object_at_a_reused_address(budgets):
    """Objects that die at once would get the same address again if their keys did not hold them."""
    known: dict[Same[GuardrailSettings], int] = {}
    for budget in budgets:
        settings = GuardrailSettings(move_budget=budget)
        assert Same(settings) not in known
        known[Same(settings)] = budget
        del settings
        gc.collect(0)

    assert [key.value.move_budget for key in known] == list(known.values()) == budgets
