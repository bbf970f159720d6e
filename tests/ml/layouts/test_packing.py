"""Many layouts packed at once stand where the engine packs each of them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ml.layouts.packing import place_many
from uiengine.model.layout_codec import LayoutLogits, place
from uiengine.model.layout_slots import HEIGHTS, SPANS, WIDTHS


def any_logits(seed, count, slots):
    """Draws logits whose likely widths are common ones, so that blocks meet in rows."""
    random = np.random.default_rng(seed)
    width = random.normal(size=(count, slots, WIDTHS))
    width[..., [3, 5, 7, 11, 23]] += 2
    return LayoutLogits(
        random.integers(0, 9, size=(count, slots)).astype(np.float32),  # some are equal
        width,
        random.normal(size=(count, slots, len(HEIGHTS))),
        random.normal(size=(count, len(SPANS))),
    )


@given(st.integers(0, 999), st.integers(1, 6), st.integers(1, 30), st.sampled_from([1, 7, 12, 72]))
def test_boxes_are_those_of_the_engine(seed, count, slots, columns):
    said = any_logits(seed, count, slots)

    boxes = place_many(said, columns)

    for row in range(count):
        assert np.array_equal(boxes[row], place(said.sized_order(row), columns))
