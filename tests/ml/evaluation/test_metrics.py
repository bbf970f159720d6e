"""Sums of metrics over a person's visits."""

from ml.evaluation.metrics import METRICS, user_sums
from ml.evaluation.pricing import visit_values
from tests.ml.evaluation.test_pricing import visit


def test_sums_count_fallbacks_exploration_tokens_and_only_coded_visits():
    visits = [
        visit(0, "abc", "a", explored=True, tokens=1),
        visit(1, "abc", "a", status="fallback", distortion=None, tokens=0),
    ]

    sums = user_sums(visit_values(visits), METRICS).iloc[0]

    counted = sums[["visits", "explored", "fallback", "tokens", "distortion", "coded_visits"]]
    assert list(counted) == [2, 1, 1, 1, 0.5, 1]
    assert sums["target_px"] == 2 * 120
