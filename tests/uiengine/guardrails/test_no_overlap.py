from tests.uiengine.guardrails.facts import broken, case
from uiengine.guardrails import no_overlap


def test_accepts_blocks_that_touch():
    assert broken(no_overlap, case(("a", 0, 0, 6, 2), ("b", 6, 0, 6, 2))) == []


def test_rejects_blocks_that_share_a_cell():
    assert broken(no_overlap, case(("a", 0, 0, 6, 2), ("b", 5, 1, 6, 2))) == ["wide: a and b"]
