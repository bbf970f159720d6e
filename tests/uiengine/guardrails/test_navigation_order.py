from tests.uiengine.guardrails.facts import broken, case, page
from uiengine.behaviour.profile import Feedback, Pin
from uiengine.guardrails import navigation_order

MENU = {"navigation": True}
PAGE = page({"id": "a", **MENU}, {"id": "b"}, {"id": "c", **MENU})


def boxes(*ids: str):
    return [(block_id, 0, 2 * i, 6, 2) for i, block_id in enumerate(ids)]


def test_accepts_others_anywhere_between_them():
    assert broken(navigation_order, case(*boxes("b", "a", "c"), surface=PAGE)) == []


def test_rejects_one_before_another_that_is_declared_first():
    subject = case(*boxes("c", "b", "a"), surface=PAGE)
    assert broken(navigation_order, subject) == ["wide: c before a"]


def test_leaves_a_block_to_the_user_who_pinned_it():
    wish = Feedback(pins={"c": Pin(0)})
    assert broken(navigation_order, case(*boxes("c", "b", "a"), surface=PAGE, feedback=wish)) == []


def test_is_not_about_help():
    other = page({"id": "a", "help": True}, {"id": "c", "help": True})
    assert broken(navigation_order, case(*boxes("c", "a"), surface=other)) == []
