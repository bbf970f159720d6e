import pytest

from tests.uiengine.guardrails.facts import broken, case, page
from uiengine.behaviour.profile import Feedback
from uiengine.guardrails import frozen_unchanged

SWAPPED = ("b", 0, 0, 6, 2), ("a", 6, 0, 6, 2)


@pytest.mark.parametrize("feedback", [Feedback(frozen=True), Feedback(opted_out=True)])
def test_rejects_any_move(feedback):
    assert broken(frozen_unchanged, case(*SWAPPED, before=("a", "b"), feedback=feedback)) == [
        "b, a"
    ]
    assert broken(frozen_unchanged, case(*SWAPPED, before=("b", "a"), feedback=feedback)) == []


def test_accepts_moves_of_others():
    assert broken(frozen_unchanged, case(*SWAPPED, before=("a", "b"))) == []


def test_rejects_another_size():
    surface = page(guardrails={"sizes": True})
    stays, frozen = (("a", 0, 0, 12, 4), ("b", 0, 4, 6, 2)), Feedback(frozen=True)
    fields = {"surface": surface, "before": ("a", "b"), "feedback": frozen}
    assert broken(frozen_unchanged, case(*stays, sizes={"a": 2}, **fields)) == ["a"]
    kept = case(*stays, sizes={"a": 2}, sizes_before={"a": 2}, **fields)
    assert broken(frozen_unchanged, kept) == []
