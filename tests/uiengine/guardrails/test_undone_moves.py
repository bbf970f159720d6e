from tests.uiengine.guardrails.facts import broken, case, page
from uiengine.behaviour.profile import Feedback, Undone
from uiengine.guardrails import undone_moves

SWAPPED = ("b", 0, 0, 6, 2), ("a", 6, 0, 6, 2)
UNDONE = Feedback(undone=(Undone("b", 0, until_day=28),))


def test_rejects_the_move_that_was_undone():
    subject = case(*SWAPPED, before=("a", "b"), feedback=UNDONE, day=27)
    assert broken(undone_moves, subject) == ["b to rank 0"]


def test_accepts_it_again_after_28_days():
    assert broken(undone_moves, case(*SWAPPED, before=("a", "b"), feedback=UNDONE, day=28)) == []


def test_accepts_a_block_that_stood_there_all_along():
    assert broken(undone_moves, case(*SWAPPED, before=("b", "a"), feedback=UNDONE, day=1)) == []


def test_rejects_a_new_size_that_was_taken_back_until_its_day():
    fields = {"surface": page(guardrails={"sizes": True}), "before": ("a", "b"), "day": 1}
    boxes = ("a", 0, 0, 12, 4), ("b", 0, 4, 6, 2)
    taken_back = Feedback(kept_sizes={"a": 28})
    subject = case(*boxes, sizes={"a": 2}, feedback=taken_back, **fields)
    assert broken(undone_moves, subject) == ["a to another size"]
    assert broken(undone_moves, case(*boxes, feedback=taken_back, **fields)) == []
    later = case(*boxes, sizes={"a": 2}, feedback=taken_back, **{**fields, "day": 28})
    assert broken(undone_moves, later) == []
