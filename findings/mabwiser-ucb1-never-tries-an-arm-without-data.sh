#!/usr/bin/env bash
# Guess: UCB1 tries each arm before it prefers one, as an arm of which nothing is known has no upper
#   bound (Auer 2002 plays each arm once first); a block that is added later with add_arm is tried too.
# Really: an arm without data has the expectation 0, not infinity, and 0 it stays while others are
#   chosen. Where rewards are positive it is never chosen: fitted on one arm, MABWiser takes that one for
#   ever. Each arm must be in the data that fit or partial_fit gets. LinUCB of the same library does try
#   an arm without data.
# Versions: mabwiser 2.7.4, numpy 2.4.6, pandas 3.1.1, scikit-learn 1.9.1, Python 3.11.
# Source: mabwiser/ucb.py (_fit_arm leaves an arm's expectation at 0 where its count is 0),
#   https://github.com/fidelity/mabwiser/issues/10 (meant to be so), Auer, Cesa-Bianchi and Fischer 2002,
#   figure 1
# Seen: of 2,000 choices the best arm, which pays 0.9 instead of 0.3 and 0.2, gets 0 where it is not in
#   the first data, 0 where it is added, 1,944 where it is in them once; by LinUCB all.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3.11 -m venv env
env/bin/pip install -q mabwiser==2.7.4 numpy==2.4.6 pandas==3.1.1 scikit-learn==1.9.1
cat >try.py <<'PY'
from mabwiser.mab import MAB, LearningPolicy

PAYS = {"news": 0.3, "mail": 0.2, "tasks": 0.9}


def chosen(bandit: MAB, context: list | None = None) -> int:
    """How often of 2,000 times the best arm is chosen; the bandit learns from each choice."""
    best = 0
    for _ in range(2000):
        arm = bandit.predict(context)
        best += arm == "tasks"
        bandit.partial_fit([arm], [PAYS[arm]], context)
    return best


def fitted(arms: list[str], known: list[str]) -> MAB:
    bandit = MAB(arms, LearningPolicy.UCB1(alpha=1), seed=1)
    bandit.fit(known, [PAYS[arm] for arm in known])
    return bandit


every = list(PAYS)
print("one arm known:", chosen(fitted(every, ["news"])))
print("two arms known:", chosen(fitted(every, ["news", "mail"])))
late = fitted(["news", "mail"], ["news", "mail"])
late.add_arm("tasks")
print("added later:", chosen(late))
print("all known:", chosen(fitted(every, every)))
linear = MAB(every, LearningPolicy.LinUCB(alpha=1), seed=1)
linear.fit(["news", "mail"], [0.3, 0.2], [[1], [1]])
print("LinUCB, two arms known:", chosen(linear, [[1]]))
PY
env/bin/python try.py | tee seen
diff seen - <<'SEEN'
one arm known: 0
two arms known: 0
added later: 0
all known: 1944
LinUCB, two arms known: 2000
SEEN
