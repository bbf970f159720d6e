from tests.uiengine.guardrails.facts import broken, case, page
from uiengine.guardrails import required_present

PAGE = page({"id": "a", "required": True}, {"id": "b"})


def test_accepts_a_page_without_an_optional_block():
    assert broken(required_present, case(("a", 0, 0, 6, 2), surface=PAGE)) == []


def test_rejects_a_page_without_a_required_block():
    assert broken(required_present, case(("b", 0, 0, 6, 2), surface=PAGE)) == ["wide: a"]


def test_rejects_a_block_twice():
    twice = case(("a", 0, 0, 6, 2), ("a", 6, 0, 6, 2), surface=PAGE)
    assert broken(required_present, twice) == ["wide: a"]
