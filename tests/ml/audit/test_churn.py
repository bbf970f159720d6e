"""Version churn by slice: means by hand, small groups listed without figures or judgement."""

from __future__ import annotations

import pytest

from ml.audit.churn import churn_summary
from ml.evaluation.churn import PersonChurn

ALIKE = frozenset({1})


def person(moved: int, first: tuple[int, ...] = (1, 1)) -> PersonChurn:
    return PersonChurn(moved, 0, moved // 2, first)


def people(**counts: int) -> list[dict[str, str]]:
    """People named by number, with the group that the argument's name says."""
    groups = [name for name, count in counts.items() for _ in range(count)]
    return [{"user": str(n), "surface": "s", "group": group} for n, group in enumerate(groups)]


def test_means_are_blocks_a_person_of_all_and_by_slice():
    """120 people in A of whom 30 have 2 blocks moved; 80 in B of whom none: 60/200 and 60/120."""
    each = {str(n): person(2 if n < 30 else 0) for n in range(200)}

    found = churn_summary("s", each, people(A=120, B=80), ["group"], ALIKE)

    assert (found["people"], found["moved"], found["resized"]) == (200, 0.3, 0.15)
    assert found["people_moved"] == 0.15
    assert found["slices"] == [
        {
            **{"slice": {"group": "A"}, "users": 120, "moved": 0.5, "elsewhere": 0.0},
            **{"resized": 0.25, "is_judged": True},
        },
        {
            **{"slice": {"group": "B"}, "users": 80, "moved": 0.0, "elsewhere": 0.0},
            **{"resized": 0.0, "is_judged": False},
        },
    ]


def test_figures_of_fewer_than_ten_people_are_not_told_nor_what_they_follow_from():
    """Of the 191 others alone, the nine people's mean would follow from everybody's."""
    each = {str(n): person(n % 2) for n in range(200)}

    rows = churn_summary("s", each, people(A=191, B=9), ["group"], ALIKE)["slices"]

    assert [(r["users"], r["moved"], r["is_judged"]) for r in rows] == [
        (191, None, False),
        (9, None, False),
    ]


def test_crossings_of_two_attributes_are_slices_too():
    known = [{**p, "sex": "x" if int(p["user"]) % 2 else "y"} for p in people(A=60, B=60)]
    each = {str(n): person(int(n % 2 and n < 60)) for n in range(120)}

    rows = churn_summary("s", each, known, ["group", "sex"], ALIKE)["slices"]

    by_slice = {tuple(r["slice"].values()): r["moved"] for r in rows}
    assert by_slice[("A", "x")] == 1.0 and by_slice[("A",)] == 0.5 and by_slice[("B", "x")] == 0.0


@pytest.mark.parametrize(
    ("strangers", "kept", "alike"),
    [(0, 0.8, 1.0), (10, 0.8, 0.95), (40, None, 0.8)],
)
def test_the_first_token_is_compared_only_where_numbers_mean_the_same(strangers, kept, alike):
    """200 people, of whom 160 keep token 1 or 5; code 5 is another one in the candidate."""
    firsts = [(5, 5) if n < strangers else (1, 1) if n < 160 else (1, 2) for n in range(200)]
    each = {str(n): person(0, first) for n, first in enumerate(firsts)}

    found = churn_summary("s", each, [], [], ALIKE)

    assert found["first_token"] == {"people": 200, "numbers_alike": alike, "kept": kept}
    assert found["slices"] == []


def test_nobody_gives_no_figure():
    found = churn_summary("s", {}, [], ["group"], ALIKE)

    assert (found["people"], found["moved"], found["slices"]) == (0, None, [])
