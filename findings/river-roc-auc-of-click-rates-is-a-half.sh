#!/usr/bin/env bash
# Guess: metrics.ROCAUC is near the exact area where probabilities are calibrated, and ranks two models
#   as the exact area does, as its documentation says.
# Really: it looks at ten thresholds, 0, 1/9, 2/9 … 1. Chances of a click or of a block's use are seldom
#   above 1/9, so nearly all fall between the first two: the true chances themselves score as a coin
#   does. A model that knows less but says eight times too much scores higher, and would be kept. With
#   n_thresholds=1000 both are right to 0.01.
# Versions: river 0.26.1, numpy 2.4.6, scikit-learn 1.9.1 (for the exact area), Python 3.11.
# Source: river/metrics/roc_auc.py, https://riverml.xyz/latest/api/metrics/ROCAUC/,
#   https://github.com/online-ml/river/issues/84
# Seen: the true chances 0.50 (exact 0.68), the worse and inflated model 0.60 (exact 0.60).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3.11 -m venv env
env/bin/pip install -q river==0.26.1 numpy==2.4.6 scikit-learn==1.9.1
cat >try.py <<'PY'
import numpy as np
from river.metrics import ROCAUC
from sklearn.metrics import roc_auc_score

rng = np.random.default_rng(0)
chances = rng.beta(2, 60, 20_000)  # 3 % in the mean
clicked = rng.random(len(chances)) < chances
inflated = np.clip(8 * chances * rng.lognormal(0, 1, len(chances)), 0, 1)


def area(scores: np.ndarray, **options: int) -> float:
    metric = ROCAUC(**options)
    for click, score in zip(clicked.tolist(), scores.tolist()):
        metric.update(click, score)
    return metric.get()


for name, scores in (("the true chances", chances), ("worse and inflated", inflated)):
    fine, exact = area(scores, n_thresholds=1000), roc_auc_score(clicked, scores)
    print(f"{name}: {area(scores):.2f}, with 1000 thresholds {fine:.2f}, exact {exact:.2f}")
PY
env/bin/python try.py | tee seen
diff seen - <<'SEEN'
the true chances: 0.50, with 1000 thresholds 0.68, exact 0.68
worse and inflated: 0.60, with 1000 thresholds 0.60, exact 0.60
SEEN
