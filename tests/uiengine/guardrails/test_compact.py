from tests.uiengine.guardrails.facts import broken, case, page
from uiengine.behaviour.profile import Feedback, Pin
from uiengine.guardrails import compact


def test_accepts_a_block_that_rests_under_another():
    assert broken(compact, case(("a", 0, 0, 6, 2), ("b", 5, 2, 6, 2))) == []


def test_rejects_a_block_that_could_move_up():
    assert broken(compact, case(("a", 0, 0, 6, 2), ("b", 6, 2, 6, 2))) == ["wide: b"]


def test_exempts_blocks_with_a_fixed_cell():
    pinned = page({"id": "a"}, {"id": "b", "pinned": {"wide": [6, 2]}})
    by_user = Feedback(pins={"b": Pin(1, "wide", 6, 2)})
    boxes = ("a", 0, 0, 6, 2), ("b", 6, 2, 6, 2)
    assert broken(compact, case(*boxes, surface=pinned)) == []
    assert broken(compact, case(*boxes, feedback=by_user)) == []
