"""A student is worked out for a day as it is written down, and refused where it is damaged."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.uiengine.book.test_selection import page
from uiengine.features import POPULARITY
from uiengine.model.student import PERSON, Student, from_json, to_json
from uiengine.page.surface import Surface

UNITS = 5


def made_up(surface: Surface, hidden: int = 3) -> Student:
    """A student of random weights."""
    drawn = np.random.default_rng(5)
    blocks = tuple(surface.index)
    return Student(
        blocks,
        own=drawn.normal(size=(len(blocks), UNITS)),
        day=drawn.normal(size=(UNITS, 2 * POPULARITY + 1)),
        added=drawn.normal(size=(2 * hidden + 2, UNITS)),
        first=drawn.normal(size=(hidden, PERSON)),
        second=drawn.normal(size=(hidden, hidden)),
        out=drawn.normal(size=(2, hidden)),
    )


def _by_hand(student: Student, own: list[float], popularity, block: int, x) -> list[float]:
    """Logits of one block, with a loop per sum."""

    def layer(rows, values, added):
        pairs = zip(rows, added, strict=True)
        return [sum(w * v for w, v in zip(r, values, strict=True)) + a for r, a in pairs]

    def bent(values):
        return [max(v, 0.0) for v in values]

    shared = [sum(column) / len(popularity) for column in zip(*popularity, strict=True)]
    seen = [*popularity[block], *shared, 2.5]
    units = bent(layer(student.day, seen, own))
    added = layer(student.added, units, [0.0] * len(student.added))
    hidden = bent(layer(student.first, x, added[:3]))
    hidden = bent(layer(student.second, hidden, added[3:6]))
    return layer(student.out, hidden, added[6:])


def test_the_net_of_a_day_gives_the_logits_of_the_formula():
    surface, drawn = page(4, 3), np.random.default_rng(6)
    student = made_up(surface)
    popularity, x = drawn.normal(size=(4, POPULARITY)), drawn.normal(size=(4, PERSON))

    found = student.of_day(tuple(surface.index), popularity, 2.5).logits(x)

    rows = [
        _by_hand(student, student.own[i].tolist(), popularity.tolist(), i, x[i].tolist())
        for i in range(4)
    ]
    np.testing.assert_allclose(found, rows, rtol=0.01, atol=0.05)  # published with 3 decimals


def test_an_added_block_is_read_as_the_mean_of_those_learned_from():
    student, drawn = made_up(page(3, 3)), np.random.default_rng(7)
    popularity, x = drawn.normal(size=(4, POPULARITY)), drawn.normal(size=(4, PERSON))

    found = student.of_day(("c", "new", "a", "b"), popularity, 2.5).logits(x)

    mean = [sum(column) / 3 for column in student.own.T.tolist()]
    expected = _by_hand(student, mean, popularity.tolist(), 1, x[1].tolist())
    np.testing.assert_allclose(found[1], expected, rtol=0.01, atol=0.05)


def test_a_student_is_read_back_as_it_was_written():
    student = made_up(page(3, 3))
    read = from_json(to_json({"home": student}))["home"]
    assert read.blocks == student.blocks
    np.testing.assert_allclose(read.own, student.own, atol=1e-5)
    np.testing.assert_allclose(read.out, student.out, atol=1e-5)
    assert to_json({"home": read}) == to_json({"home": student})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("second", [[1.0]]),
        ("own", [[1.0] * UNITS]),
        ("out", [1.0]),
        ("day", [[float("nan")]]),
        ("day", [[1.0] * 7] * UNITS),  # of a build with other features
        ("first", [[1.0] * (PERSON + 1)] * 2),
    ],
)
def test_a_damaged_student_is_refused_by_name(name, value):
    kept = json.loads(to_json({"home": made_up(page(3, 3))}))
    kept["home"][name] = value
    with pytest.raises(ValueError, match="the student of home"):
        from_json(json.dumps(kept).encode())


def test_students_that_are_no_object_are_refused():
    with pytest.raises(ValueError, match="an object of pages"):
        from_json(b"[]")
