"""Slots do not depend on the order of items, and a reduced layout packs back into the original."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.layouts.augment import close_gaps, variant
from ml.layouts.iou import matched_iou
from ml.layouts.records import PLACE, place_features, targets, to_record
from tests.ml.layouts.overlaps import any_overlap
from uiengine.model.layout_codec import SizedOrder, place
from uiengine.model.layout_slots import HEIGHTS, SLOT, UNIT, slot_features, usual_height


def item(kind, x, y, w, h):
    return {"kind": kind, "x": x, "y": y, "w": w, "h": h}


ROWS = {
    "id": "r",
    "columns": 12,
    "items": [
        item("stat", 0, 0, 3, 4), item("stat", 3, 0, 3, 4), item("stat", 6, 0, 6, 4),
        item("chart", 0, 4, 12, 8), item("chart", 0, 12, 6, 8), item("table", 6, 12, 6, 8),
    ],
}  # fmt: skip


def sized_order(goal):
    return SizedOrder(-goal.rank.astype(float), goal.width, goal.height, goal.span)


def test_what_is_kept_packs_back_into_the_layout():
    record = to_record(ROWS)

    boxes = place(sized_order(targets(record)), record.columns)

    assert matched_iou(record.kinds, boxes, record.boxes) == pytest.approx(1)


def test_a_page_that_uses_half_its_grid_stays_there():
    half = {**ROWS, "columns": 24}
    record = to_record(half)
    goal = targets(record)

    boxes = place(sized_order(goal), record.columns)

    assert goal.span == 1
    assert (boxes[:, 0] + boxes[:, 2]).max() == 12
    assert matched_iou(record.kinds, boxes, record.boxes) == pytest.approx(1)


@given(st.permutations(range(len(ROWS["items"]))))
def test_shuffling_items_changes_no_slot(order):
    plain = to_record(ROWS)
    shuffled = to_record({**ROWS, "items": [ROWS["items"][i] for i in order]})

    assert shuffled.kinds == plain.kinds
    assert np.array_equal(shuffled.boxes, plain.boxes)
    assert [order[i] for i in shuffled.index] == list(plain.index)


def test_the_usual_height_covers_most_area_and_headers_do_not_count():
    boxes = np.array([[0, 0, 12, 1], [0, 1, 4, 3], [4, 1, 4, 3], [8, 1, 4, 5]], dtype=float)

    assert usual_height(["row", "a", "a", "a"], boxes) == 3
    assert usual_height(["row"] * 4, boxes) == 3
    assert UNIT in HEIGHTS


def test_a_container_counts_as_its_header():
    nested = {"columns": 12, "items": [item("group", 0, 0, 12, 9), item("a", 0, 1, 12, 8)]}
    record = to_record(nested)
    goal = targets(record)

    heights = dict(zip(record.kinds, HEIGHTS[goal.height], strict=True))

    assert heights["a"] == UNIT
    assert heights["group"] == pytest.approx(UNIT / 8, abs=0.6)
    assert list(goal.rank[[record.kinds.index("group"), record.kinds.index("a")]]) == [0, 1]


def test_features_have_the_declared_widths_and_the_decoder_sees_kinds_and_columns_only():
    record = to_record(ROWS)

    assert slot_features(record.kinds, 12).shape == (6, SLOT)
    assert place_features(record, targets(record)).shape == (6, PLACE)
    moved = to_record({**ROWS, "items": [{**i, "x": 0, "w": 1} for i in ROWS["items"]]})
    assert np.array_equal(slot_features(moved.kinds, 12), slot_features(record.kinds, 12))


said_of_a_slot = st.tuples(st.integers(0, 30), st.integers(1, 24), st.integers(0, 22))


@given(
    st.lists(said_of_a_slot, min_size=1, max_size=25),
    st.sampled_from([1, 2, 12, 24, 48, 192]),
    st.integers(0, 1),
)
def test_whatever_the_decoder_says_nothing_overlaps_or_leaves_the_grid(said, columns, span):
    score, width, height = (np.array(part) for part in zip(*said, strict=True))

    boxes = place(SizedOrder(score.astype(float), width - 1, height, span), columns)

    assert not any_overlap(boxes)
    assert boxes.min() >= 0 and (boxes[:, 2:] >= 1).all()
    assert (boxes[:, 0] + boxes[:, 2]).max() <= columns


def test_gaps_close_upwards():
    boxes = np.array([[0, 3, 2, 1], [0, 5, 1, 2], [1, 9, 1, 1]], dtype=float)

    assert close_gaps(boxes).tolist() == [[0, 0, 2, 1], [0, 1, 1, 2], [1, 1, 1, 1]]


@given(st.integers(0, 200))
def test_variants_are_layouts_too(seed):
    made = variant(to_record(ROWS), ("chart", "pie"), np.random.default_rng(seed))

    assert 3 <= len(made.kinds) <= 6
    assert not any_overlap(made.boxes)
    assert (made.boxes[:, 0] + made.boxes[:, 2]).max() <= made.columns
