from tests.uiengine.guardrails.facts import broken, case
from uiengine.behaviour.profile import Feedback, Pin
from uiengine.guardrails import user_pins

B_FIRST = Feedback(pins={"b": Pin(0)})
A, B = ("a", 6, 0, 6, 2), ("b", 0, 0, 6, 2)


def test_accepts_the_pinned_rank():
    assert broken(user_pins, case(B, A, feedback=B_FIRST)) == []


def test_rejects_another_rank():
    boxes = ("a", 0, 0, 6, 2), ("b", 6, 0, 6, 2)
    assert broken(user_pins, case(*boxes, feedback=B_FIRST)) == ["b"]


def test_a_rank_past_the_end_means_the_last():
    assert broken(user_pins, case(B, A, feedback=Feedback(pins={"a": Pin(9)}))) == []
