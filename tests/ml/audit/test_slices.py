"""People are assigned to slices, and fairlearn computes the slices' figures."""

import pandas as pd
import pytest

from ml.audit.slices import attach_attributes, groupings, slice_values
from ml.audit.sums import sums_of
from ml.data.errors import DataError
from ml.evaluation.metrics import METRICS

METRIC = METRICS[1]
USERS = pd.DataFrame(
    {
        "surface": ["p", "p", "p", "q"],
        "user": ["1", "2", "3", "1"],
        "explored": [1.0, 0.0, 2.0, 5.0],
        "visits": [2.0, 3.0, 4.0, 5.0],
    }
)
PEOPLE = pd.DataFrame({"user": ["1", "2"], "gender": ["F", "M"], "disability": ["N", None]})


def test_who_is_missing_or_gave_nothing_is_a_slice_of_their_own():
    joined = attach_attributes(USERS, PEOPLE, ["gender", "disability"])

    assert list(joined["gender"]) == ["F", "M", "unknown", "F"]
    assert list(joined["disability"]) == ["N", "unknown", "unknown", "N"]


def test_people_are_joined_on_the_surface_too_where_they_name_one():
    people = pd.DataFrame({"user": ["1", "1"], "surface": ["p", "q"], "gender": ["F", "M"]})

    assert list(attach_attributes(USERS, people, ["gender"])["gender"]) == [
        *("F", "unknown", "unknown", "M")
    ]


def test_slices_are_attributes_and_their_crossings_of_two_within_a_surface():
    joined = attach_attributes(USERS, PEOPLE, ["gender", "disability"])

    found = [(g.surface, s) for g in groupings(joined, ["gender", "disability"]) for s in g.slices]

    assert found == [
        ("p", {"gender": "F"}),
        ("p", {"gender": "M"}),
        ("p", {"gender": "unknown"}),
        ("p", {"disability": "N"}),
        ("p", {"disability": "unknown"}),
        ("p", {"gender": "F", "disability": "N"}),
        ("p", {"gender": "M", "disability": "N"}),
        ("p", {"gender": "M", "disability": "unknown"}),
        ("p", {"gender": "unknown", "disability": "unknown"}),
        ("q", {"gender": "F"}),
        ("q", {"disability": "N"}),
        ("q", {"gender": "F", "disability": "N"}),
    ]


def test_a_slice_is_summed_before_it_is_divided():
    joined = attach_attributes(USERS, PEOPLE, ["disability"])
    by_disability = next(groupings(joined, ["disability"]))

    above, below = (by_disability.rows[[c]].to_numpy() for c in ("explored", "visits"))
    sums = sums_of(above, below, below, by_disability.cells, len(by_disability.slices))

    values = slice_values(sums, [METRIC])["exploration_share"]

    assert list(values) == [1 / 2, (0 + 2) / (3 + 4)]


@pytest.mark.parametrize(
    ("people", "by", "rule"),
    [
        (PEOPLE, ["age"], "they have disability, gender"),
        (PEOPLE, [], "at least one"),
        (PEOPLE.assign(user="1"), ["gender"], "one set of attributes per user"),
    ],
)
def test_what_cannot_be_sliced_is_refused(people, by, rule):
    with pytest.raises(DataError, match=rule):
        attach_attributes(USERS, people, by)
