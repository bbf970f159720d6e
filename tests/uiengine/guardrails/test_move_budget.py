from tests.uiengine.guardrails.facts import broken, case, page
from uiengine.guardrails import move_budget

ONE = page({"id": "a"}, {"id": "b"}, guardrails={"move_budget": 1})
SWAPPED = ("b", 0, 0, 6, 2), ("a", 6, 0, 6, 2)


def test_counts_the_pushed_block_too():
    found = broken(move_budget, case(*SWAPPED, surface=ONE, before=("a", "b")))
    assert found == ["2 blocks moved, 1 may: b, a"]


def test_accepts_what_stays():
    assert broken(move_budget, case(*SWAPPED, surface=ONE, before=("b", "a"))) == []


def test_a_first_visit_has_nothing_to_move():
    assert broken(move_budget, case(*SWAPPED, surface=ONE, before=())) == []


def test_the_users_own_hand_has_no_budget():
    subject = case(*SWAPPED, surface=ONE, before=("a", "b"), by_user=True)
    assert broken(move_budget, subject) == []


def test_counts_a_block_of_another_size_and_once_what_also_moved():
    one = page({"id": "a"}, {"id": "b"}, guardrails={"move_budget": 1, "sizes": True})
    stays = ("a", 0, 0, 12, 4), ("b", 0, 4, 6, 2)
    before = {"before": ("a", "b"), "sizes_before": {"b": 0}}
    both = case(*stays, surface=one, sizes={"a": 2}, **before)
    assert broken(move_budget, both) == ["2 blocks moved, 1 may: a, b"]
    assert broken(move_budget, case(*stays, surface=one, sizes={"a": 2, "b": 0}, **before)) == []
    swapped = case(*SWAPPED, surface=one, sizes={"a": 2}, **before)
    assert broken(move_budget, swapped) == ["2 blocks moved, 1 may: b, a"]
