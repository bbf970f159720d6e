import pytest

from tests.uiengine.guardrails.facts import broken, case
from uiengine.guardrails import inside_grid


def test_accepts_a_block_that_fills_the_grid():
    assert broken(inside_grid, case(("a", 0, 0, 12, 2))) == []


@pytest.mark.parametrize("box", [(7, 0, 6, 1), (-1, 0, 3, 1), (0, -1, 3, 1), (0, 0, 0, 1)])
def test_rejects_a_block_past_an_edge(box):
    assert broken(inside_grid, case(("a", *box))) == ["wide: a"]
