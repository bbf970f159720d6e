import pytest

from tests.uiengine.guardrails.facts import broken, case
from uiengine.guardrails import size_limits


@pytest.mark.parametrize("size", [(3, 1), (6, 2), (12, 4)])
def test_accepts_sizes_within_the_limits(size):
    assert broken(size_limits, case(("a", 0, 0, *size))) == []


@pytest.mark.parametrize("size", [(2, 1), (12, 5)])
def test_rejects_sizes_outside(size):
    assert broken(size_limits, case(("a", 0, 0, *size))) == ["wide: a"]
