from tests.uiengine.guardrails.facts import broken, case
from uiengine.guardrails import reading_order


def test_accepts_rows_read_from_the_left():
    assert broken(reading_order, case(("a", 0, 0, 6, 2), ("b", 6, 0, 6, 2))) == []


def test_rejects_an_array_that_is_not_sorted():
    found = broken(reading_order, case(("b", 6, 0, 6, 2), ("a", 0, 0, 6, 2)))
    assert found == ["wide: not sorted"]


def test_rejects_a_grid_that_reads_other_than_the_order():
    subject = case(("a", 0, 0, 6, 2), ("b", 6, 0, 6, 2), order=("b", "a"))
    assert broken(reading_order, subject) == ["wide: not the common order"]
