#!/usr/bin/env bash
# Guess: where a group has nobody with a positive label, its true positive rate is undefined: NaN, which
#   a MetricFrame leaves out of a difference, or at least a warning, as scikit-learn's recall gives.
# Really: it is 0, and nothing is said. Both of its true positive and its false negative rate are 0, though
#   they add up to 1 in each other group. equal_opportunity_difference and equalized_odds_difference
#   then report the other groups' whole rate as the gap, and the ratio is 0: an audit by small groups,
#   or by crossings of two attributes, finds its worst gap where there is nothing to compare.
# Versions: fairlearn 0.15.0, numpy 2.4.6, pandas 3.1.1, scikit-learn 1.9.1, Python 3.11.
# Source: fairlearn/metrics/_base_metrics.py (a confusion matrix normalised by rows),
#   https://fairlearn.org/main/api_reference/generated/fairlearn.metrics.true_positive_rate.html,
#   https://scikit-learn.org/stable/modules/generated/sklearn.metrics.recall_score.html (zero_division)
# Seen: gap of groups a and b 0.1; with c, in which nobody needed it, 0.9 and ratio 0.0; by recall
#   with zero_division=nan 0.1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3.11 -m venv env
env/bin/pip install -q fairlearn==0.15.0 numpy==2.4.6 pandas==3.1.1 scikit-learn==1.9.1
cat >try.py <<'PY'
import numpy as np
from fairlearn.metrics import (
    MetricFrame,
    equal_opportunity_difference,
    equal_opportunity_ratio,
    false_negative_rate,
    true_positive_rate,
)
from sklearn.metrics import recall_score

# 100 people a group: who needed the block (in c nobody), and who was shown it.
group = np.repeat(["a", "b", "c"], 100)
needed = np.concatenate([np.arange(100) < 50, np.arange(100) < 50, np.zeros(100, bool)])
shown = np.concatenate([np.arange(100) < 45, np.arange(100) < 40, np.arange(100) < 30])


def recall(labels, predictions):
    return recall_score(labels, predictions, zero_division=np.nan)


def framed(metric):
    return MetricFrame(metrics=metric, y_true=needed, y_pred=shown, sensitive_features=group)


two = group != "c"
gap = equal_opportunity_difference(needed[two], shown[two], sensitive_features=group[two])
print(f"a and b: {gap:.1f}")
gap = equal_opportunity_difference(needed, shown, sensitive_features=group)
ratio = equal_opportunity_ratio(needed, shown, sensitive_features=group)
print(f"a, b and c: {gap:.1f}, ratio {ratio:.1f}")
for metric in (true_positive_rate, false_negative_rate, recall):
    frame = framed(metric)
    rates = ", ".join(f"{name} {rate:.1f}" for name, rate in frame.by_group.items())
    print(f"{metric.__name__}: {rates}; difference {frame.difference():.1f}")
PY
env/bin/python -W error try.py | tee seen
diff seen - <<'SEEN'
a and b: 0.1
a, b and c: 0.9, ratio 0.0
true_positive_rate: a 0.9, b 0.8, c 0.0; difference 0.9
false_negative_rate: a 0.1, b 0.2, c 0.0; difference 0.2
recall: a 0.9, b 0.8, c nan; difference 0.1
SEEN
