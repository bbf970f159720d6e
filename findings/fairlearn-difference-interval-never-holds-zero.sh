#!/usr/bin/env bash
# Guess: where two groups do not differ, the bootstrapped 95 % interval that fairlearn gives for their
#   difference (MetricFrame(..., n_boot=, ci_quantiles=).difference_ci()) holds 0 nearly always, so one
#   that leaves 0 out is evidence of a difference.
# Really: it never holds 0. difference() is the largest value minus the least, of each resample anew,
#   and so above 0 in all of them; its quantiles say how large a gap chance alone makes. Read as a test,
#   every audit of alike groups finds a gap. A signed difference of two named groups does hold 0.
# Versions: fairlearn 0.15.0, numpy 2.4.6, pandas 3.1.1, scikit-learn 1.9.1, Python 3.11.
# Source: fairlearn/metrics/_metric_frame.py (difference_ci), fairlearn/metrics/_bootstrap.py,
#   https://fairlearn.org/main/user_guide/assessment/confidence_interval_estimation.html
# Seen: 0 of 20 intervals of difference_ci() hold 0; of a signed difference, 18.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3.11 -m venv env
env/bin/pip install -q fairlearn==0.15.0 numpy==2.4.6 pandas==3.1.1 scikit-learn==1.9.1
cat >try.py <<'PY'
import numpy as np
from fairlearn.metrics import MetricFrame, selection_rate

held = signed_held = 0
for seed in range(20):  # two groups of some 1,000 people, half of each selected by a coin
    rng = np.random.default_rng(seed)
    selected, group = rng.random(2000) < 0.5, rng.integers(0, 2, 2000)
    frame = MetricFrame(
        metrics=selection_rate,
        y_true=selected,
        y_pred=selected,
        sensitive_features=group,
        n_boot=100,
        ci_quantiles=[0.025, 0.975],
        random_state=seed,
    )
    low, high = frame.difference_ci()
    held += low <= 0 <= high

    def gap(rows):
        return selected[rows][group[rows] == 1].mean() - selected[rows][group[rows] == 0].mean()

    gaps = [gap(rng.integers(0, 2000, 2000)) for _ in range(100)]
    low, high = np.quantile(gaps, [0.025, 0.975])
    signed_held += low <= 0 <= high
print(f"intervals that hold 0: difference_ci {held} of 20, signed difference {signed_held} of 20")
PY
env/bin/python -W ignore try.py | tee seen
grep -q "difference_ci 0 of 20, signed difference 18 of 20$" seen
