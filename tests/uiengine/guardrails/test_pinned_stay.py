from tests.uiengine.guardrails.facts import broken, case, page
from uiengine.guardrails import pinned_stay

PAGE = page({"id": "a", "pinned": {"wide": [0, 0]}}, {"id": "b"})


def test_accepts_the_block_in_its_cell():
    assert broken(pinned_stay, case(("a", 0, 0, 6, 2), ("b", 6, 0, 6, 2), surface=PAGE)) == []


def test_rejects_the_block_elsewhere_or_gone():
    moved = case(("b", 0, 0, 6, 2), ("a", 6, 0, 6, 2), surface=PAGE)
    gone = case(("b", 0, 0, 6, 2), surface=PAGE)
    assert broken(pinned_stay, moved) == broken(pinned_stay, gone) == ["wide: a"]
