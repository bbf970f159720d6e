"""Tells whether boxes of a layout overlap."""

import numpy as np

from ml.layouts.iou import pairwise_iou


def any_overlap(boxes):
    """Whether two boxes of a layout share more than an edge."""
    pairs = pairwise_iou(boxes, boxes)
    np.fill_diagonal(pairs, 0.0)
    return bool((pairs > 0).any())
