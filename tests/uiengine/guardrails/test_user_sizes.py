from dataclasses import replace

from tests.uiengine.guardrails.facts import broken, case, page
from uiengine.behaviour.profile import Feedback
from uiengine.guardrails import user_sizes

B_LARGE = Feedback(own_sizes={"b": {"wide": (6, 3)}})
SIZES_CHANGE = page(guardrails={"sizes": True})
LARGE = ("a", 0, 0, 6, 2), ("b", 6, 0, 6, 3)


def test_accepts_the_size_that_the_user_gave():
    assert broken(user_sizes, case(*LARGE, surface=SIZES_CHANGE, feedback=B_LARGE)) == []


def test_rejects_another_size_and_says_where():
    small = ("a", 0, 0, 6, 2), ("b", 6, 0, 6, 2)
    assert broken(user_sizes, case(*small, surface=SIZES_CHANGE, feedback=B_LARGE)) == ["wide: b"]


def test_a_size_past_the_limits_means_the_limit():
    huge = Feedback(own_sizes={"b": {"wide": (99, 99)}})
    boxes = ("a", 0, 0, 6, 2), ("b", 0, 2, 12, 4)
    assert broken(user_sizes, case(*boxes, surface=SIZES_CHANGE, feedback=huge)) == []


def test_a_size_given_at_another_breakpoint_says_nothing_here():
    small = ("a", 0, 0, 6, 2), ("b", 6, 0, 6, 2)
    elsewhere = replace(B_LARGE, own_sizes={"b": {"phone": (6, 3)}})
    assert broken(user_sizes, case(*small, surface=SIZES_CHANGE, feedback=elsewhere)) == []


def test_where_sizes_do_not_change_nothing_is_asked():
    small = ("a", 0, 0, 6, 2), ("b", 6, 0, 6, 2)
    assert broken(user_sizes, case(*small, surface=page(), feedback=B_LARGE)) == []
