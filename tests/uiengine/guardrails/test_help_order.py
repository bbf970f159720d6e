from tests.uiengine.guardrails.facts import broken, case, page
from uiengine.behaviour.profile import Feedback, Pin
from uiengine.guardrails import help_order

HELP = {"help": True}
PAGE = page({"id": "a", **HELP}, {"id": "b", "navigation": True}, {"id": "c", **HELP})


def boxes(*ids: str):
    return [(block_id, 0, 2 * i, 6, 2) for i, block_id in enumerate(ids)]


def test_accepts_the_declared_order():
    assert broken(help_order, case(*boxes("a", "c", "b"), surface=PAGE)) == []


def test_rejects_one_before_another_that_is_declared_first():
    subject = case(*boxes("b", "c", "a"), surface=PAGE)
    assert broken(help_order, subject) == ["wide: c before a"]


def test_leaves_a_block_to_the_user_who_pinned_it():
    wish = Feedback(pins={"a": Pin(2)})
    assert broken(help_order, case(*boxes("b", "c", "a"), surface=PAGE, feedback=wish)) == []
