from tests.uiengine.guardrails.facts import broken, case, page
from uiengine.guardrails import touch_targets

SMALL = {"*": {"default": [1, 1], "min": [1, 1]}}


def test_accepts_a_block_of_100_by_50_px():
    assert broken(touch_targets, case(("a", 0, 0, 1, 1))) == []


def test_rejects_a_row_of_20_px():
    low = page({"id": "a", "sizes": SMALL}, row_height=20)
    assert broken(touch_targets, case(("a", 0, 0, 1, 1), surface=low)) == ["wide: a"]
    assert broken(touch_targets, case(("a", 0, 0, 1, 2), surface=low)) == []
