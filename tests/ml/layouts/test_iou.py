"""The score equals brute force over all matchings, and values computed by hand."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.layouts.iou import matched_iou, matched_ious, pairwise_iou
from tests.ml.layouts.overlaps import any_overlap

box = st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(1, 6), st.integers(1, 6))


def iou_by_cells(a, b):
    """Computes IoU by counting unit cells."""
    cells = [
        {(x, y) for x in range(i[0], i[0] + i[2]) for y in range(i[1], i[1] + i[3])} for i in (a, b)
    ]
    return len(cells[0] & cells[1]) / len(cells[0] | cells[1])


@given(box, box)
def test_pairwise_iou_counts_cells(a, b):
    assert pairwise_iou(np.array([a]), np.array([b]))[0, 0] == pytest.approx(iou_by_cells(a, b))


def test_half_covered_by_hand():
    actual = np.array([[0, 0, 2, 2], [0, 2, 2, 2]])
    predicted = np.array([[0, 0, 1, 2], [0, 2, 2, 2]])

    assert matched_iou(["a", "b"], predicted, actual) == pytest.approx(0.75)


@given(st.data(), st.integers(1, 5))
def test_equals_the_best_of_all_matchings(data, count):
    kinds = data.draw(st.lists(st.sampled_from("ab"), min_size=count, max_size=count))
    first, second = (
        np.array(data.draw(st.lists(box, min_size=count, max_size=count)), dtype=float)
        for _ in range(2)
    )
    for boxes in (first, second):
        boxes[:, 1] -= boxes[:, 1].min()
        boxes[:, 1::2] /= (boxes[:, 1] + boxes[:, 3]).max()
    table = pairwise_iou(first, second)

    best = max(
        np.mean([table[i, j] for i, j in enumerate(order)])
        for order in permutations(range(count))
        if all(kinds[i] == kinds[j] for i, j in enumerate(order))
    )

    assert matched_iou(kinds, first, second) == pytest.approx(best)


def test_a_common_factor_of_heights_and_the_offset_do_not_count():
    boxes = np.array([[0, 0, 6, 2], [6, 0, 6, 2], [0, 2, 12, 5]])
    other = boxes * [1, 3.5, 1, 3.5] + [0, 7, 0, 0]

    assert matched_iou(["a", "a", "b"], other, boxes) == pytest.approx(1)


def test_kinds_are_never_matched_across():
    boxes = np.array([[0, 0, 1, 1], [1, 0, 1, 1]])

    assert matched_iou(["a", "a"], boxes, boxes[::-1]) == 1
    assert matched_iou(["a", "b"], boxes, boxes[::-1]) == 0


def test_many_predictions_are_scored_as_each_by_itself(monkeypatch):
    monkeypatch.setattr("ml.layouts.iou.AT_ONCE", 8)  # a part holds two of the five
    draw = np.random.default_rng(0)
    actual, many = draw.integers(1, 9, size=(3, 4)), draw.integers(1, 9, size=(5, 3, 4))

    scores = matched_ious(["a", "a", "b"], many, actual)

    assert scores.tolist() == [matched_iou(["a", "a", "b"], one, actual) for one in many]


def test_any_overlap():
    assert not any_overlap(np.array([[0, 0, 1, 1], [1, 0, 1, 1]]))
    assert any_overlap(np.array([[0, 0, 2, 1], [1, 0, 1, 1]]))
