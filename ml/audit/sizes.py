"""New sizes by slice: whose blocks get one, and whether what is larger is what they use."""

from __future__ import annotations

from ml.evaluation.metrics import Metric

RESIZED = (
    Metric(
        "resized_share",
        "Visits with a new size",
        "share of visits",
        "resized",
        "visits",
        None,
        "visits in which a block has another size than in the visit before",
    ),
    Metric(
        "larger_used",
        "Larger what was used",
        "share of visits with a larger block",
        "larger_right",
        "larger",
        None,
        "of the visits that show a block larger than by default, those in which one was used",
    ),
)
"""Of surfaces whose sizes change (`uiengine.search.resizing`). They gate nothing."""
