from tests.uiengine.guardrails.facts import broken, case, page
from uiengine.guardrails import group_order

PAGE = page({"id": "a", "group": "top"}, {"id": "b"}, groups=["top"])


def test_accepts_the_group_above_the_rest():
    assert broken(group_order, case(("a", 0, 0, 6, 2), ("b", 6, 0, 6, 2), surface=PAGE)) == []


def test_rejects_a_loose_block_above_a_group():
    subject = case(("b", 0, 0, 6, 2), ("a", 6, 0, 6, 2), surface=PAGE)
    assert broken(group_order, subject) == ["wide: b before a"]
